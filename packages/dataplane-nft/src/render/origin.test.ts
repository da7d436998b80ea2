import { expect, it } from 'vitest'
import { formatOrigin, type Origin, parseOrigin, shortId } from './origin.ts'

const long = `np/${'n'.repeat(63)}/${'p'.repeat(253)}`

it.each<Origin>([
  { kind: 'rule', policy: 'np/prod/web', direction: 'ingress', index: 3 },
  { kind: 'rule', policy: 'pro/kns.prod', direction: 'egress', index: 0 },
  { kind: 'tier-end', tier: 'default', direction: 'egress' },
  { kind: 'no-match', direction: 'ingress' },
])('is read as it was written: %o', (origin) => {
  expect(parseOrigin(formatOrigin(origin))).toEqual(origin)
})

it('fits a comment however long the id, and still tells ids apart', () => {
  const text = formatOrigin({ kind: 'rule', policy: long, direction: 'ingress', index: 1023 })
  expect(text.length).toBeLessThan(128)
  expect(parseOrigin(text)).toEqual({ kind: 'rule', policy: shortId(long), direction: 'ingress', index: 1023 })
  expect(shortId(long)).not.toBe(shortId(`${long}x`))
})

it('says nothing of rules that come from no policy', () => {
  expect(parseOrigin('unknown interface')).toBeUndefined()
})
