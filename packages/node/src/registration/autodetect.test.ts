import { describe, expect, it } from 'vitest'
import { autodetect, type HostAddress, withPrefix } from './autodetect.ts'

const host: readonly HostAddress[] = [
  { interface: 'lo', ifindex: 1, cidr: '127.0.0.1/8' },
  { interface: 'eth0', ifindex: 2, cidr: '192.0.2.5/24' },
  { interface: 'eth0', ifindex: 2, cidr: 'fe80::1/64' },
  { interface: 'eth0', ifindex: 2, cidr: '2001:db8::5/64' },
  { interface: 'eth1', ifindex: 3, cidr: '198.51.100.5/24' },
  { interface: 'docker0', ifindex: 9, cidr: '172.17.0.1/16' },
  { interface: 'cali12345', ifindex: 10, cidr: '10.0.0.1/32' },
]

describe('autodetect', () => {
  it.each([
    ['', 4, '198.51.100.5/24'],
    ['first-found', 6, '2001:db8::5/64'],
    ['interface=eth0', 4, '192.0.2.5/24'],
    ['interface=docker.*', 4, '172.17.0.1/16'],
    ['skip-interface=eth1', 4, '192.0.2.5/24'],
    ['cidr=192.0.2.0/24', 4, '192.0.2.5/24'],
    ['cidr=203.0.113.0/24', 4, undefined],
  ] as const)('%s finds IPv%i %s', (method, family, cidr) => {
    expect(autodetect(host, family, method)?.cidr).toBe(cidr)
  })

  it('names what it accepts', () => {
    expect(() => autodetect(host, 4, 'guess')).toThrow(/IP_AUTODETECTION_METHOD = "guess".*first-found/)
  })
})

describe('withPrefix', () => {
  it('takes the length from the interface that holds the address', () => {
    expect(withPrefix('192.0.2.5', host)).toBe('192.0.2.5/24')
    expect(withPrefix('203.0.113.1', host)).toBe('203.0.113.1/32')
    expect(withPrefix('203.0.113.1/29', host)).toBe('203.0.113.1/29')
  })
})
