import { formatPrefix, prefixOf } from '@tortie/ip'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePolicy } from './policy.ts'
import { RouteTable } from './route-table.ts'

const anyPrefix = fc
  .oneof(
    // Close together, so that they meet in the hash.
    fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, 63n), length: fc.integer({ min: 24, max: 32 }) }),
    fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, 2n ** 32n - 1n), length: fc.nat(32) }),
    fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, 2n ** 128n - 1n), length: fc.nat(128) }),
  )
  .map(({ family, value, length }) => prefixOf({ family, value }, length))

describe('the table of routes', () => {
  it('is a map from prefix to row through any additions and removals', () => {
    const anyStep = fc.record({ prefix: anyPrefix.map(formatPrefix), add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 3000, size: 'max' }), (steps) => {
        const table = new RouteTable()
        const model = new Map<string, number>()
        for (const { prefix, add } of steps) {
          if (add) {
            const row = table.add(prefix)
            table.wantedShape[row] = 1
            expect(row).toBe(model.get(prefix) ?? row)
            model.set(prefix, row)
          } else if (model.has(prefix)) {
            const row = table.find(prefix)
            table.wantedShape[row] = 0
            table.setState(row, 'waiting')
            table.release(row)
            model.delete(prefix)
          }
        }
        expect(new Set(model.values()).size).toBe(model.size)
        for (const [prefix, row] of model) {
          expect(table.find(prefix)).toBe(row)
          expect(table.prefixOf(row)).toBe(prefix)
        }
        for (const { prefix } of steps) if (!model.has(prefix)) expect(table.find(prefix)).toBe(-1)
        expect([table.size, table.troubled]).toEqual([model.size, 0])
      }),
      { numRuns: 30 },
    )
  })

  it('grows past a million rows', () => {
    const table = new RouteTable()
    for (let i = 0; i < 1_100_000; i++) table.add(`${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`)
    expect(table.size).toBe(1_100_000)
    expect(table.prefixOf(table.find('20.1.2.0/24'))).toBe('20.1.2.0/24')
  })
})

it('a policy holds what lies inside its prefixes, and nothing else', () => {
  fc.assert(
    fc.property(anyPrefix, anyPrefix, fc.nat(128), ({ family, value }, other, cut) => {
      const inner = prefixOf({ family, value }, family === 4 ? 32 : 128)
      const outer = prefixOf({ family, value }, Math.min(cut, family === 4 ? 32 : 128))
      const policy = compilePolicy({ rejected: [formatPrefix(outer)], pools: [], wireguardNextHops: [] })
      const table = new RouteTable()
      expect(policy.wayOf(table, table.add(formatPrefix(inner)))).toBe('no')
      expect(policy.wayOf(table, table.add(formatPrefix(outer)))).toBe('no')
      const host = BigInt((family === 4 ? 32 : 128) - outer.length)
      const inside =
        other.family === family && other.length >= outer.length && other.value >> host === outer.value >> host
      expect(policy.wayOf(table, table.add(formatPrefix(other)))).toBe(inside ? 'no' : 'plain')
    }),
    { numRuns: 2000 },
  )
})
