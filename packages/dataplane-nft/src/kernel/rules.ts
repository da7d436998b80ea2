import type { Family } from '@tortie/ip'
import {
  action as act,
  type ChainRef,
  comment,
  concat,
  createField,
  type Field,
  match,
  type Term as NftTerm,
  type Rule,
  rule,
  type SetRef,
  type TableRef,
} from '@tortie/nftables'
import type { Action, MapKey, RuleSpec, Side, Term, Verdict } from '../render/ruleset.ts'

const { meta, ip, ip6, th, ct, icmp, icmpv6 } = match

const icmpTypeCode = {
  4: createField('inet_service', (dreg) => [load(dreg)], { layer: 'ip', protocol: 1 }),
  6: createField('inet_service', (dreg) => [load(dreg)], { layer: 'ip6', protocol: 58 }),
} as const

/** Type and code together: their negation is not that of each. */
function load(dreg: number) {
  return { kind: 'payload', base: 'transport', offset: 0, len: 2, dreg } as const
}

function addressField(side: Side, family: Family): Field {
  const layer = family === 4 ? ip : ip6
  return side === 'source' ? layer.saddr : layer.daddr
}

const portField = (side: Side): Field => (side === 'source' ? th.sport : th.dport)

type Encoders = { readonly [I in Term['is']]: (term: Extract<Term, { is: I }>, set: SetOf) => readonly NftTerm[] }
type SetOf = (name: string) => SetRef

const equal = (field: Field, value: string | number, not: true | undefined): NftTerm[] => [
  not ? field.isNot(value) : field.is(value),
]
const within = (field: Pick<Field, 'in' | 'notIn'>, set: SetRef, not?: true): NftTerm[] => [
  not ? field.notIn(set) : field.in(set),
]

const terms: Encoders = {
  protocol: ({ protocol, not }) => equal(meta.l4proto, protocol, not),
  'protocol-in': ({ set }, of) => within(meta.l4proto, of(set)),
  net: ({ side, net, not }) => equal(addressField(side, net.includes(':') ? 6 : 4), net, not),
  'address-in': ({ side, family, set, not }, of) => within(addressField(side, family), of(set), not),
  ports: ({ side, first, last, not }) => {
    const field = portField(side)
    if (first === last) return equal(field, first, not)
    return [not ? field.notBetween(first, last) : field.between(first, last)]
  },
  'port-in': ({ side, set, not }, of) => within(portField(side), of(set), not),
  'address-port-in': ({ side, family, set, not }, of) =>
    within(concat(addressField(side, family), meta.l4proto, portField(side)), of(set), not),
  icmp: ({ family, type, code, not }) =>
    code === undefined
      ? equal((family === 4 ? icmp : icmpv6).type, type, not)
      : equal(icmpTypeCode[family], (type << 8) | code, not),
  'icmp-type-in': ({ set }, of) => within(icmpv6.type, of(set)),
  family: ({ family }) => [meta.nfproto.is(family === 4 ? 2 : 10)],
  interface: ({ way, prefix }) => [(way === 'in' ? meta.iifname : meta.oifname).is(`${prefix}*`)],
  'interface-in': ({ set }, of) => within(meta.iifname, of(set)),
  'interface-source-in': ({ family, set }, of) => within(concat(meta.iifname, addressField('source', family)), of(set)),
  connection: ({ states }) => [ct.state.has(states.join())],
  'route-back': () => [match.fib(['saddr', 'mark', 'iif'], 'oif').isNot(0)],
}

function encodeTerm(term: Term, of: SetOf): readonly NftTerm[] {
  return (terms[term.is] as (term: Term, of: SetOf) => readonly NftTerm[])(term, of)
}

function lookUp(key: MapKey, map: SetRef): NftTerm {
  switch (key.by) {
    case 'interface':
      return (key.way === 'in' ? meta.iifname : meta.oifname).vmap(map)
    case 'family-interface':
      return concat(meta.nfproto, key.way === 'in' ? meta.iifname : meta.oifname).vmap(map)
    case 'protocol':
      return meta.l4proto.vmap(map)
    case 'protocol-port':
      return concat(meta.l4proto, th.dport).vmap(map)
    case 'address':
      return addressField(key.side, key.family).vmap(map)
  }
}

function encodeVerdict(verdict: Verdict): NftTerm {
  if (verdict.go === 'jump' || verdict.go === 'goto') return act[verdict.go](verdict.chain)
  return act[verdict.go]
}

function encodeAction(action: Action, of: SetOf): readonly NftTerm[] {
  const ports = 'ports' in action && action.ports ? { ports: [action.ports.first, action.ports.last] as const } : {}
  switch (action.do) {
    case 'verdict':
      return [encodeVerdict(action.verdict)]
    case 'map':
      return [lookUp(action.key, of(action.map))]
    case 'reject':
      return [act.reject()]
    case 'log': {
      const { prefix, limit } = action
      const log = act.log({ prefix, level: 'info' })
      return limit ? [act.limit(limit.packets, limit.per, { burst: limit.burst }), log] : [log]
    }
    case 'masquerade':
      return [act.masquerade(ports)]
    case 'snat':
      return [act.snat(action.address, ports)]
  }
}

/** The rule as nf_tables has it. The counter counts what all terms let through. */
export function encodeRule(chain: ChainRef, spec: RuleSpec): Rule {
  const table: TableRef = chain.table
  const of: SetOf = (name) => ({ kind: 'set', table, name })
  const parts = [
    ...spec.terms.flatMap((term) => encodeTerm(term, of)),
    ...(spec.counter ? [act.counter] : []),
    ...encodeAction(spec.action, of),
  ]
  return rule(chain, parts, spec.origin === undefined ? {} : { userData: comment(spec.origin) })
}
