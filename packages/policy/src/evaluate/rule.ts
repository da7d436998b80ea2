import { hasPorts, icmpProtocol } from '@tortie/dataplane'
import { type Address, containsAddress, parseCidr, prefixOf } from '@tortie/ip'
import { type EntityRule, parsePort, parseProtocol, type Rule } from '@tortie/model'
import { entitySelects, excludes, isSelective } from './selector.ts'
import type { Party, PolicyState } from './state.ts'

export interface Side {
  readonly address: Address
  readonly port: number | undefined
}

/** A flow with its addresses parsed. */
export interface Packet {
  readonly protocol: number
  readonly source: Side
  readonly destination: Side
  readonly icmp: { readonly type: number; readonly code: number } | undefined
}

/** Where a rule stands: policies in a namespace mean their own namespace where they name none. */
export interface RuleScope {
  readonly state: PolicyState
  readonly namespace: string | undefined
}

/** Whether every field of the rule holds for the packet (spec 02 §2.4). */
export function ruleMatches(rule: Rule, packet: Packet, scope: RuleScope): boolean {
  const { family } = packet.source.address
  const protocol = rule.protocol === undefined ? undefined : parseProtocol(rule.protocol)
  if (rule.ipVersion !== undefined && rule.ipVersion !== family) return false
  if (protocol !== undefined && protocol !== packet.protocol) return false
  if ((protocol === 1 && family !== 4) || (protocol === 58 && family !== 6)) return false
  if (rule.notProtocol !== undefined && parseProtocol(rule.notProtocol) === packet.protocol) return false
  return (
    icmpMatches(rule, packet) &&
    entityMatches(rule.source ?? {}, packet.source, packet.protocol, scope) &&
    entityMatches(rule.destination ?? {}, packet.destination, packet.protocol, scope)
  )
}

function icmpMatches({ icmp, notICMP }: Rule, { icmp: sent, protocol, source }: Packet): boolean {
  const states = (match: Rule['icmp']): boolean => match?.type !== undefined
  const is = (match: Rule['icmp']): boolean =>
    match?.type === sent?.type && (match?.code === undefined || match.code === sent?.code)
  if (!states(icmp) && !states(notICMP)) return true
  if (sent === undefined || protocol !== icmpProtocol(source.address.family)) return false
  return (!states(icmp) || is(icmp)) && !(states(notICMP) && is(notICMP))
}

function entityMatches(entity: EntityRule, side: Side, protocol: number, { state, namespace }: RuleScope): boolean {
  if (!netsMatch(entity, side.address)) return false
  // Services are endpoints of another kind of source, of which there is none yet: nothing matches them.
  if (entity.services?.name) return false
  const here = state.parties.filter(({ prefixes }) => prefixes.some((prefix) => containsAddress(prefix, side.address)))
  const selective = isSelective(entity, namespace)
  const chosen = selective ? here.filter(({ labels }) => entitySelects(entity, namespace, labels)) : here
  if (selective ? chosen.length === 0 : here.some(({ labels }) => excludes(entity, labels))) return false
  return portsMatch(entity, side.port, protocol, chosen)
}

function netsMatch({ nets = [], notNets = [] }: EntityRule, address: Address): boolean {
  const networks = (texts: readonly string[]) =>
    texts
      .map((text) => parseCidr(text))
      .filter((cidr) => cidr.address.family === address.family)
      .map((cidr) => prefixOf(cidr.address, cidr.length))
  const holdsAddress = (texts: readonly string[]): boolean =>
    networks(texts).some((network) => containsAddress(network, address))
  if (nets.length > 0 && !holdsAddress(nets)) return false
  return notNets.length === 0 || (networks(notNets).length > 0 && !holdsAddress(notNets))
}

/** Named ports are those of the parties that are here and chosen, negated ones too. */
function portsMatch(
  { ports = [], notPorts = [] }: EntityRule,
  port: number | undefined,
  protocol: number,
  chosen: readonly Party[],
): boolean {
  if (ports.length + notPorts.length === 0) return true
  if (port === undefined || !hasPorts(protocol)) return false
  const isOne = (text: number | string): boolean => {
    const wanted = parsePort(text)
    if (wanted.kind === 'range') return wanted.first <= port && port <= wanted.last
    return chosen.some((party) =>
      party.ports.some((own) => own.name === wanted.name && own.protocol === protocol && own.port === port),
    )
  }
  return (ports.length === 0 || ports.some(isOne)) && !notPorts.some(isOne)
}
