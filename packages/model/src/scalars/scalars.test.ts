import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isModelError, ModelError } from '../errors.ts'
import { parseAddressPort } from './address-port.ts'
import { formatAsDot, parseAsNumber } from './as-number.ts'
import { parseCommunity } from './community.ts'
import { formatDscp, parseDscp } from './dscp.ts'
import { formatDuration, formatDurationNs, parseDuration, parseDurationNs } from './duration.ts'
import { canonicalMac } from './mac.ts'
import { formatPort, parsePort } from './port.ts'
import { formatProtocol, hasPorts, parseProtocol } from './protocol.ts'

const refused = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isModelError(error, 'model/bad-value')) return error.facts.reason
    throw error
  }
  return ''
}

describe('port', () => {
  it.each([
    [80, 80],
    ['80', 80],
    ['080', 80],
    ['8000:8080', '8000:8080'],
    ['80:80', 80],
    [0, 0],
    [65_535, 65_535],
    ['http', 'http'],
    ['a.b_c-1', 'a.b_c-1'],
    ['8080x', '8080x'],
  ])('%s is written %s', (value, expected) => {
    expect(formatPort(parsePort(value))).toBe(expected)
  })

  it.each([
    -1,
    1.5,
    65_536,
    '65536',
    '99999999',
    '2:1',
    '1:65536',
    '',
    'a b',
    ':',
    '1:',
    'ä',
    'x'.repeat(129),
    Number.NaN,
  ])('%s is refused', (value) => expect(refused(() => parsePort(value))).not.toBe(''))

  it('is read back as the same', () => {
    fc.assert(
      fc.property(fc.nat(65_535), fc.nat(65_535), (a, b) => {
        const port = { kind: 'range', first: Math.min(a, b), last: Math.max(a, b) } as const
        expect(parsePort(formatPort(port))).toEqual(port)
      }),
    )
  })
})

describe('protocol', () => {
  it.each([
    ['TCP', 6],
    ['tcp', 6],
    ['ICMPv6', 58],
    ['udplite', 136],
    ['132', 132],
    [0, 0],
    [255, 255],
  ])('%s is %d', (value, number) => {
    expect(parseProtocol(value)).toBe(number)
  })

  it.each([256, -1, '256', 'foo', '', '0x6', 1.5, 'constructor'])('%s is refused', (value) => {
    expect(refused(() => parseProtocol(value))).toContain('TCP, UDP')
  })

  it('is read back as the same', () => {
    for (let number = 0; number < 256; number++) expect(parseProtocol(formatProtocol(number))).toBe(number)
  })

  it('has ports if TCP, UDP or SCTP', () => {
    expect(['TCP', 'udp', 132, 'SCTP', 6, 'ICMP', 'UDPLite', 47].map(hasPorts)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})

describe('AS number', () => {
  it.each([
    [64_512, 64_512],
    ['64512', 64_512],
    ['1.10', 65_546],
    ['65535.65535', 4_294_967_295],
    [4_294_967_295, 4_294_967_295],
  ])('%s is %d', (value, number) => {
    expect(parseAsNumber(value)).toBe(number)
  })

  it.each([-1, 4_294_967_296, 1.5, '', 'x', '1.2.3', '65536.0', '1.65536', '-1'])('%s is refused', (value) => {
    expect(refused(() => parseAsNumber(value))).toContain('4294967295')
  })

  it('is read back from both forms', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (number) => {
        expect(parseAsNumber(String(number))).toBe(number)
        expect(parseAsNumber(formatAsDot(number))).toBe(number)
      }),
    )
  })
})

