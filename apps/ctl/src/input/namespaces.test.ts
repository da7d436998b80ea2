import { describe, expect, it } from 'vitest'
import { namespaceFor } from './namespaces.ts'

const of = (kind: 'NetworkPolicy' | 'IPPool', namespace: string | undefined, flag: string): string | undefined =>
  namespaceFor({ kind, namespace }, flag)

describe('namespaceFor', () => {
  it('takes the flag, the file, or default', () => {
    expect(of('NetworkPolicy', undefined, 'shop')).toBe('shop')
    expect(of('NetworkPolicy', 'shop', '')).toBe('shop')
    expect(of('NetworkPolicy', undefined, '')).toBe('default')
    expect(of('IPPool', undefined, '')).toBeUndefined()
  })
  it.each([
    ['NetworkPolicy', 'a', 'b', 'resource namespace does not match client namespace. a != b'],
    ['IPPool', undefined, 'b', 'IPPool is not namespaced'],
    [
      'IPPool',
      'a',
      '',
      'namespace should not be specified for a non-namespaced resource. IPPool is not a namespaced resource',
    ],
  ] as const)('refuses %s in %s with -n %s', (kind, namespace, flag, message) => {
    expect(() => of(kind, namespace, flag)).toThrow(message)
  })
})
