import { action, comment, match, raw } from '../index.ts'
import type { Golden } from './golden.ts'

const { meta, tcp } = match

export const statementGoldens: readonly Golden[] = [
  { name: 'accept', nft: 'accept', terms: () => [action.accept] },
  { name: 'drop', nft: 'drop', terms: () => [action.drop] },
  { name: 'return', nft: 'return', terms: () => [action.return] },
  { name: 'continue', nft: 'continue', terms: () => [action.continue] },
  { name: 'jump', nft: 'jump x', terms: () => [action.jump('x')] },
  { name: 'goto', nft: 'goto x', terms: () => [action.goto({ name: 'x' })] },
  { name: 'counter', nft: 'counter', terms: () => [action.counter] },
  {
    name: 'counter and accept',
    nft: 'tcp dport 80 counter accept',
    terms: () => [tcp.dport.is(80), action.counter, action.accept],
  },
  { name: 'notrack', chain: 'raw', nft: 'notrack', terms: () => [action.notrack] },
  { name: 'log', nft: 'log', terms: () => [action.log()] },
  {
    name: 'log with all',
    nft: 'log prefix "calico-packet: " level info flags tcp sequence,options flags ip options flags skuid flags ether',
    terms: () => [
      action.log({
        prefix: 'calico-packet: ',
        level: 'info',
        flags: ['tcp-sequence', 'tcp-options', 'ip-options', 'uid', 'macdecode'],
      }),
    ],
  },
  { name: 'audit', nft: 'log level audit', terms: () => [action.log({ level: 'audit' })] },
  { name: 'nflog', nft: 'log group 2', terms: () => [action.nflog(2)] },
  {
    name: 'nflog with all',
    nft: 'log prefix "API0|gnp/x" group 1 snaplen 80 queue-threshold 5',
    terms: () => [action.nflog(1, { prefix: 'API0|gnp/x', snaplen: 80, queueThreshold: 5 })],
  },
  {
    name: 'limit',
    nft: 'limit rate 5/minute burst 10 packets',
    terms: () => [action.limit(5, 'minute', { burst: 10 })],
  },
  { name: 'limit with default burst', nft: 'limit rate 10/second', terms: () => [action.limit(10, 'second')] },
  {
    name: 'limit over',
    nft: 'limit rate over 7/hour burst 5 packets',
    terms: () => [action.limit(7, 'hour', { over: true })],
  },
  {
    name: 'limit of bytes',
    nft: 'limit rate 10 kbytes/second burst 2 mbytes',
    terms: () => [action.limit(10240, 'second', { of: 'bytes', burst: 2 << 20 })],
  },
  { name: 'connections', nft: 'ct count 5', terms: () => [action.connlimit(5)] },
  {
    name: 'too many connections',
    nft: 'ct count over 5 reject with tcp reset',
    terms: () => [meta.l4proto.is('tcp'), action.connlimit(5, true), action.rejectTcp],
  },
  { name: 'reject', nft: 'reject', terms: () => [action.reject()] },
  { name: 'reject no-route', nft: 'reject with icmpx no-route', terms: () => [action.reject('no-route')] },
  { name: 'reject host', nft: 'reject with icmpx host-unreachable', terms: () => [action.reject('host-unreachable')] },
  { name: 'reject admin', nft: 'reject with icmpx admin-prohibited', terms: () => [action.reject('admin-prohibited')] },
  { name: 'reject ICMP', nft: 'reject with icmp 3', terms: () => [action.rejectIcmp('ip', 3)] },
  { name: 'reject ICMPv6', nft: 'reject with icmpv6 1', terms: () => [action.rejectIcmp('ip6', 1)] },
  { name: 'reject TCP', nft: 'tcp dport 80 reject with tcp reset', terms: () => [tcp.dport.is(80), action.rejectTcp] },
  { name: 'set mark', nft: 'meta mark set 0x5', terms: () => [action.setMark(5)] },
  {
    name: 'set bits of the mark',
    nft: 'meta mark set meta mark & 0xffffff0f | 0x10',
    terms: () => [action.setMark(0x10, 0xf0)],
  },
  { name: 'set conntrack mark', nft: 'ct mark set 0x5', terms: () => [action.setCtMark(5)] },
  { name: 'set a bit of the conntrack mark', nft: 'ct mark set ct mark | 0x1', terms: () => [action.setCtMark(1, 1)] },
  { name: 'save mark', nft: 'ct mark set meta mark', terms: () => [action.saveMark] },
  { name: 'restore mark', nft: 'meta mark set ct mark', terms: () => [action.restoreMark] },
  { name: 'DSCP', nft: 'ip dscp set 23', terms: () => [action.setDscp('ip', 23)] },
  { name: 'IPv6 DSCP', nft: 'ip6 dscp set 23', terms: () => [action.setDscp('ip6', 23)] },
  {
    name: 'write with pseudo header',
    nft: 'ip saddr set 10.0.0.1',
    terms: () => [
      {
        needs: { layer: 'ip' },
        expressions: [
          { kind: 'immediate', dreg: 0, data: Uint8Array.of(10, 0, 0, 1) },
          {
            kind: 'payload-set',
            base: 'network',
            offset: 12,
            len: 4,
            sreg: 0,
            checksum: 'inet',
            checksumOffset: 10,
            pseudoHeader: true,
          },
        ],
      },
    ],
  },
  {
    name: 'write a TCP option',
    nft: 'tcp option maxseg size set 1400',
    terms: () => [
      raw(
        { kind: 'immediate', dreg: 0, data: Uint8Array.of(5, 120) },
        { kind: 'exthdr-set', op: 'tcpopt', type: 2, offset: 2, len: 2, sreg: 0 },
      ),
    ],
  },
  { name: 'comment', nft: 'drop comment "why"', terms: () => [action.drop], userData: comment('why') },
]

