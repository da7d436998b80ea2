import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { width } from './address.ts'
import { containsPrefix, formatPrefix, type Prefix, parsePrefix, prefixSize } from './prefix.ts'
import { countAddresses, mergePrefixes, rangeToPrefixes, subtractPrefixes } from './range.ts'
import { crowdedPrefix } from './testing/arbitraries.ts'

/** Every address, spelled out: the model that the arithmetic is held against. */
function addresses(prefixes: readonly Prefix[]): Set<string> {
  const all = new Set<string>()
  for (const { family, value, ...prefix } of prefixes)
    for (let i = 0n; i < prefixSize({ family, value, ...prefix }); i++) all.add(`${family}/${value + i}`)
  return all
}

const texts = (prefixes: readonly Prefix[]): string[] => prefixes.map(formatPrefix)

describe('rangeToPrefixes', () => {
  it.each([
    ['10.0.0.0', 0x0a000000n, 0x0a0000ffn, ['10.0.0.0/24']],
    ['one address', 5n, 5n, ['0.0.0.5/32']],
    ['everything', 0n, 0xffffffffn, ['0.0.0.0/0']],
    ['1 to 6', 1n, 6n, ['0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/31', '0.0.0.6/32']],
    ['nothing', 6n, 5n, []],
  ])('%s', (_, first, last, expected) => expect(texts(rangeToPrefixes(4, first, last))).toEqual(expected))

  it('covers the whole of IPv6, and refuses what is outside', () => {
    expect(texts(rangeToPrefixes(6, 0n, (1n << 128n) - 1n))).toEqual(['::/0'])
    expect(() => rangeToPrefixes(4, 0n, 1n << 32n)).toThrowError('IPv4 has no such range')
  })

  it('covers the range exactly, with the fewest', () => {
    fc.assert(
      fc.property(fc.constantFrom(4 as const, 6 as const), fc.nat(300), fc.nat(300), (family, from, more) => {
        const [first, last] = [BigInt(from), BigInt(from + more)]
        const prefixes = rangeToPrefixes(family, first, last)
        expect(prefixes.reduce((sum, prefix) => sum + prefixSize(prefix), 0n)).toBe(last - first + 1n)
        expect(addresses(prefixes).size).toBe(more + 1)
        expect(prefixes[0]?.value).toBe(first)
        expect(mergePrefixes(prefixes)).toEqual(prefixes)
        for (const [i, a] of prefixes.entries()) {
          const b = prefixes[i + 1]
          const joined = b && b.length === a.length && (a.value ^ b.value) === prefixSize(a)
          expect(joined ?? false).toBe(false)
        }
      }),
    )
  })
})

describe('mergePrefixes', () => {
  it('joins neighbours and drops what is covered, per family', () => {
    const merged = mergePrefixes(
      ['10.0.0.64/26', 'fd00::/65', '10.0.0.0/26', '10.0.0.8/32', '10.0.0.128/25', 'fd00:0:0:0:8000::/65'].map(
        parsePrefix,
      ),
    )
    expect(texts(merged)).toEqual(['10.0.0.0/24', 'fd00::/64'])
  })

  it('covers the same addresses, in order, and merging again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(crowdedPrefix(), { maxLength: 8 }), (prefixes) => {
        const merged = mergePrefixes(prefixes)
        expect(addresses(merged)).toEqual(addresses(prefixes))
        expect(mergePrefixes(merged)).toEqual(merged)
        expect(merged.length).toBeLessThanOrEqual(new Set(texts(prefixes)).size)
        for (const family of [4, 6] as const)
          expect(countAddresses(prefixes, family)).toBe(
            BigInt([...addresses(prefixes)].filter((address) => address.startsWith(`${family}/`)).length),
          )
      }),
    )
  })
})

describe('subtractPrefixes', () => {
  it('leaves what the holes do not take', () => {
    const left = subtractPrefixes(parsePrefix('10.0.0.0/24'), ['10.0.0.0/26', '10.0.0.65/32'].map(parsePrefix))
    expect(texts(left)).toEqual([
      '10.0.0.64/32',
      '10.0.0.66/31',
      '10.0.0.68/30',
      '10.0.0.72/29',
      '10.0.0.80/28',
      '10.0.0.96/27',
      '10.0.0.128/25',
    ])
    expect(subtractPrefixes(parsePrefix('10.0.0.0/24'), [parsePrefix('0.0.0.0/0')])).toEqual([])
    expect(texts(subtractPrefixes(parsePrefix('10.0.0.0/24'), [parsePrefix('::/0')]))).toEqual(['10.0.0.0/24'])
    expect(texts(subtractPrefixes(parsePrefix('::/0'), [parsePrefix('8000::/1')]))).toEqual(['::/1'])
  })

  it('is set difference', () => {
    fc.assert(
      fc.property(crowdedPrefix(), fc.array(crowdedPrefix(), { maxLength: 6 }), (from, holes) => {
        const left = subtractPrefixes(from, holes)
        const taken = addresses(holes)
        expect(addresses(left)).toEqual(new Set([...addresses([from])].filter((address) => !taken.has(address))))
        for (const prefix of left) {
          expect(containsPrefix(from, prefix)).toBe(true)
          expect(prefix.length).toBeLessThanOrEqual(width(from.family))
        }
      }),
    )
  })
})
