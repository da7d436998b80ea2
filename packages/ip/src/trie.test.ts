import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'
import { comparePrefixes, containsPrefix, formatPrefix, hostPrefix, type Prefix, parsePrefix } from './prefix.ts'
import { anyPrefix, crowdedPrefix } from './testing/arbitraries.ts'
import { createPrefixTrie, type PrefixTrie } from './trie.ts'

function trieOf(...texts: string[]): PrefixTrie<string> {
  const trie = createPrefixTrie<string>()
  for (const text of texts) trie.set(parsePrefix(text), text)
  return trie
}

describe('a prefix trie', () => {
  const trie = trieOf('10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', 'fd00::/8', 'fd00:1::/32', '0.0.0.0/0')

  it('finds the most specific entry', () => {
    expect(trie.match(parseAddress('10.1.2.3'))?.value).toBe('10.1.2.3/32')
    expect(trie.match(parseAddress('10.1.2.4'))?.value).toBe('10.1.2.0/24')
    expect(trie.match(parsePrefix('10.1.0.0/20'))?.value).toBe('10.1.0.0/16')
    expect(trie.match(parseAddress('11.0.0.1'))?.value).toBe('0.0.0.0/0')
    expect(trie.match(parseAddress('fe80::1'))).toBeUndefined()
    expect(trie.match(parseAddress('fd00:1:2::'))?.value).toBe('fd00:1::/32')
  })

  it('lists what holds a prefix, and what it holds', () => {
    expect(trie.covering(parsePrefix('10.1.2.0/24')).map(({ value }) => value)).toEqual([
      '0.0.0.0/0',
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.0/24',
    ])
    expect([...trie.within(parsePrefix('10.1.0.0/16'))].map(({ value }) => value)).toEqual([
      '10.1.0.0/16',
      '10.1.2.0/24',
      '10.1.2.3/32',
    ])
    expect([...trie.within(parsePrefix('10.2.0.0/16'))]).toEqual([])
  })

  it('keeps undefined values and tells them from absence', () => {
    const other = createPrefixTrie<undefined>()
    other.set(parsePrefix('10.0.0.0/8'), undefined)
    expect(other.has(parsePrefix('10.0.0.0/8'))).toBe(true)
    expect(other.has(parsePrefix('10.0.0.0/9'))).toBe(false)
    expect(other.match(parseAddress('10.0.0.1'))).toEqual({ prefix: parsePrefix('10.0.0.0/8'), value: undefined })
  })

  it('refuses a length that does not fit', () => {
    expect(() => trie.get({ family: 4, value: 0n, length: 64 })).toThrowError(RangeError)
  })
})

it('behaves as a plain map under any operations', () => {
  const step = fc.tuple(fc.constantFrom('set', 'set', 'delete'), fc.oneof(crowdedPrefix(), anyPrefix()))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), crowdedPrefix(), (steps, probe) => {
      const trie = createPrefixTrie<number>()
      const model = new Map<string, { readonly prefix: Prefix; readonly value: number }>()
      for (const [i, [op, prefix]] of steps.entries()) {
        const key = formatPrefix(prefix)
        if (op === 'set') {
          trie.set(prefix, i)
          model.set(key, { prefix, value: i })
        } else expect(trie.delete(prefix)).toBe(model.delete(key))
        expect(trie.size).toBe(model.size)
        expect(trie.get(prefix)).toBe(model.get(key)?.value)
      }
      const all = [...model.values()].sort((a, b) => comparePrefixes(a.prefix, b.prefix))
      const holding = all.filter(({ prefix }) => containsPrefix(prefix, probe))
      expect([...trie.entries()]).toEqual(all)
      expect(trie.covering(probe)).toEqual(holding)
      expect(trie.match(probe)).toEqual(holding.at(-1))
      expect([...trie.within(probe)]).toEqual(all.filter(({ prefix }) => containsPrefix(probe, prefix)))
      trie.clear()
      expect([trie.size, [...trie.entries()].length, trie.match(hostPrefix(probe))]).toEqual([0, 0, undefined])
    }),
    { numRuns: 500 },
  )
})
