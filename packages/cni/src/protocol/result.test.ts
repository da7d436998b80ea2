import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CniResult, formatResult, parseResult } from './result.ts'
import { type CniVersion, isOlder, supportedVersions } from './versions.ts'

const result: CniResult = {
  interfaces: [{ name: 'cali1a2b3c4d5e6' }, { name: 'eth0', mac: 'aa:bb:cc:dd:ee:ff', mtu: 1450, sandbox: '/n/x' }],
  ips: [
    { interface: 1, address: '10.0.0.5/32' },
    { interface: 1, address: 'fd00::5/128' },
  ],
  routes: [{ dst: '10.0.0.5/26' }, { dst: 'fd00::5/122' }],
}

const byFamily = {
  ip4: { ip: '10.0.0.5/32', routes: [{ dst: '10.0.0.5/26' }] },
  ip6: { ip: 'fd00::5/128', routes: [{ dst: 'fd00::5/122' }] },
}
const withFamily = {
  interfaces: [{ name: 'cali1a2b3c4d5e6' }, { name: 'eth0', mac: 'aa:bb:cc:dd:ee:ff', sandbox: '/n/x' }],
  ips: [
    { version: '4', interface: 1, address: '10.0.0.5/32' },
    { version: '6', interface: 1, address: 'fd00::5/128' },
  ],
  routes: result.routes,
}

const printed: Readonly<Record<CniVersion, object>> = {
  '0.1.0': byFamily,
  '0.2.0': byFamily,
  '0.3.0': withFamily,
  '0.3.1': withFamily,
  '0.4.0': withFamily,
  '1.0.0': result,
  '1.1.0': result,
}

describe.each(supportedVersions)('version %s', (version) => {
  it('prints its own form', () => {
    expect(JSON.parse(formatResult(result, version))).toEqual({ cniVersion: version, ...printed[version] })
  })

  it('indents by four spaces and leaves out what is empty', () => {
    const empty = formatResult({ interfaces: [], ips: [], routes: [] }, version)
    expect(empty).toBe(`{\n    "cniVersion": "${version}"\n}`)
  })

  it('is read back, as far as it can say it', () => {
    fc.assert(
      fc.property(anyResult, (given) => {
        const text = formatResult(given, version)
        const again = parseResult(JSON.parse(text), '1.1.0', 'result')
        expect(JSON.parse(formatResult(again, version))).toEqual(JSON.parse(text))
        if (!isOlder(version, '1.0.0')) expect(again).toEqual(given)
      }),
    )
  })
})

const octet = fc.integer({ min: 0, max: 255 })
const address4 = fc
  .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 32 }))
  .map(([a, b, c, d, n]) => `${a}.${b}.${c}.${d}/${n}`)
const address6 = fc
  .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0, max: 128 }))
  .map(([a, n]) => `fd00::${a.toString(16)}/${n}`)
const anyAddress = fc.oneof(address4, address6)
const anyResult: fc.Arbitrary<CniResult> = fc.record(
  {
    interfaces: fc.array(
      fc.record(
        {
          name: fc.stringMatching(/^[a-z0-9]{1,15}$/),
          mac: fc.constant('02:00:00:00:00:01'),
          mtu: fc.integer({ min: 1, max: 65535 }),
          sandbox: fc.constant('/run/netns/x'),
        },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 3 },
    ),
    ips: fc.array(
      fc.record(
        { address: anyAddress, interface: fc.nat(2), gateway: fc.constant('10.0.0.1') },
        { requiredKeys: ['address'] },
      ),
      { maxLength: 4 },
    ),
    routes: fc.array(fc.record({ dst: anyAddress, gw: fc.constant('10.0.0.1') }, { requiredKeys: ['dst'] }), {
      maxLength: 4,
    }),
    dns: fc.record({ nameservers: fc.constant(['10.0.0.10']) }),
  },
  { requiredKeys: ['interfaces', 'ips', 'routes'] },
)

describe('what others print', () => {
  it('host-local 0.4.0, with gateways', () => {
    const text = { cniVersion: '0.4.0', ips: [{ version: '4', address: '10.1.0.2/24', gateway: '10.1.0.1' }], dns: {} }
    expect(parseResult(text, '0.4.0', 'host-local')).toEqual({
      interfaces: [],
      ips: [{ address: '10.1.0.2/24', gateway: '10.1.0.1' }],
      routes: [],
    })
  })

  it.each<readonly [string, unknown, string]>([
    ['no object', [], 'host-local must be an object'],
    ['an unknown version', { cniVersion: '9.9.9' }, 'unsupported cniVersion "9.9.9"'],
    ['ips that are no list', { ips: {} }, 'host-local.ips must be a list'],
    ['an address without length', { ips: [{ address: '10.0.0.1' }] }, 'host-local.ips[0].address'],
    ['an address that is none', { ips: [{ address: '10.0.0.256/32' }] }, 'host-local.ips[0].address'],
    ['a route without destination', { routes: [{}] }, 'host-local.routes[0].dst'],
    ['an interface without name', { interfaces: [{}] }, 'host-local.interfaces[0].name'],
  ])('%s is refused by name', (_, value, message) => {
    expect(() => parseResult(value, '1.0.0', 'host-local')).toThrow(message)
  })
})
