import { containsPrefix, formatPrefix, type Prefix, parsePrefix, prefixOf } from '@tortie/ip'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemberCounts } from './member-counts.ts'

/** Few addresses, so that prefixes nest, touch and repeat. */
const anyMember = fc
  .record({ family: fc.constantFrom<4 | 6>(4, 6), host: fc.nat(15), up: fc.nat(5) })
  .map(({ family, host, up }) => {
    const base = family === 4 ? 0x0a_00_00_00n : 0xfd00n << 112n
    return formatPrefix(prefixOf({ family, value: base + BigInt(host) }, (family === 4 ? 32 : 128) - up))
  })

const anySteps = fc.array(fc.record({ add: fc.boolean(), member: anyMember }), { maxLength: 80 })

function outermost(members: Iterable<string>): Set<string> {
  const all = [...new Set(members)].map((text): [string, Prefix] => [text, parsePrefix(text)])
  const isOutermost = ([text, prefix]: [string, Prefix]): boolean =>
    !all.some(([other, outer]) => other !== text && containsPrefix(outer, prefix))
  return new Set(all.filter(isOutermost).map(([text]) => text))
}

it('shows what is there and not covered, and tells every difference once', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const told = new Set<string>()
      const counts = new MemberCounts(
        {
          shown(member) {
            expect(told.has(member), `${member} shown twice`).toBe(false)
            told.add(member)
          },
          hidden(member) {
            expect(told.delete(member), `${member} hidden twice`).toBe(true)
          },
        },
        true,
      )
      const there: string[] = []
      for (const { add, member } of steps) {
        const at = there.indexOf(member)
        if (add) {
          there.push(member)
          counts.add(member)
        } else if (at >= 0) {
          there.splice(at, 1)
          counts.remove(member)
        }
        expect(told).toEqual(outermost(there))
        expect(counts.visible()).toEqual(told)
      }
    }),
    { numRuns: 500 },
  )
})

it('withholds nothing from sets of other things than CIDRs', () => {
  const told: string[] = []
  const counts = new MemberCounts({ shown: (m) => told.push(`+${m}`), hidden: (m) => told.push(`-${m}`) }, false)
  for (const member of ['10.0.0.1,tcp:80', '10.0.0.1,tcp:80', '10.0.0.1,udp:80']) counts.add(member)
  counts.remove('10.0.0.1,tcp:80')
  expect(told).toEqual(['+10.0.0.1,tcp:80', '+10.0.0.1,udp:80'])
  counts.remove('10.0.0.1,tcp:80')
  counts.remove('10.0.0.1,tcp:80')
  expect(told.slice(2)).toEqual(['-10.0.0.1,tcp:80'])
})
