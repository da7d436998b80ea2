import type { DataType } from '../data-type.ts'
import type { PayloadBase } from '../expression/names.ts'

/** Network layer that a header belongs to. */
export type Layer = 'ip' | 'ip6' | 'arp'

/** Where a field lies in a packet. Only whole bytes. */
export interface HeaderField {
  readonly type: DataType
  readonly base: PayloadBase
  readonly offset: number
  readonly len: number
  /** The packet has such a header only with this layer, this protocol. */
  readonly layer?: Layer
  readonly protocol?: number
}

const at = (type: DataType, base: PayloadBase, offset: number, len: number, rest: Partial<HeaderField> = {}) => ({
  type,
  base,
  offset,
  len,
  ...rest,
})
const ip = { layer: 'ip' } as const
const ip6 = { layer: 'ip6' } as const
const arp = { layer: 'arp' } as const
const ports = (protocol?: number) => {
  const rest = protocol === undefined ? {} : { protocol }
  return [at('inet_service', 'transport', 0, 2, rest), at('inet_service', 'transport', 2, 2, rest)] as const
}
const icmp = { layer: 'ip', protocol: 1 } as const
const icmpv6 = { layer: 'ip6', protocol: 58 } as const

/** By nft's names. RFC 791, 8200, 826, 9293, 768, 9260, 792, 4443. */
export const headerFields = {
  'ether daddr': at('ether_addr', 'link', 0, 6),
  'ether saddr': at('ether_addr', 'link', 6, 6),
  'ether type': at('ether_type', 'link', 12, 2),
  'ip protocol': at('inet_proto', 'network', 9, 1, ip),
  'ip saddr': at('ipv4_addr', 'network', 12, 4, ip),
  'ip daddr': at('ipv4_addr', 'network', 16, 4, ip),
  'ip6 nexthdr': at('inet_proto', 'network', 6, 1, ip6),
  'ip6 saddr': at('ipv6_addr', 'network', 8, 16, ip6),
  'ip6 daddr': at('ipv6_addr', 'network', 24, 16, ip6),
  'arp operation': at('arp_op', 'network', 6, 2, arp),
  'arp saddr ether': at('ether_addr', 'network', 8, 6, arp),
  'arp saddr ip': at('ipv4_addr', 'network', 14, 4, arp),
  'arp daddr ether': at('ether_addr', 'network', 18, 6, arp),
  'arp daddr ip': at('ipv4_addr', 'network', 24, 4, arp),
  'tcp sport': ports(6)[0],
  'tcp dport': ports(6)[1],
  'tcp flags': at('tcp_flag', 'transport', 13, 1, { protocol: 6 }),
  'udp sport': ports(17)[0],
  'udp dport': ports(17)[1],
  'sctp sport': ports(132)[0],
  'sctp dport': ports(132)[1],
  'icmp type': at('icmp_type', 'transport', 0, 1, icmp),
  'icmp code': at('icmp_code', 'transport', 1, 1, icmp),
  'icmpv6 type': at('icmpv6_type', 'transport', 0, 1, icmpv6),
  'icmpv6 code': at('icmpv6_code', 'transport', 1, 1, icmpv6),
  'th sport': ports()[0],
  'th dport': ports()[1],
} as const satisfies Record<string, HeaderField>

export type HeaderFieldName = keyof typeof headerFields
