import type { DataType } from '../data-type.ts'
import type { Expression } from '../expression/expression.ts'
import type { CtDirection, CtKey, FibFlag, FibResult, MetaKey } from '../expression/names.ts'
import { type HeaderField, type HeaderFieldName, headerFields } from '../packet/headers.ts'
import { ctTypes, fibTypes, metaTypes } from '../packet/keys.ts'
import { concat, createField, type Field } from './field.ts'
import type { Needs } from './term.ts'

function header(name: HeaderFieldName): Field {
  const { type, base, offset, len, layer, protocol }: HeaderField = headerFields[name]
  const load = (dreg: number, bytes = len): Expression => ({ kind: 'payload', base, offset, len: bytes, dreg })
  const needs: Needs = { ...(layer && { layer }), ...(protocol !== undefined && { protocol }) }
  return createField(type, (dreg) => [load(dreg)], layer || protocol ? needs : undefined, {
    shorten: (bytes) => load(0, bytes),
  })
}

function meta(key: MetaKey, gives?: (value: Uint8Array) => Needs | undefined): Field {
  return createField(metaTypes[key] ?? 'mark', (dreg) => [{ kind: 'meta', key, dreg }], undefined, gives && { gives })
}

function ct(key: CtKey, direction?: CtDirection): Field {
  return createField(ctTypes[key] ?? 'mark', (dreg) => [{ kind: 'ct', key, ...(direction && { direction }), dreg }])
}

/** What the routing table says: `match.fib(['saddr', 'iif'], 'oif')`, 0 when there is no route. */
function fib(flags: readonly FibFlag[], result: FibResult): Field {
  const type: DataType = flags.includes('present') ? 'boolean' : fibTypes[result]
  return createField(type, (dreg) => [{ kind: 'fib', result, flags, dreg }])
}

const tuple = (direction: CtDirection) => ({
  protoSrc: ct('proto-src', direction),
  protoDst: ct('proto-dst', direction),
  ip: { saddr: ct('src-ip', direction), daddr: ct('dst-ip', direction) },
  ip6: { saddr: ct('src-ip6', direction), daddr: ct('dst-ip6', direction) },
})

const layerOf = ([value]: Uint8Array): Needs | undefined =>
  value === 2 ? { layer: 'ip' } : value === 10 ? { layer: 'ip6' } : undefined
const protocolOf = ([protocol]: Uint8Array): Needs | undefined => (protocol === undefined ? undefined : { protocol })

/** What a packet can be asked for, by nft's names. */
export const match = {
  meta: {
    iifname: meta('iifname'),
    oifname: meta('oifname'),
    iif: meta('iif'),
    oif: meta('oif'),
    mark: meta('mark'),
    nfproto: meta('nfproto', layerOf),
    l4proto: meta('l4proto', protocolOf),
    protocol: meta('protocol'),
    pkttype: meta('pkttype'),
    skuid: meta('skuid'),
    iifgroup: meta('iifgroup'),
    oifgroup: meta('oifgroup'),
  },
  ct: {
    state: ct('state'),
    status: ct('status'),
    direction: ct('direction'),
    mark: ct('mark'),
    original: tuple('original'),
    reply: tuple('reply'),
  },
  ether: { saddr: header('ether saddr'), daddr: header('ether daddr'), type: header('ether type') },
  ip: { saddr: header('ip saddr'), daddr: header('ip daddr'), protocol: header('ip protocol') },
  ip6: { saddr: header('ip6 saddr'), daddr: header('ip6 daddr'), nexthdr: header('ip6 nexthdr') },
  arp: {
    operation: header('arp operation'),
    saddrEther: header('arp saddr ether'),
    daddrEther: header('arp daddr ether'),
    saddrIp: header('arp saddr ip'),
    daddrIp: header('arp daddr ip'),
  },
  tcp: { sport: header('tcp sport'), dport: header('tcp dport'), flags: header('tcp flags') },
  udp: { sport: header('udp sport'), dport: header('udp dport') },
  sctp: { sport: header('sctp sport'), dport: header('sctp dport') },
  /** Ports at the start of the transport header, whatever the protocol. */
  th: { sport: header('th sport'), dport: header('th dport') },
  icmp: { type: header('icmp type'), code: header('icmp code') },
  icmpv6: { type: header('icmpv6 type'), code: header('icmpv6 code') },
  fib,
  concat,
} as const
