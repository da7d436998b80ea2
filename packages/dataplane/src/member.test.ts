import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatIpPortMember, parseIpPortMember, parseNetMember } from './member.ts'

it('reads back what it writes', () => {
  const address = fc.oneof(fc.ipV4(), fc.constantFrom('fd00::1', '::1', '2001:db8::'))
  fc.assert(
    fc.property(address, fc.nat(255), fc.nat(65_535), (address, protocol, port) => {
      const member = formatIpPortMember(parseIpPortMember(`${address},${protocol}:${port}`))
      expect(formatIpPortMember(parseIpPortMember(member))).toBe(member)
      expect(parseIpPortMember(member)).toMatchObject({ protocol, port })
    }),
  )
})

it.each(['10.0.0.1', '10.0.0.1,tcp', '10.0.0.1,tcp:65536', '10.0.0.1,300:1', '10.0.0.1,zzz:1', '1.2.3,tcp:1'])(
  'refuses the ip-port member %s',
  (member) => {
    expect(() => parseIpPortMember(member)).toThrow(JSON.stringify(member))
  },
)

it.each(['10.0.0.1', '10.0.0.1/24', '0.0.0.0/0', 'FD00::/8', 'x'])('refuses the net member %s', (member) => {
  expect(() => parseNetMember(member)).toThrow(JSON.stringify(member))
})
