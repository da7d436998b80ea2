import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress, parseAddress } from './address.ts'
import {
  addressAt,
  canonicalPrefix,
  comparePrefixes,
  containsAddress,
  containsPrefix,
  firstAddress,
  formatPrefix,
  hostPrefix,
  isPrefix,
  lastAddress,
  netmask,
  ordinalOf,
  overlaps,
  parseCidr,
  parsePrefix,
  prefixOf,
  prefixSize,
  subnets,
} from './prefix.ts'
import { anyAddress, anyPrefix, crowdedPrefix } from './testing/arbitraries.ts'

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.1', '10.0.0.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['fd00::1', 'fd00::1/128'],
    ['FD00:0::/64', 'fd00::/64'],
  ])('%s', (text, canonical) => {
    expect(formatPrefix(parsePrefix(text))).toBe(canonical)
    expect(canonicalPrefix(text)).toBe(canonical)
    expect(isPrefix(text)).toBe(true)
  })

  it.each([
    ['10.0.0.1/8', 'host bits are set; write 10.0.0.0/8'],
    ['10.0.0.0/33', 'the length must be 0 to 32'],
    ['10.0.0.0/', 'the length must be 0 to 32'],
    ['10.0.0.0/08', 'the length must be 0 to 32'],
    ['10.0.0.0/-1', 'the length must be 0 to 32'],
    ['10.0.0.0/1/2', 'the length must be 0 to 32'],
    ['fd00::/129', 'the length must be 0 to 128'],
    ['10.0.0/8', 'it needs four numbers between dots'],
    ['/8', 'it needs four numbers between dots'],
  ])('refuses %j: %s', (text, why) => {
    expect(() => parsePrefix(text)).toThrowError(`${JSON.stringify(text)} is not an IP prefix: ${why}`)
    expect(isPrefix(text)).toBe(false)
  })

  it('round-trips', () => {
    fc.assert(
      fc.property(anyPrefix(), (prefix) => {
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix)
      }),
    )
  })
})

it('parseCidr keeps host bits; canonicalPrefix clears them', () => {
  fc.assert(
    fc.property(anyAddress(), fc.nat(128), (address, some) => {
      const length = address.family === 4 ? some % 33 : some
      const text = `${formatAddress(address)}/${length}`
      expect(parseCidr(text)).toEqual({ address, length })
      const network = parsePrefix(canonicalPrefix(text))
      expect(network).toEqual(prefixOf(address, length))
      expect(containsAddress(network, address)).toBe(true)
    }),
  )
})

it('a prefix holds exactly the addresses from its first to its last', () => {
  fc.assert(
    fc.property(anyPrefix(), anyAddress(), (prefix, other) => {
      const [first, last] = [firstAddress(prefix), lastAddress(prefix)]
      expect(last.value - first.value + 1n).toBe(prefixSize(prefix))
      const inside = other.family === prefix.family && other.value >= first.value && other.value <= last.value
      expect(containsAddress(prefix, other)).toBe(inside)
      expect(containsPrefix(prefix, hostPrefix(other))).toBe(inside)
      expect(containsAddress(prefix, first) && containsAddress(prefix, last)).toBe(true)
      expect((first.value & netmask(prefix).value) === first.value).toBe(true)
      expect(netmask(prefix).value + prefixSize(prefix)).toBe(1n << (prefix.family === 4 ? 32n : 128n))
    }),
  )
})

it('prefixes nest or are apart', () => {
  fc.assert(
    fc.property(crowdedPrefix(), crowdedPrefix(), (a, b) => {
      const shared = a.family === b.family && a.value <= lastAddress(b).value && b.value <= lastAddress(a).value
      expect(overlaps(a, b)).toBe(shared)
      if (shared) expect(containsPrefix(a, b) || containsPrefix(b, a)).toBe(true)
      expect(Math.sign(comparePrefixes(a, b))).toBe(-Math.sign(comparePrefixes(b, a)) + 0)
    }),
  )
})

it('ordinals count from the first address', () => {
  const block = parsePrefix('10.65.0.64/26')
  expect(addressAt(block, 5)).toEqual(parseAddress('10.65.0.69'))
  expect(ordinalOf(block, parseAddress('10.65.0.127'))).toBe(63n)
  expect(() => addressAt(block, 64)).toThrowError('10.65.0.64/26 has no address 64')
  expect(() => ordinalOf(block, parseAddress('10.65.0.128'))).toThrowError('10.65.0.128 is not in 10.65.0.64/26')
  fc.assert(
    fc.property(crowdedPrefix(), fc.nat(), (prefix, some) => {
      const ordinal = BigInt(some) % prefixSize(prefix)
      expect(ordinalOf(prefix, addressAt(prefix, ordinal))).toBe(ordinal)
    }),
  )
})

it('subnets tile a prefix', () => {
  expect([...subnets(parsePrefix('10.0.0.0/24'), 26)].map(formatPrefix)).toEqual([
    '10.0.0.0/26',
    '10.0.0.64/26',
    '10.0.0.128/26',
    '10.0.0.192/26',
  ])
  expect([...subnets(parsePrefix('fd00::/126'), 126)].map(formatPrefix)).toEqual(['fd00::/126'])
  expect([...subnets(parsePrefix('255.255.255.254/31'), 32)].length).toBe(2)
  expect(() => [...subnets(parsePrefix('10.0.0.0/24'), 23)]).toThrowError('10.0.0.0/24 has no subnets of length 23')
})

it('refuses lengths that do not fit', () => {
  for (const length of [-1, 33, 1.5]) expect(() => prefixOf(parseAddress('1.2.3.4'), length)).toThrowError(RangeError)
})
