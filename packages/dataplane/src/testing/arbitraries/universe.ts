/**
 * A world small enough that random rules match random flows often: four local workloads, two of another node, two hosts
 * outside. Every address is used by the arbitraries, so a harness that wires these interfaces can send every flow.
 */
export interface Party {
  readonly name: string
  readonly v4: string
  readonly v6: string
}

export interface LocalParty extends Party {
  /** EndpointId. */
  readonly name: string
  readonly interface: string
}

export const localParties: readonly LocalParty[] = [1, 2, 3, 4].map((n) => ({
  name: `prod/pod-${n}`,
  interface: `cali${n}`,
  v4: `10.65.0.${n}`,
  v6: `fd00:65::${n}`,
}))

export const remoteParties: readonly Party[] = [
  { name: 'other-node-1', v4: '10.65.1.1', v6: 'fd00:65:1::1' },
  { name: 'other-node-2', v4: '10.65.1.2', v6: 'fd00:65:1::2' },
  { name: 'outside-1', v4: '192.0.2.1', v6: '2001:db8::1' },
  { name: 'outside-2', v4: '192.0.2.200', v6: '2001:db8:0:1::1' },
]

/** Prefixes that rules name; they overlap on purpose. */
export const rulePrefixes: readonly string[] = [
  '0.0.0.0/0',
  '10.65.0.0/16',
  '10.65.0.0/30',
  '10.65.0.1/32',
  '10.65.1.0/24',
  '192.0.2.0/25',
  '::/0',
  'fd00:65::/48',
  'fd00:65::/126',
  'fd00:65::1/128',
  '2001:db8::/64',
]

/** Members of `net` sets; none overlaps another. */
export const setPrefixes: readonly string[] = [
  ...localParties.flatMap(({ v4, v6 }) => [`${v4}/32`, `${v6}/128`]),
  '10.65.1.0/31',
  '10.65.1.2/32',
  '192.0.2.0/25',
  '192.0.2.200/32',
  'fd00:65:1::/48',
  '2001:db8::/64',
  '2001:db8:0:1::1/128',
]

export const ports: readonly number[] = [53, 80, 443, 8080, 40_000]
export const portRanges: readonly (readonly [first: number, last: number])[] = [
  [0, 65_535],
  [1, 1023],
  [53, 53],
  [80, 80],
  [80, 443],
  [443, 443],
  [8080, 8080],
  [1024, 65_535],
]
/** ICMP types that connection tracking knows as the start of an exchange. */
export const icmpTypes = { 4: [8, 13, 17], 6: [128] } as const
/** TCP, UDP, SCTP, UDPLite, ICMP, ICMPv6 and one that nobody knows. */
export const protocols: readonly number[] = [6, 17, 132, 136, 1, 58, 253]
