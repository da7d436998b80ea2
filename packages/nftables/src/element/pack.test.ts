import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keySize, packAddresses, packPrefixes, packRanges, range } from '../index.ts'

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const text = {
  ipv4_addr: (bytes: Uint8Array) => bytes.join('.'),
  ipv6_addr: (bytes: Uint8Array) =>
    Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16)).join(':'),
}

describe.each(['ipv4_addr', 'ipv6_addr'] as const)('%s', (type) => {
  const size = keySize([type])

  it('addresses are packed one after the other', () => {
    fc.assert(
      fc.property(fc.array(octets(size)), (addresses) => {
        const { count, keys } = packAddresses(type, addresses.map(text[type]))
        expect({ count, keys: [...keys] }).toEqual({
          count: addresses.length,
          keys: addresses.flatMap((address) => [...address]),
        })
      }),
    )
  })

  it('prefixes run from their first to their last address', () => {
    fc.assert(
      fc.property(octets(size), fc.integer({ min: 0, max: size * 8 }), (bytes, length) => {
        const bit = (i: number): number => (i < length ? 1 : 0)
        const masked = (fill: 0 | 1) =>
          bytes.map((byte, i) => {
            let value = 0
            for (let b = 0; b < 8; b++) value = (value << 1) | (bit(8 * i + b) ? (byte >> (7 - b)) & 1 : fill)
            return value
          })
        const packed = packPrefixes(type, [`${text[type](masked(0))}/${length}`])
        expect(packed).toEqual({ count: 1, keys: masked(0), ends: masked(1) })
      }),
    )
  })

  it('an address is a prefix of its whole length', () => {
    const [address] = type === 'ipv4_addr' ? ['10.0.0.1'] : ['fd00::1']
    const { keys, ends } = packPrefixes(type, [address])
    expect(keys).toEqual(ends)
  })
})

it.each([
  ['ipv4_addr', '10.0.0.1/8', /host bits/],
  ['ipv4_addr', 'fd00::/8', /no prefix of this family/],
  ['ipv4_addr', '10.0.0.0/33', /no prefix/],
  ['ipv6_addr', '10.0.0.0/8', /no prefix/],
  ['ipv6_addr', 'fd00::/x', /no prefix/],
] as const)('a prefix of %s is not %s', (type, prefix, why) => {
  expect(() => packPrefixes(type, [prefix])).toThrow(why)
})

it('an address of the other family is refused', () => {
  expect(() => packAddresses('ipv4_addr', ['fd00::1'])).toThrow('other family')
  expect(() => packAddresses('ipv6_addr', ['10.0.0.1'])).toThrow('other family')
})

describe('a range', () => {
  const port = (value: number) => Uint8Array.of(value >> 8, value & 255)
  it('of one field is a start and the key after its end', () => {
    expect(range(['inet_service'], [80], [255])).toEqual([{ key: port(80) }, { key: port(256), intervalEnd: true }])
  })
  it('up to the last key has no end', () => {
    expect(range(['inet_service'], [80], [65535])).toEqual([
      { key: port(80), userData: Uint8Array.of(1, 4, 1, 0, 0, 0) },
    ])
  })
  it('of several fields is one element', () => {
    const key = Uint8Array.of(10, 0, 0, 0, 0, 80, 0, 0)
    const keyEnd = Uint8Array.of(10, 0, 0, 9, 0, 90, 0, 0)
    const type = ['ipv4_addr', 'inet_service'] as const
    expect(range(type, ['10.0.0.0', 80], ['10.0.0.9', 90])).toEqual([{ key, keyEnd }])
    expect(
      packRanges(type, [
        [
          ['10.0.0.0', 80],
          ['10.0.0.9', 90],
        ],
      ]),
    ).toEqual({ count: 1, keys: key, ends: keyEnd })
  })
})