describe('duration', () => {
  it.each([
    ['0', 0, '0s'],
    ['0s', 0, '0s'],
    ['90s', 90_000, '1m30s'],
    ['1m30s', 90_000, '1m30s'],
    ['1h', 3_600_000, '1h0m0s'],
    ['1.5h', 5_400_000, '1h30m0s'],
    ['24h', 86_400_000, '24h0m0s'],
    ['100ms', 100, '100ms'],
    ['1500ms', 1500, '1.5s'],
    ['.5s', 500, '500ms'],
    ['1.s', 1000, '1s'],
    ['2us', 0.002, '2µs'],
    ['2µs', 0.002, '2µs'],
    ['7ns', 0.000007, '7ns'],
    ['-1m', -60_000, '-1m0s'],
    ['+2s', 2000, '2s'],
    ['1s1h1s', 3_602_000, '1h0m2s'],
  ])('%s is %d ms, written %s', (text, ms, written) => {
    expect(parseDuration(text)).toBe(ms)
    expect(formatDurationNs(parseDurationNs(text))).toBe(written)
    expect(formatDuration(ms)).toBe(written)
  })

  it.each(['', '1', 's', '1x', '1 s', '1.s.', '1s ', '--1s', '.s', 'Inf', '9999999999999h', `${'1'.repeat(1000)}s`])(
    '%s is refused',
    (text) => expect(refused(() => parseDuration(text))).not.toBe(''),
  )

  it('is read back as the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (ns) => {
        expect(parseDurationNs(formatDurationNs(ns))).toBe(ns)
      }),
    )
  })
})

describe('DSCP', () => {
  it.each([
    [0, 0],
    [63, 63],
    ['EF', 46],
    ['ef', 46],
    ['AF43', 38],
    ['cs6', 48],
    ['23', 23],
  ])('%s is %d', (value, number) => {
    expect(parseDscp(value)).toBe(number)
    expect(parseDscp(formatDscp(number))).toBe(number)
  })

  it.each([-1, 64, 1.5, '64', 'AF44', '', 'CS7', 'constructor'])('%s is refused', (value) => {
    expect(refused(() => parseDscp(value))).toContain('AF11')
  })
})

describe('MAC', () => {
  it.each([
    ['EE:ee:ee:ee:ee:ee', 'ee:ee:ee:ee:ee:ee'],
    ['00-11-22-33-44-55', '00:11:22:33:44:55'],
    ['0011.2233.4455', '00:11:22:33:44:55'],
    ['00:11:22:33:44:55:66:77', '00:11:22:33:44:55:66:77'],
    ['0011.2233.4455.6677', '00:11:22:33:44:55:66:77'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalMac(text)).toBe(expected)
  })

  it.each(['', '00:11', '00:11:22:33:44:5', '0:1:2:3:4:5', '00:11-22:33:44:55', '001122334455', 'zz:11:22:33:44:55'])(
    '%s is refused',
    (text) => expect(refused(() => canonicalMac(text))).toContain('ee:ee'),
  )
})

it('anything else is a ModelError, never another error', () => {
  const parsers = [parsePort, parseProtocol, parseAsNumber, parseDscp, (value: unknown) => parseDuration(String(value))]
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.integer()), fc.constantFrom(...parsers), (value, parse) => {
      try {
        ;(parse as (value: unknown) => unknown)(value)
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError)
      }
    }),
    { numRuns: 1000 },
  )
})

describe('address with port', () => {
  it.each([
    ['10.0.0.1', { address: '10.0.0.1', family: 4 }],
    ['10.0.0.1:179', { address: '10.0.0.1', family: 4, port: 179 }],
    ['fd00::1', { address: 'fd00::1', family: 6 }],
    ['::1', { address: '::1', family: 6 }],
    ['[FD00::1]:65535', { address: 'FD00::1', family: 6, port: 65_535 }],
  ])('%s is %o', (text, parsed) => expect(parseAddressPort(text)).toEqual(parsed))

  it.each(['', ':179', '10.0.0.1:', '10.0.0.1:0', '10.0.0.1:65536', '[fd00::1]', '[10.0.0.1]:1', '10.0.0.1/8', 'a:1'])(
    '%s is refused',
    (text) => expect(refused(() => parseAddressPort(text))).not.toBe(''),
  )
})

describe('community', () => {
  it.each([
    ['0:0', [0, 0]],
    ['65535:65535', [65_535, 65_535]],
    ['1:2:4294967295', [1, 2, 4_294_967_295]],
  ])('%s is %o', (text, parts) => expect(parseCommunity(text)).toEqual(parts))

  it.each(['', '1', '1:', '1:2:3:4', 'a:b', '1:65536', '65536:1', '1:2:4294967296', '-1:2', `1:${'1'.repeat(30)}`])(
    '%s is refused',
    (text) => expect(refused(() => parseCommunity(text))).not.toBe(''),
  )
})
