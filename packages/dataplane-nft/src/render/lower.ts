import {
  type EntityMatch,
  hasPorts,
  type IcmpMatch,
  type IpSetId,
  icmpProtocol,
  type PortRange,
  type Rule,
} from '@tortie/dataplane'
import { type Family, formatPrefix, mergePrefixes, parsePrefix } from '@tortie/ip'
import { netSet, portProtocols, portSet } from './constant-sets.ts'
import { ipSetName } from './names.ts'
import type { SetSpec, Side, Term } from './ruleset.ts'

/** Where the members of an IP set are: host addresses in a hash set, CIDRs in an interval set, or some in each. */
export type SetShape = 'hosts' | 'nets' | 'mixed'

export interface LowerContext {
  readonly family: Family
  shapeOf(id: IpSetId, family: Family): SetShape
  /** Notes a constant set that a term refers to. */
  use(set: SetSpec): string
}

/** Terms that a map before this chain has already decided. */
export type Known = ReadonlySet<'protocol-port' | 'source-net' | 'destination-net'>

/** For each alternative, the terms that must hold. Exclusive ones never hold together, which matters for Log alone. */
type Choice = readonly (readonly Term[])[]

/**
 * The rule for packets of one family as alternatives, each a list of terms: the rule matches when one of them holds.
 * None at all means that it cannot match. Spec 02 §2.4, §4.8.
 */
export function lowerRule(rule: Rule, known: Known, context: LowerContext): Term[][] {
  const { family } = context
  if ((rule.ipVersion ?? family) !== family) return []
  const protocol = protocolTerms(rule, known, family)
  const source = sideChoices(rule.source, 'source', known, context)
  const destination = sideChoices(rule.destination, 'destination', known, context)
  if (!protocol || !source || !destination) return []
  const plain = [...protocol.map(useSet(context)), ...source.always, ...destination.always]
  const choices = [...source.choices, ...destination.choices]
  return product(rule.action === 'log' ? choices.map(exclusive) : choices).map((terms) => [...plain, ...terms])
}

const useSet =
  (context: LowerContext) =>
  (term: Term): Term => {
    if (term.is === 'protocol-in') context.use(portProtocols)
    return term
  }

/** undefined: never. */
function protocolTerms(rule: Rule, known: Known, family: Family): Term[] | undefined {
  const { protocol, notProtocol, icmp, notIcmp } = rule
  const terms: Term[] = []
  const needsIcmp = icmp !== undefined || notIcmp !== undefined
  const needsPorts = namesPorts(rule.source) || namesPorts(rule.destination)
  if (protocol !== undefined) {
    if (needsIcmp && protocol !== icmpProtocol(family)) return undefined
    if (needsPorts && !hasPorts(protocol)) return undefined
    if (protocol === notProtocol) return undefined
    if (!known.has('protocol-port')) terms.push({ is: 'protocol', protocol })
  } else {
    if (needsIcmp && needsPorts) return undefined
    if (needsIcmp) terms.push({ is: 'protocol', protocol: icmpProtocol(family) })
    if (needsPorts) terms.push({ is: 'protocol-in', set: portProtocols.name })
    if (notProtocol !== undefined) terms.push({ is: 'protocol', protocol: notProtocol, not: true })
  }
  if (icmp) terms.push(icmpTerm(icmp, family))
  if (notIcmp) terms.push({ ...icmpTerm(notIcmp, family), not: true })
  return terms
}

function icmpTerm({ type, code }: IcmpMatch, family: Family): Extract<Term, { is: 'icmp' }> {
  return code === undefined ? { is: 'icmp', family, type } : { is: 'icmp', family, type, code }
}

const filled = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0

function namesPorts(match: EntityMatch): boolean {
  const { ports, namedPorts, notPorts, notNamedPorts, ipPortSets } = match
  return [ports, namedPorts, notPorts, notNamedPorts, ipPortSets].some(filled)
}

interface SideChoices {
  readonly always: readonly Term[]
  readonly choices: readonly Choice[]
}

/** undefined: never. */
function sideChoices(match: EntityMatch, side: Side, known: Known, context: LowerContext): SideChoices | undefined {
  const always: Term[] = []
  const choices: Choice[] = []
  if (!addressChoices(match, side, known, context, always, choices)) return undefined
  portChoices(match, side, known, context, always, choices)
  return { always, choices }
}

