import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressFromBytes,
  addressOf,
  addressToBytes,
  compareAddresses,
  formatAddress,
  isAddress,
  parseAddress,
  readAddress,
  writeAddress,
} from './address.ts'
import { IpError } from './errors.ts'
import { isLinkLocal, isLoopback, isMulticast, isUnspecified } from './scope.ts'
import { anyAddress } from './testing/arbitraries.ts'

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['10.65.0.1', 4, 0x0a410001n],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['fd80:24e2:f998:72d6::1', 6, 0xfd80_24e2_f998_72d6_0000_0000_0000_0001n],
    ['FE80::A', 6, 0xfe80_0000_0000_0000_0000_0000_0000_000an],
    ['1:2:3:4:5:6:7:8', 6, 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ['1:2:3:4:5:6:7::', 6, 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['::2:3:4:5:6:7:8', 6, 0x0002_0003_0004_0005_0006_0007_0008n],
    ['::ffff:10.0.0.1', 6, 0xffff_0a00_0001n],
    ['64:ff9b::192.0.2.33', 6, 0x0064_ff9b_0000_0000_0000_0000_c000_0221n],
    ['1:2:3:4:5:6:1.2.3.4', 6, 0x0001_0002_0003_0004_0005_0006_0102_0304n],
  ] as const)('%s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value })
    expect(isAddress(text)).toBe(true)
  })

  it.each([
    ['', 'it needs four numbers between dots'],
    ['1.2.3', 'it needs four numbers between dots'],
    ['1.2.3.4.5', 'it needs four numbers between dots'],
    ['1..2.3', 'it needs four numbers between dots'],
    ['1.2.3.', 'it needs four numbers between dots'],
    ['1.2.3.256', 'a number is over 255'],
    ['1.2.3.04', 'a number has a leading zero'],
    ['1.2.3.4 ', 'unexpected " "'],
    ['ten', 'unexpected "t"'],
    [':', 'bad group ""'],
    [':::', 'bad group ""'],
    ['1::2::3', '"::" appears twice'],
    ['::1::', '"::" appears twice'],
    ['1:2:3', 'it needs eight groups, or fewer with "::"'],
    ['1:2:3:4:5:6:7:8:9', 'it needs eight groups, or fewer with "::"'],
    ['1:2:3:4:5:6:7:8::', 'it needs eight groups, or fewer with "::"'],
    ['1:2:3:4::5:6:7:8', 'it needs eight groups, or fewer with "::"'],
    ['1:2:3:4:5:6:7:1.2.3.4', 'it needs eight groups, or fewer with "::"'],
    ['1:2:', 'it ends in a single ":"'],
    ['12345::', 'bad group "12345"'],
    ['::g', 'bad group "g"'],
    ['fe80::1%eth0', 'bad group "1%eth0"'],
    ['::1.2.3', 'it needs four numbers between dots'],
    ['1.2.3.4::', 'unexpected ":"'],
  ])('refuses %j: %s', (text, why) => {
    expect(() => parseAddress(text)).toThrowError(`${JSON.stringify(text)} is not an IP address: ${why}`)
    expect(() => writeAddress(text, new Uint8Array(16), 0)).toThrowError(IpError)
    expect(isAddress(text)).toBe(false)
  })

  it('agrees with Node on any text made of address characters', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789af.:'), maxLength: 24 })
    const almost = anyAddress().chain((address) => {
      const whole = formatAddress(address)
      return fc
        .tuple(fc.nat(whole.length), fc.nat(2), fc.constantFrom('', ':', '::', '.', '0', 'f', '1.2.3.4'))
        .map(([at, cut, add]) => whole.slice(0, at) + add + whole.slice(at + cut))
    })
    fc.assert(
      fc.property(fc.oneof(text, almost), (candidate) => {
        expect(isAddress(candidate)).toBe(isIP(candidate) !== 0)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('formatAddress', () => {
  it.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::00Ab', '2001:db8::ab'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['::a00:1', '::a00:1'],
  ])('%s is %s (RFC 5952)', (text, canonical) => expect(formatAddress(parseAddress(text))).toBe(canonical))

  it('is the inverse of parseAddress, and the canonical form is stable', () => {
    fc.assert(
      fc.property(anyAddress(), (address) => {
        const text = formatAddress(address)
        expect(parseAddress(text)).toEqual(address)
        expect(formatAddress(parseAddress(text.toUpperCase()))).toBe(text)
      }),
    )
  })

  it('is the shortest text with "::" for the longest run', () => {
    fc.assert(
      fc.property(anyAddress(6), (address) => {
        const text = formatAddress(address)
        expect(text).not.toMatch(/::.*::|:::|^:[^:]|[^:]:$|(^|:)0[0-9a-f]/)
        if (!text.includes('.')) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`)
      }),
    )
  })
})

describe('bytes', () => {
  it('round-trip by value, by text and in place', () => {
    fc.assert(
      fc.property(anyAddress(), fc.nat(5), (address, offset) => {
        const bytes = addressToBytes(address)
        expect(addressFromBytes(bytes)).toEqual(address)
        const room = new Uint8Array(32).fill(0xaa)
        expect(writeAddress(formatAddress(address), room, offset)).toBe(bytes.length)
        expect(room.subarray(offset, offset + bytes.length)).toEqual(bytes)
        expect(room[offset + bytes.length]).toBe(0xaa)
        expect(readAddress(room.subarray(1), offset - 1 < 0 ? 0 : offset - 1, address.family)).toBe(
          formatAddress(addressFromBytes(room.slice(Math.max(offset, 1), Math.max(offset, 1) + bytes.length))),
        )
      }),
    )
  })

  it('refuses other sizes and places', () => {
    expect(() => addressFromBytes(new Uint8Array(5))).toThrowError('an address has 4 or 16 bytes, not 5')
    expect(() => writeAddress('1.2.3.4', new Uint8Array(4), 1)).toThrowError(RangeError)
    expect(() => addressOf(4, 1n << 32n)).toThrowError(RangeError)
    expect(() => addressOf(6, -1n)).toThrowError(RangeError)
    expect(addressOf(6, 1n << 32n)).toEqual(parseAddress('::1:0:0'))
  })
})

it('orders by family, then value', () => {
  const sorted = ['::2', '10.0.0.1', '::1', '9.255.255.255'].map(parseAddress).sort(compareAddresses)
  expect(sorted.map(formatAddress)).toEqual(['9.255.255.255', '10.0.0.1', '::1', '::2'])
})

it.each([
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['169.254.1.1', 'link-local'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['ff02::1', 'multicast'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['10.0.0.1', undefined],
  ['128.0.0.1', undefined],
  ['fec0::1', undefined],
  ['240.0.0.1', undefined],
])('%s is %s', (text, scope) => {
  const address = parseAddress(text)
  const tests = { loopback: isLoopback, 'link-local': isLinkLocal, multicast: isMulticast, unspecified: isUnspecified }
  const found = Object.entries(tests).filter(([, test]) => test(address))
  expect(found.map(([name]) => name)).toEqual(scope ? [scope] : [])
})
