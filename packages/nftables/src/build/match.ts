import type { DataType } from '../data-type.ts'
import type { Expression } from '../expression/expression.ts'
import type { CtDirection, CtKey, FibFlag, FibResult, MetaKey, PayloadBase } from '../expression/names.ts'
import { concat, createField, type Field } from './field.ts'
import type { Layer, Needs } from './term.ts'

function header(type: DataType, base: PayloadBase, offset: number, len: number, needs?: Needs): Field {
  const load = (dreg: number, bytes = len): Expression => ({ kind: 'payload', base, offset, len: bytes, dreg })
  return createField(type, (dreg) => [load(dreg)], needs, { shorten: (bytes) => load(0, bytes) })
}

const network = (type: DataType, offset: number, len: number, layer: Layer): Field =>
  header(type, 'network', offset, len, { layer })
const transport = (type: DataType, offset: number, len: number, protocol?: number, layer?: Layer): Field =>
  header(type, 'transport', offset, len, protocol === undefined ? undefined : { protocol, ...(layer && { layer }) })
const ports = (protocol?: number) => ({
  sport: transport('inet_service', 0, 2, protocol),
  dport: transport('inet_service', 2, 2, protocol),
})

function meta(type: DataType, key: MetaKey, gives?: (value: Uint8Array) => Needs | undefined): Field {
  return createField(type, (dreg) => [{ kind: 'meta', key, dreg }], undefined, gives && { gives })
}

function ct(type: DataType, key: CtKey, direction?: CtDirection): Field {
  return createField(type, (dreg) => [{ kind: 'ct', key, ...(direction && { direction }), dreg }])
}

const fibTypes = { oif: 'iface_index', oifname: 'ifname', type: 'fib_addrtype' } as const

/** What the routing table says: `match.fib(['saddr', 'iif'], 'oif')`, 0 when there is no route. */
function fib(flags: readonly FibFlag[], result: FibResult): Field {
  const type = flags.includes('present') ? 'boolean' : fibTypes[result]
  return createField(type, (dreg) => [{ kind: 'fib', result, flags, dreg }])
}

/** What a packet can be asked for, by nft's names. */
export const match = {
  meta: {
    iifname: meta('ifname', 'iifname'),
    oifname: meta('ifname', 'oifname'),
    iif: meta('iface_index', 'iif'),
    oif: meta('iface_index', 'oif'),
    mark: meta('mark', 'mark'),
    nfproto: meta('nf_proto', 'nfproto', ([value]) =>
      value === 2 ? { layer: 'ip' } : value === 10 ? { layer: 'ip6' } : undefined,
    ),
    l4proto: meta('inet_proto', 'l4proto', ([protocol]) => (protocol === undefined ? undefined : { protocol })),
    protocol: meta('ether_type', 'protocol'),
    pkttype: meta('pkt_type', 'pkttype'),
    skuid: meta('uid', 'skuid'),
    iifgroup: meta('devgroup', 'iifgroup'),
    oifgroup: meta('devgroup', 'oifgroup'),
  },
  ct: {
    state: ct('ct_state', 'state'),
    status: ct('ct_status', 'status'),
    direction: ct('ct_dir', 'direction'),
    mark: ct('mark', 'mark'),
    original: {
      protoSrc: ct('inet_service', 'proto-src', 'original'),
      protoDst: ct('inet_service', 'proto-dst', 'original'),
      ip: { saddr: ct('ipv4_addr', 'src-ip', 'original'), daddr: ct('ipv4_addr', 'dst-ip', 'original') },
      ip6: { saddr: ct('ipv6_addr', 'src-ip6', 'original'), daddr: ct('ipv6_addr', 'dst-ip6', 'original') },
    },
  },
  ether: {
    saddr: header('ether_addr', 'link', 6, 6),
    daddr: header('ether_addr', 'link', 0, 6),
    type: header('ether_type', 'link', 12, 2),
  },
  ip: {
    saddr: network('ipv4_addr', 12, 4, 'ip'),
    daddr: network('ipv4_addr', 16, 4, 'ip'),
    protocol: network('inet_proto', 9, 1, 'ip'),
  },
  ip6: {
    saddr: network('ipv6_addr', 8, 16, 'ip6'),
    daddr: network('ipv6_addr', 24, 16, 'ip6'),
    nexthdr: network('inet_proto', 6, 1, 'ip6'),
  },
  arp: {
    operation: network('arp_op', 6, 2, 'arp'),
    saddrEther: network('ether_addr', 8, 6, 'arp'),
    saddrIp: network('ipv4_addr', 14, 4, 'arp'),
    daddrIp: network('ipv4_addr', 24, 4, 'arp'),
  },
  tcp: { ...ports(6), flags: transport('tcp_flag', 13, 1, 6) },
  udp: ports(17),
  sctp: ports(132),
  /** Ports at the start of the transport header, whatever the protocol. */
  th: ports(),
  icmp: { type: transport('icmp_type', 0, 1, 1, 'ip'), code: transport('icmp_code', 1, 1, 1, 'ip') },
  icmpv6: { type: transport('icmpv6_type', 0, 1, 58, 'ip6'), code: transport('icmpv6_code', 1, 1, 58, 'ip6') },
  fib,
  concat,
} as const
