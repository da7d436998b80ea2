import { action, type Expression, encodeValue, match, raw } from '../index.ts'
import type { Golden } from './golden.ts'

const { meta, ct, fib, ip } = match
const u32 = (value: number): Uint8Array => encodeValue('mark', value)
const is = (data: Uint8Array): Expression => ({ kind: 'cmp', op: 'eq', sreg: 0, data })

/** What is not in a header: meta, conntrack, routing, sockets, numbers. */
export const keyGoldens: readonly Golden[] = [
  { name: 'interface in', nft: 'iifname "cali1"', terms: () => [meta.iifname.is('cali1')] },
  { name: 'interface out', nft: 'oifname != "eth0"', terms: () => [meta.oifname.isNot('eth0')] },
  { name: 'interface prefix', nft: 'iifname "cali*"', terms: () => [meta.iifname.is('cali*')] },
  { name: 'not interface prefix', nft: 'oifname != "cali*"', terms: () => [meta.oifname.isNot('cali*')] },
  { name: 'interface index in', nft: 'iif 1', terms: () => [meta.iif.is(1)] },
  { name: 'interface index out', nft: 'oif 1', terms: () => [meta.oif.is(1)] },
  { name: 'interface group in', nft: 'iifgroup 5', terms: () => [meta.iifgroup.is(5)] },
  { name: 'interface group out', nft: 'oifgroup 5', terms: () => [meta.oifgroup.is(5)] },
  { name: 'protocol', nft: 'meta l4proto tcp', terms: () => [meta.l4proto.is('tcp')] },
  { name: 'not protocol', nft: 'meta l4proto != ipv6-icmp', terms: () => [meta.l4proto.isNot('ipv6-icmp')] },
  { name: 'family', nft: 'meta nfproto ipv6', terms: () => [meta.nfproto.is('ipv6')] },
  { name: 'ether protocol', chain: 'bridge', nft: 'meta protocol ip', terms: () => [meta.protocol.is('ip')] },
  { name: 'packet type', nft: 'meta pkttype multicast', terms: () => [meta.pkttype.is('multicast')] },
  { name: 'owner', nft: 'meta skuid 0', terms: () => [meta.skuid.is(0)] },
  { name: 'mark', nft: 'meta mark 0x10', terms: () => [meta.mark.is(0x10)] },
  { name: 'masked mark', nft: 'meta mark & 0xff == 0x10', terms: () => [meta.mark.masked(0xff, 0x10)] },
  { name: 'not masked mark', nft: 'meta mark & 0xff != 0x10', terms: () => [meta.mark.notMasked(0xff, 0x10)] },
  { name: 'mark bits', nft: 'meta mark & 0x3 != 0', terms: () => [meta.mark.has(3)] },
  { name: 'conntrack state', nft: 'ct state established,related', terms: () => [ct.state.has('established,related')] },
  {
    name: 'not conntrack state',
    nft: 'ct state & (established|related) == 0',
    terms: () => [ct.state.hasNot('related,established')],
  },
  { name: 'conntrack status', nft: 'ct status dnat', terms: () => [ct.status.has('dnat')] },
  { name: 'conntrack direction', nft: 'ct direction reply', terms: () => [ct.direction.is('reply')] },
  { name: 'conntrack mark', nft: 'ct mark 0x10', terms: () => [ct.mark.is(0x10)] },
  {
    name: 'conntrack tuple',
    nft: 'meta l4proto tcp ct original proto-dst 80',
    terms: () => [meta.l4proto.is('tcp'), ct.original.protoDst.is(80)],
  },
  {
    name: 'conntrack source port',
    nft: 'meta l4proto udp ct reply proto-src 53',
    terms: () => [meta.l4proto.is('udp'), ct.reply.protoSrc.is(53)],
  },
  {
    name: 'conntrack source',
    nft: 'ct original ip saddr 10.0.0.1',
    terms: () => [ct.original.ip.saddr.is('10.0.0.1')],
  },
  { name: 'conntrack destination', nft: 'ct reply ip6 daddr fd00::1', terms: () => [ct.reply.ip6.daddr.is('fd00::1')] },
  {
    name: 'conntrack IPv4 destination',
    nft: 'ct original ip daddr 10.0.0.1',
    terms: () => [ct.original.ip.daddr.is('10.0.0.1')],
  },
  {
    name: 'conntrack IPv6 source',
    nft: 'ct original ip6 saddr fd00::1',
    terms: () => [ct.original.ip6.saddr.is('fd00::1')],
  },
  { name: 'local destination', nft: 'fib daddr type local', terms: () => [fib(['daddr'], 'type').is('local')] },
  {
    name: 'reverse path',
    chain: 'raw',
    nft: 'fib saddr . iif oif missing',
    terms: () => [fib(['saddr', 'iif', 'present'], 'oif').is('missing')],
  },
  {
    name: 'reverse path index',
    chain: 'raw',
    nft: 'fib saddr . mark oif 1',
    terms: () => [fib(['saddr', 'mark'], 'oif').is(1)],
  },
  {
    name: 'route out',
    chain: 'raw',
    nft: 'fib saddr . mark . iif oifname "eth0"',
    terms: () => [fib(['saddr', 'mark', 'iif'], 'oifname').is('eth0')],
  },
  {
    name: 'socket',
    chain: 'raw',
    nft: 'socket transparent 1',
    terms: () => [raw({ kind: 'socket', key: 'transparent', dreg: 0 }, is(Uint8Array.of(1)))],
  },
  {
    name: 'socket mark',
    chain: 'raw',
    nft: 'socket mark 0x5',
    terms: () => [raw({ kind: 'socket', key: 'mark', dreg: 0 }, is(u32(5)))],
  },
  {
    name: 'socket of any address',
    chain: 'raw',
    nft: 'socket wildcard 1',
    terms: () => [raw({ kind: 'socket', key: 'wildcard', dreg: 0 }, is(Uint8Array.of(1)))],
  },
  {
    name: 'next hop',
    nft: 'rt ip nexthop 10.0.0.1',
    terms: () => [raw({ kind: 'rt', key: 'nexthop4', dreg: 0 }, is(Uint8Array.of(10, 0, 0, 1)))],
  },
  {
    name: 'round robin',
    nft: 'numgen inc mod 2 offset 1 1',
    terms: () => [raw({ kind: 'numgen', type: 'incremental', modulus: 2, offset: 1, dreg: 0 }, is(u32(1)))],
  },
  {
    name: 'chance',
    nft: 'numgen random mod 10 5',
    terms: () => [raw({ kind: 'numgen', type: 'random', modulus: 10, offset: 0, dreg: 0 }, is(u32(5)))],
  },
  {
    name: 'hash of the source',
    nft: 'meta mark set jhash ip saddr mod 2 seed 0xdeadbeef offset 3',
    terms: () => [
      { expressions: ip.saddr.load(4), needs: { layer: 'ip' } },
      raw(
        { kind: 'jhash', sreg: 4, len: 4, modulus: 2, seed: 0xdeadbeef, offset: 3, dreg: 0 },
        { kind: 'meta-set', key: 'mark', sreg: 0 },
      ),
    ],
  },
  {
    name: 'symmetric hash',
    nft: 'meta mark set symhash mod 2 offset 3',
    terms: () => [raw({ kind: 'symhash', modulus: 2, offset: 3, dreg: 0 }, { kind: 'meta-set', key: 'mark', sreg: 0 })],
  },
  {
    name: 'shift',
    nft: 'meta mark set ct mark << 8',
    terms: () => [
      raw(
        { kind: 'ct', key: 'mark', dreg: 0 },
        { kind: 'shift', direction: 'left', sreg: 0, dreg: 0, len: 4, bits: 8 },
        { kind: 'meta-set', key: 'mark', sreg: 0 },
      ),
    ],
  },
  {
    name: 'length in network order',
    nft: 'meta length 100-200',
    terms: () => [
      raw(
        { kind: 'meta', key: 'length', dreg: 0 },
        { kind: 'byteorder', op: 'hton', sreg: 0, dreg: 0, len: 4, size: 4 },
        { kind: 'cmp', op: 'gte', sreg: 0, data: Uint8Array.of(0, 0, 0, 100) },
        { kind: 'cmp', op: 'lte', sreg: 0, data: Uint8Array.of(0, 0, 0, 200) },
      ),
    ],
  },
  {
    name: 'TCP option',
    nft: 'tcp option maxseg size 1400',
    terms: () => [
      raw({ kind: 'exthdr', op: 'tcpopt', type: 2, offset: 2, len: 2, dreg: 0 }, is(Uint8Array.of(5, 120))),
    ],
  },
  {
    name: 'fragment',
    nft: 'exthdr frag exists',
    terms: () => [
      {
        expressions: [
          { kind: 'exthdr', op: 'ipv6', type: 44, offset: 0, len: 1, present: true, dreg: 0 },
          is(Uint8Array.of(1)),
        ],
        needs: { layer: 'ip6' },
      },
    ],
  },
  {
    name: 'clamp to the path',
    nft: 'tcp option maxseg size set rt mtu',
    terms: () => [action.clampMss],
  },
]
