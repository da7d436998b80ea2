import type { DataType } from '../data-type.ts'
import type { CtKey, FibResult, MetaKey } from '../expression/names.ts'

/** Types of what `meta` loads; keys that are not here are numbers or bytes without a type of ours. */
export const metaTypes: Partial<Record<MetaKey, DataType>> = {
  protocol: 'ether_type',
  mark: 'mark',
  iif: 'iface_index',
  oif: 'iface_index',
  iifname: 'ifname',
  oifname: 'ifname',
  iiftype: 'iface_type',
  oiftype: 'iface_type',
  skuid: 'uid',
  skgid: 'gid',
  rtclassid: 'realm',
  nfproto: 'nf_proto',
  l4proto: 'inet_proto',
  ibrname: 'ifname',
  obrname: 'ifname',
  pkttype: 'pkt_type',
  iifgroup: 'devgroup',
  oifgroup: 'devgroup',
  sdif: 'iface_index',
  sdifname: 'ifname',
}

/** Types of what `ct` loads. */
export const ctTypes: Partial<Record<CtKey, DataType>> = {
  state: 'ct_state',
  direction: 'ct_dir',
  status: 'ct_status',
  mark: 'mark',
  l3proto: 'nf_proto',
  protocol: 'inet_proto',
  'proto-src': 'inet_service',
  'proto-dst': 'inet_service',
  'src-ip': 'ipv4_addr',
  'dst-ip': 'ipv4_addr',
  'src-ip6': 'ipv6_addr',
  'dst-ip6': 'ipv6_addr',
}

export const fibTypes: Readonly<Record<FibResult, DataType>> = {
  oif: 'iface_index',
  oifname: 'ifname',
  type: 'fib_addrtype',
}
