import { badValue } from './bad-value.ts'

/** Protocols that rules may name, and their IANA numbers. */
export const protocolNumbers = { TCP: 6, UDP: 17, ICMP: 1, ICMPv6: 58, SCTP: 132, UDPLite: 136 } as const

/** Those that have ports: TCP, UDP and SCTP. */
const withPorts: ReadonlySet<number> = new Set([protocolNumbers.TCP, protocolNumbers.UDP, protocolNumbers.SCTP])

const byLowerName: ReadonlyMap<string, number> = new Map(
  Object.entries(protocolNumbers).map(([name, number]) => [name.toLowerCase(), number]),
)

/**
 * The IANA number of a protocol, 0 to 255, from its number, digits or name in any case. Resources must name protocols in
 * the exact case; that is their validation's affair (spec 01 §1.3). @throws ModelError `model/bad-value`
 */
export function parseProtocol(value: number | string): number {
  const known = typeof value === 'string' ? byLowerName.get(value.toLowerCase()) : undefined
  if (known !== undefined) return known
  const number = typeof value === 'string' && /^[0-9]{1,3}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 255)
    badValue('protocol', value, `write one of ${Object.keys(protocolNumbers).join(', ')} or a number from 1 to 255`)
  return number
}

/** The name that Calico has for the number, else the number. */
export function formatProtocol(number: number): number | string {
  for (const [name, known] of Object.entries(protocolNumbers)) if (known === number) return name
  return number
}

/** Whether rules for the protocol may state ports. */
export function hasPorts(protocol: number | string): boolean {
  return withPorts.has(parseProtocol(protocol))
}