function addressChoices(
  match: EntityMatch,
  side: Side,
  known: Known,
  context: LowerContext,
  always: Term[],
  choices: Choice[],
): boolean {
  const { family } = context
  if (filled(match.nets)) {
    const nets = netsOfFamily(match.nets, family)
    if (nets.length === 0) return false
    const everything = nets[0]?.endsWith('/0')
    if (!known.has(`${side}-net`) && !everything) always.push(netTerm(nets, side, context))
  }
  if (filled(match.notNets)) {
    const nets = netsOfFamily(match.notNets, family)
    if (nets.length === 0 || nets[0]?.endsWith('/0')) return false
    always.push({ ...netTerm(nets, side, context), not: true })
  }
  for (const id of match.ipSets ?? []) {
    const alternatives = setTerms(id, side, context).map((term) => [term])
    if (alternatives.length === 1) always.push(...(alternatives[0] ?? []))
    else choices.push(alternatives)
  }
  for (const id of match.notIpSets ?? [])
    for (const term of setTerms(id, side, context)) always.push({ ...term, not: true })
  return true
}

/** Those of the family, merged so that none overlaps or touches another. */
export function netsOfFamily(nets: readonly string[] | undefined, family: Family): string[] {
  return mergePrefixes((nets ?? []).map(parsePrefix).filter((net) => net.family === family)).map(formatPrefix)
}

type AddressTerm = Extract<Term, { is: 'net' | 'address-in' }>

function netTerm(nets: readonly string[], side: Side, context: LowerContext): AddressTerm {
  const [only] = nets
  if (only !== undefined && nets.length === 1) return { is: 'net', side, net: only }
  return { is: 'address-in', side, family: context.family, set: context.use(netSet(context.family, nets)) }
}

function setTerms(id: IpSetId, side: Side, { family, shapeOf }: LowerContext): AddressTerm[] {
  const shape = shapeOf(id, family)
  const parts = shape === 'mixed' ? (['h', 'n'] as const) : shape === 'hosts' ? (['h'] as const) : (['n'] as const)
  return parts.map((part) => ({ is: 'address-in', side, family, set: ipSetName(part, family, id) }))
}

function portChoices(
  match: EntityMatch,
  side: Side,
  known: Known,
  context: LowerContext,
  always: Term[],
  choices: Choice[],
): void {
  const { family } = context
  const inSet = (id: IpSetId): Term => ({ is: 'address-port-in', side, family, set: ipSetName('p', family, id) })
  const numbers = side === 'destination' && known.has('protocol-port') ? [] : portTerms(match.ports, side, context)
  const alternatives = [...numbers, ...(match.namedPorts ?? []).map(inSet)]
  if (alternatives.length === 1) always.push(...alternatives)
  else if (alternatives.length > 1) choices.push(alternatives.map((term) => [term]))
  for (const term of portTerms(match.notPorts, side, context)) always.push({ ...term, not: true })
  for (const id of match.notNamedPorts ?? []) always.push({ ...inSet(id), not: true } as Term)
  for (const id of match.ipPortSets ?? []) always.push(inSet(id))
}

type PortTerm = Extract<Term, { is: 'ports' | 'port-in' }>

function portTerms(ranges: readonly PortRange[] | undefined, side: Side, context: LowerContext): PortTerm[] {
  const merged = mergeRanges(ranges ?? [])
  const [only] = merged
  if (!only) return []
  if (merged.length === 1) return [{ is: 'ports', side, ...only }]
  return [{ is: 'port-in', side, set: context.use(portSet(merged)) }]
}

/** Sorted, so that none overlaps or touches another. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const run = merged.at(-1)
    if (run && first <= run.last + 1) run.last = Math.max(run.last, last)
    else merged.push({ first, last })
  }
  return merged
}

function product(choices: readonly Choice[]): Term[][] {
  return choices.reduce<Term[][]>(
    (lists, choice) => lists.flatMap((list) => choice.map((terms) => [...list, ...terms])),
    [[]],
  )
}

/** The second alternative holds only where the first does not, and so on. Each begins with its one own term. */
function exclusive(choice: Choice): Choice {
  return choice.map((terms, index) => [
    ...terms,
    ...choice.slice(0, index).flatMap(([first]) => (first ? [{ ...first, not: true } as Term] : [])),
  ])
}
