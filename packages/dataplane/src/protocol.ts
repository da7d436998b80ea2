/** IANA protocol numbers by the lower-case names that IP set members use. */
export const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
}

const portProtocols: ReadonlySet<number> = new Set([6, 17, 132, 136])

/** TCP, UDP, SCTP and UDPLite: the only protocols that a match on ports, negated or not, can hold for. */
export function hasPorts(protocol: number): boolean {
  return portProtocols.has(protocol)
}

/** The ICMP of an address family. */
export function icmpProtocol(family: 4 | 6): 1 | 58 {
  return family === 4 ? 1 : 58
}