export const natGoldens: readonly Golden[] = [
  { name: 'masquerade', chain: 'nat', nft: 'masquerade', terms: () => [action.masquerade()] },
  {
    name: 'masquerade fully random',
    chain: 'nat',
    nft: 'masquerade fully-random',
    terms: () => [action.masquerade({ flags: ['fully-random'] })],
  },
  {
    name: 'masquerade to ports',
    chain: 'nat',
    nft: 'meta l4proto tcp masquerade to :1024-2048 random,persistent',
    terms: () => [meta.l4proto.is('tcp'), action.masquerade({ ports: [1024, 2048], flags: ['random', 'persistent'] })],
  },
  { name: 'snat', chain: 'nat', nft: 'snat ip to 10.0.0.1', terms: () => [action.snat('10.0.0.1')] },
  { name: 'snat IPv6', chain: 'nat', nft: 'snat ip6 to fd00::1', terms: () => [action.snat('fd00::1')] },
  {
    name: 'snat to ports',
    chain: 'nat',
    nft: 'meta l4proto tcp snat ip to 10.0.0.1:80-90 fully-random',
    terms: () => [meta.l4proto.is('tcp'), action.snat('10.0.0.1', { ports: [80, 90], flags: ['fully-random'] })],
  },
  { name: 'redirect', chain: 'natPre', nft: 'redirect', terms: () => [action.redirect()] },
  {
    name: 'redirect to a port',
    chain: 'natPre',
    nft: 'tcp dport 80 redirect to :8080',
    terms: () => [tcp.dport.is(80), action.redirect({ ports: 8080 })],
  },
  {
    name: 'dnat',
    chain: 'natPre',
    nft: 'tcp dport 80 dnat ip to 10.0.0.1:8080',
    terms: () => [tcp.dport.is(80), action.dnat('10.0.0.1', { ports: 8080 })],
  },
  {
    name: 'dnat IPv6',
    chain: 'natPre',
    nft: 'meta l4proto udp dnat ip6 to [fd00::1]:53',
    terms: () => [meta.l4proto.is('udp'), action.dnat('fd00::1', { ports: 53 })],
  },
]
