import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DataType, dataTypes, decodeKey, encodeKey, encodeValue, keySize, packKeys } from './index.ts'
import { typeNumber, typeOfNumber } from './key.ts'

const types = Object.keys(dataTypes) as DataType[]
const anyType = fc.constantFrom(...types)
/** Bytes that a value of the type can have: a name is text up to a zero. */
const bytesOf = (type: DataType): fc.Arbitrary<Uint8Array> => {
  const { size } = dataTypes[type]
  if (type !== 'ifname') return fc.uint8Array({ minLength: size, maxLength: size })
  return fc.stringMatching(/^[a-z0-9.@-]{1,15}$/).map((text) => {
    const bytes = new Uint8Array(size)
    bytes.set(new TextEncoder().encode(text))
    return bytes
  })
}

describe('a key', () => {
  it.each(types)('of %s reads back from its text', (type) => {
    fc.assert(
      fc.property(bytesOf(type), (bytes) => {
        expect(encodeKey([type], decodeKey([type], bytes))).toEqual(bytes)
      }),
    )
  })

  it('of several fields pads each to 4 bytes and reads back', () => {
    fc.assert(
      fc.property(
        fc.array(
          anyType.chain((type) => fc.tuple(fc.constant(type), bytesOf(type))),
          { minLength: 2, maxLength: 5 },
        ),
        (fields) => {
          const type = fields.map(([field]) => field)
          const key = encodeKey(
            type,
            fields.map(([, bytes]) => bytes),
          )
          expect(key.length).toBe(keySize(type))
          expect(key.length % 4).toBe(0)
          expect(encodeKey(type, decodeKey(type, key))).toEqual(key)
          expect(packKeys(type, [decodeKey(type, key), decodeKey(type, key)]).keys).toEqual(
            Uint8Array.of(...key, ...key),
          )
        },
      ),
    )
  })

  it('type has a number, and back', () => {
    fc.assert(
      fc.property(fc.array(anyType, { minLength: 1, maxLength: 5 }), (type) => {
        expect(typeOfNumber(typeNumber(type))).toEqual(type)
      }),
    )
    expect(typeNumber(['ipv4_addr', 'inet_proto', 'inet_service'])).toBe(0x0000730d)
    expect(typeOfNumber(4)).toBeUndefined()
    expect(typeOfNumber(0)).toBeUndefined()
  })

  it.each<[DataType, string | number | bigint, number[]]>([
    ['ipv4_addr', '10.0.0.1', [10, 0, 0, 1]],
    ['inet_service', 80, [0, 80]],
    ['inet_service', '0x50', [0, 80]],
    ['inet_proto', 'tcp', [6]],
    ['ct_state', 'established,related', [6, 0, 0, 0]],
    ['mark', 0x01020304, [4, 3, 2, 1]],
    ['mark', 0xffffffffn, [255, 255, 255, 255]],
    ['ether_addr', '02:00:00:00:00:0a', [2, 0, 0, 0, 0, 10]],
    ['fib_addrtype', 'local', [2, 0, 0, 0]],
  ])('of %s: %s', (type, value, bytes) => {
    expect([...encodeValue(type, value)]).toEqual(bytes)
  })

  it.each<[DataType, string | number | bigint | Uint8Array, RegExp]>([
    ['ipv4_addr', 'fd00::1', /no such address/],
    ['ipv6_addr', '10.0.0.1', /no such address/],
    ['ipv4_addr', '10.0.0', /no such address/],
    ['inet_service', 65536, /does not fit 2 bytes/],
    ['inet_service', -1, /does not fit/],
    ['inet_service', 1.5, /does not fit|whole/],
    ['ipv6_addr', 1.5, /whole number/],
    ['inet_proto', 'tcpp', /give a number or icmp,/],
    ['ether_addr', '02:00', /write six octets/],
    ['ifname', 'a-name-of-17-bytes', /1 to 15 bytes/],
    ['mark', new Uint8Array(5), /5 bytes are given for 4/],
  ])('of %s is not %s', (type, value, why) => {
    expect(() => encodeValue(type, value)).toThrow(why)
  })

  it('has as many values as fields', () => {
    expect(() => encodeKey(['ipv4_addr', 'inet_service'], ['10.0.0.1'])).toThrow(
      '1 values for the fields ipv4_addr . inet_service',
    )
    expect(() => packKeys(['inet_service'], [[1, 2]])).toThrow('2 values')
    expect(() => typeNumber([])).toThrow('0 fields')
  })
})
