import {
  type Address,
  containsAddress,
  type Family,
  formatAddress,
  formatPrefix,
  isAddress,
  parseAddress,
  parsePrefix,
  prefixOf,
  width,
} from '@tortie/ip'
import { DataplaneError } from './errors.ts'
import type { Flow } from './flow.ts'
import { formatIpPortMember } from './member.ts'
import type { EntityMatch, IcmpMatch, IpSet, IpSetId, PortRange, Rule } from './policy-program.ts'
import { hasPorts, icmpProtocol } from './protocol.ts'

interface Side {
  readonly address: Address
  readonly protocol: number
  /** undefined when the protocol has none. */
  readonly port: number | undefined
}

/** A flow with its addresses parsed. */
export interface Packet {
  readonly family: Family
  readonly protocol: number
  readonly source: Side
  readonly destination: Side
  readonly icmp: IcmpMatch | undefined
}

/** @throws DataplaneError `dataplane/bad-flow` */
export function packetOf(flow: Flow): Packet {
  const { protocol } = flow
  const side = (name: 'source' | 'destination', port: number | undefined): Side => {
    const text = flow[name]
    if (!isAddress(text)) throw new DataplaneError('dataplane/bad-flow', { why: `${name} ${text} is no IP address` })
    return { address: parseAddress(text), protocol, port: hasPorts(protocol) ? port : undefined }
  }
  const source = side('source', flow.sourcePort)
  const destination = side('destination', flow.destinationPort)
  const { family } = source.address
  if (family !== destination.address.family)
    throw new DataplaneError('dataplane/bad-flow', {
      why: `${flow.source} and ${flow.destination} are of two families`,
    })
  const isIcmp = protocol === icmpProtocol(family) && flow.icmpType !== undefined
  const icmp = isIcmp ? { type: flow.icmpType, code: flow.icmpCode ?? 0 } : undefined
  return { family, protocol, source, destination, icmp }
}

type Sets = ReadonlyMap<IpSetId, IpSet>

/**
 * Whether every term of the rule holds (spec 02 §2.4). An empty list is the same as an absent one. Terms on ports hold
 * only for protocols that have ports, terms on ICMP only for the ICMP of the family, negated or not.
 * @throws DataplaneError `dataplane/dangling-reference` for an IP set that is not there
 */
export function ruleMatches(rule: Rule, packet: Packet, sets: Sets): boolean {
  return (
    (rule.ipVersion ?? packet.family) === packet.family &&
    (rule.protocol ?? packet.protocol) === packet.protocol &&
    rule.notProtocol !== packet.protocol &&
    icmpMatches(rule, packet) &&
    sideMatches(rule.source, packet.source, sets) &&
    sideMatches(rule.destination, packet.destination, sets)
  )
}

function icmpMatches({ icmp, notIcmp }: Rule, packet: Packet): boolean {
  const is = (match: IcmpMatch): boolean =>
    packet.icmp?.type === match.type && (match.code === undefined || packet.icmp.code === match.code)
  if (!icmp && !notIcmp) return true
  return packet.icmp !== undefined && (!icmp || is(icmp)) && (!notIcmp || !is(notIcmp))
}

function sideMatches(match: EntityMatch, side: Side, sets: Sets): boolean {
  return addressMatches(match, side, sets) && portMatches(match, side, sets)
}

function addressMatches(match: EntityMatch, { address }: Side, sets: Sets): boolean {
  const ofFamily = (nets: readonly string[]) => nets.map(parsePrefix).filter(({ family }) => family === address.family)
  const holds = (nets: readonly string[]): boolean => ofFamily(nets).some((net) => containsAddress(net, address))
  const { nets = [], notNets = [], ipSets = [], notIpSets = [] } = match
  if (nets.length > 0 && !holds(nets)) return false
  if (notNets.length > 0 && (ofFamily(notNets).length === 0 || holds(notNets))) return false
  const inSet = (id: IpSetId): boolean => netSetHolds(setOf(sets, id), address)
  return ipSets.every(inSet) && !notIpSets.some(inSet)
}

function portMatches(match: EntityMatch, side: Side, sets: Sets): boolean {
  const { ports = [], namedPorts = [], notPorts = [], notNamedPorts = [], ipPortSets = [] } = match
  if (ports.length + namedPorts.length + notPorts.length + notNamedPorts.length + ipPortSets.length === 0) return true
  const { port } = side
  if (port === undefined) return false
  const inRange = ({ first, last }: PortRange): boolean => first <= port && port <= last
  const inSet = (id: IpSetId): boolean => ipPortSetHolds(setOf(sets, id), side, port)
  if (ports.length + namedPorts.length > 0 && !ports.some(inRange) && !namedPorts.some(inSet)) return false
  return !notPorts.some(inRange) && !notNamedPorts.some(inSet) && ipPortSets.every(inSet)
}

function setOf(sets: Sets, id: IpSetId): IpSet {
  const set = sets.get(id)
  if (!set) throw new DataplaneError('dataplane/dangling-reference', { from: 'a rule', to: `IP set ${id}` })
  return set
}

/** By asking for each length: members are canonical text, and sets are far larger than the number of lengths. */
function netSetHolds({ members }: IpSet, address: Address): boolean {
  for (let length = width(address.family); length > 0; length--)
    if (members.has(formatPrefix(prefixOf(address, length)))) return true
  return false
}

function ipPortSetHolds({ members }: IpSet, { address, protocol }: Side, port: number): boolean {
  return (
    members.has(formatIpPortMember({ address, protocol, port })) ||
    members.has(`${formatAddress(address)},${protocol}:${port}`)
  )
}
