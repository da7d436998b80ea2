import { action, match } from '../index.ts'
import type { Golden } from './golden.ts'

const { meta, ip, ip6, tcp, udp, sctp, th, icmp, icmpv6, arp, ether } = match

export const headerGoldens: readonly Golden[] = [
  { name: 'host source', nft: 'ip saddr 10.0.0.1', terms: () => [ip.saddr.is('10.0.0.1')] },
  { name: 'not host', nft: 'ip daddr != 10.0.0.1', terms: () => [ip.daddr.isNot('10.0.0.1')] },
  { name: 'whole-byte prefix', nft: 'ip saddr 10.0.0.0/8', terms: () => [ip.saddr.is('10.0.0.0/8')] },
  { name: 'prefix', nft: 'ip saddr 10.16.0.0/12', terms: () => [ip.saddr.is('10.16.0.0/12')] },
  { name: 'host prefix', nft: 'ip saddr 10.0.0.1', terms: () => [ip.saddr.is('10.0.0.1/32')] },
  { name: 'not prefix', nft: 'ip saddr != 10.16.0.0/12', terms: () => [ip.saddr.isNot('10.16.0.0/12')] },
  {
    name: 'address range',
    nft: 'ip saddr 10.0.0.1-10.0.0.9',
    terms: () => [ip.saddr.between('10.0.0.1', '10.0.0.9')],
  },
  { name: 'IPv6 host', nft: 'ip6 saddr fd00::1', terms: () => [ip6.saddr.is('fd00::1')] },
  { name: 'IPv6 prefix', nft: 'ip6 daddr fd00::/44', terms: () => [ip6.daddr.is('fd00::/44')] },
  { name: 'IPv6 whole-byte prefix', nft: 'ip6 daddr != fd00::/64', terms: () => [ip6.daddr.isNot('fd00::/64')] },
  { name: 'IPv4 protocol field', nft: 'ip protocol tcp', terms: () => [ip.protocol.is('tcp')] },
  { name: 'IPv6 next header', nft: 'ip6 nexthdr tcp', terms: () => [ip6.nexthdr.is('tcp')] },
  { name: 'port', nft: 'tcp dport 80', terms: () => [tcp.dport.is(80)] },
  {
    name: 'protocol and port',
    nft: 'meta l4proto tcp tcp dport 80',
    terms: () => [meta.l4proto.is('tcp'), tcp.dport.is(80)],
  },
  { name: 'port of any protocol', nft: 'th dport 80', terms: () => [th.dport.is(80)] },
  { name: 'port range', nft: 'udp sport 100-200', terms: () => [udp.sport.between(100, 200)] },
  { name: 'not port range', nft: 'tcp sport != 100-200', terms: () => [tcp.sport.notBetween(100, 200)] },
  { name: 'low ports', nft: 'sctp dport < 1024', terms: () => [sctp.dport.less(1024)] },
  { name: 'high ports', nft: 'sctp sport > 1024', terms: () => [sctp.sport.greater(1024)] },
  { name: 'udp port', nft: 'udp dport != 53', terms: () => [udp.dport.isNot(53)] },
  { name: 'sources', nft: 'th sport 1-2', terms: () => [th.sport.between(1, 2)] },
  {
    name: 'SYN of SYN and ACK',
    nft: 'tcp flags & (syn|ack) == syn',
    terms: () => [tcp.flags.masked('syn,ack', 'syn')],
  },
  { name: 'not only SYN', nft: 'tcp flags & (syn|ack) != syn', terms: () => [tcp.flags.notMasked('syn,ack', 'syn')] },
  {
    name: 'ICMP type and code',
    nft: 'icmp type 8 icmp code 0',
    terms: () => [icmp.type.is(8), icmp.code.is(0)],
    differs: 'nft merges loads that lie side by side',
  },
  { name: 'not ICMP type', nft: 'icmp type != 8', terms: () => [icmp.type.isNot(8)] },
  { name: 'ICMPv6', nft: 'icmpv6 type 128', terms: () => [icmpv6.type.is(128)] },
  { name: 'ICMPv6 code', nft: 'icmpv6 code 3', terms: () => [icmpv6.code.is(3)] },
  {
    name: 'table of family ip',
    chain: 'ip',
    nft: 'ip saddr 10.0.0.1 tcp dport 80',
    terms: () => [ip.saddr.is('10.0.0.1'), tcp.dport.is(80)],
  },
  {
    name: 'table of family ip6',
    chain: 'ip6',
    nft: 'ip6 saddr fd00::/16 udp dport 53',
    terms: () => [ip6.saddr.is('fd00::/16'), udp.dport.is(53)],
  },
  {
    name: 'ARP reply',
    chain: 'arp',
    nft: 'oifname "cali1" arp operation reply arp saddr ip 10.0.0.1 drop',
    terms: () => [meta.oifname.is('cali1'), arp.operation.is('reply'), arp.saddrIp.is('10.0.0.1'), action.drop],
  },
  {
    name: 'ARP ether',
    chain: 'arp',
    nft: 'arp saddr ether 02:00:00:00:00:01',
    terms: () => [arp.saddrEther.is('02:00:00:00:00:01')],
  },
  {
    name: 'ARP target ether',
    chain: 'arp',
    nft: 'arp daddr ether 02:00:00:00:00:01',
    terms: () => [arp.daddrEther.is('02:00:00:00:00:01')],
  },
  { name: 'ARP target', chain: 'arp', nft: 'arp daddr ip 10.0.0.1', terms: () => [arp.daddrIp.is('10.0.0.1')] },
]

export const bridgeGoldens: readonly Golden[] = [
  {
    name: 'ether source',
    chain: 'bridge',
    nft: 'ether saddr 02:00:00:00:00:01',
    terms: () => [ether.saddr.is('02:00:00:00:00:01')],
  },
  {
    name: 'ether destination',
    chain: 'bridge',
    nft: 'ether daddr != 02:00:00:00:00:01',
    terms: () => [ether.daddr.isNot('02:00:00:00:00:01')],
  },
  { name: 'ether type', chain: 'bridge', nft: 'ether type arp', terms: () => [ether.type.is('arp')] },
  { name: 'IPv4 on a bridge', chain: 'bridge', nft: 'ip saddr 10.0.0.1', terms: () => [ip.saddr.is('10.0.0.1')] },
  { name: 'IPv6 on a bridge', chain: 'bridge', nft: 'ip6 saddr fd00::1', terms: () => [ip6.saddr.is('fd00::1')] },
]
