import type { Decision, Direction, Flow, TraceStep } from '@tortie/dataplane'
import { hasPorts, icmpProtocol } from '@tortie/dataplane'
import { type Address, containsAddress, isAddress, parseAddress, parsePrefix } from '@tortie/ip'
import type { GlobalNetworkPolicy, NetworkPolicy, Rule } from '@tortie/model'
import { PolicyError } from '../errors.ts'
import { policyId, profileId } from '../resources/ids.ts'
import { ruleProblem } from '../resources/rule-problem.ts'
import { readRules } from '../resources/shape.ts'
import { type Packet, type RuleScope, ruleMatches } from './rule.ts'
import { policySelects } from './selector.ts'
import type { PolicyState, StateEndpoint } from './state.ts'

export interface Query {
  /** `<namespace>/<name>` of a WorkloadEndpoint on any node. */
  readonly endpoint: string
  readonly direction: Direction
  readonly flow: Flow
}

/**
 * What policy says of a new connection at one endpoint, with every step on the way. Works on the resources as they are
 * written: no index and no IP sets, nothing shared with the engine's calculation (spec 02 §2.1–2.5, §2.9).
 * @throws PolicyError `policy/unknown-endpoint`, `policy/bad-flow`
 */
export function evaluate(state: PolicyState, { endpoint, direction, flow }: Query): Decision {
  const found = state.endpoints.get(endpoint)
  if (found === undefined) throw new PolicyError('policy/unknown-endpoint', { endpoint })
  return decide(state, found, direction, packetOf(flow))
}

export interface ConnectionDecision {
  /** Allowed by both sides; a side that is no workload has no say. */
  readonly verdict: Decision['verdict']
  /** Of the workload that has the source address; of several, the one with the smallest id. */
  readonly egress?: Decision & { readonly endpoint: string }
  readonly ingress?: Decision & { readonly endpoint: string }
}

/**
 * What policy says of a new connection on its whole way: egress of the workload that has the source address, then
 * ingress of the one that has the destination's. The second is not asked once the first denies.
 * @throws PolicyError `policy/bad-flow`
 */
export function evaluateConnection(state: PolicyState, flow: Flow): ConnectionDecision {
  const packet = packetOf(flow)
  const at = (direction: Direction, { address }: { readonly address: Address }) => {
    const id = ownerOf(state, address)
    const endpoint = state.endpoints.get(id ?? '')
    return endpoint && id !== undefined ? { endpoint: id, ...decide(state, endpoint, direction, packet) } : undefined
  }
  const egress = at('egress', packet.source)
  if (egress?.verdict === 'deny') return { verdict: 'deny', egress }
  const ingress = at('ingress', packet.destination)
  return {
    verdict: ingress?.verdict ?? 'allow',
    ...(egress && { egress }),
    ...(ingress && { ingress }),
  }
}

function ownerOf({ endpoints }: PolicyState, address: Address): string | undefined {
  let owner: string | undefined
  for (const [id, { addresses }] of endpoints) {
    const isHere = addresses.some((prefix) => containsAddress(prefix, address))
    if (isHere && (owner === undefined || id < owner)) owner = id
  }
  return owner
}

function packetOf(flow: Flow): Packet {
  const side = (field: 'source' | 'destination', port: number | undefined) => {
    if (!isAddress(flow[field])) throw new PolicyError('policy/bad-flow', { field, why: 'write an IP address' })
    return { address: parseAddress(flow[field]), port: hasPorts(flow.protocol) ? port : undefined }
  }
  const source = side('source', flow.sourcePort)
  const destination = side('destination', flow.destinationPort)
  const { family } = source.address
  if (family !== destination.address.family)
    throw new PolicyError('policy/bad-flow', { field: 'destination', why: 'is not of the family of the source' })
  const isIcmp = flow.icmpType !== undefined && flow.protocol === icmpProtocol(family)
  const icmp = isIcmp ? { type: flow.icmpType, code: flow.icmpCode ?? 0 } : undefined
  return { protocol: flow.protocol, source, destination, icmp }
}

function decide(state: PolicyState, { party }: StateEndpoint, direction: Direction, packet: Packet): Decision {
  const trace: TraceStep[] = []
  const end = (verdict: Decision['verdict'], step?: TraceStep): Decision => ({
    verdict,
    trace: step ? [...trace, step] : trace,
  })
  if (party === undefined) return end('deny', { at: 'inactive' })
  const sendable = [...party.prefixes, ...party.view.spoofablePrefixes.map(parsePrefix)]
  if (direction === 'egress' && !sendable.some((prefix) => containsAddress(prefix, packet.source.address)))
    return end('deny', { at: 'spoofed-source' })

  const applying = state.policies.filter((policy) => governs(policy, direction) && policySelects(policy, party.labels))
  for (const tier of tiersOf(state, applying)) {
    const action = throughTier(state, tier, applying, direction, packet, trace)
    if (action !== 'pass') return end(action)
  }
  for (const name of party.view.profiles) {
    const profile = state.profiles.get(name)
    const rules: readonly Rule[] = profile ? readRules(profile.spec[direction]) : [{ action: 'Deny' }]
    const action = throughRules(rules, packet, { state, namespace: undefined }, (index, action) =>
      trace.push({ at: 'profile-rule', profile: profileId(name), index, action }),
    )
    if (action === 'allow' || action === 'deny') return end(action)
  }
  return end('deny', { at: 'no-match' })
}

type Policy = NetworkPolicy | GlobalNetworkPolicy

/** Untracked and pre-DNAT policies are for hosts; no types means both (spec 02 §2.2, §2.5). */
function governs({ kind, spec }: Policy, direction: Direction): boolean {
  if (
    kind === 'GlobalNetworkPolicy' &&
    (('doNotTrack' in spec && spec.doNotTrack) || ('preDNAT' in spec && spec.preDNAT))
  )
    return false
  const types = spec.types ?? []
  return types.length === 0 || types.includes(direction === 'ingress' ? 'Ingress' : 'Egress')
}

function tierOf({ spec }: Policy): string {
  return spec.tier === undefined || spec.tier === '' ? 'default' : spec.tier
}

/** Names, in order: by existence, order, name. */
function tiersOf({ tiers }: PolicyState, policies: readonly Policy[]): readonly string[] {
  const order = (name: string): number => tiers.get(name)?.spec.order ?? Number.POSITIVE_INFINITY
  const missing = (name: string): number => (tiers.has(name) ? 0 : 1)
  return [...new Set(policies.map(tierOf))].sort(
    (a, b) => missing(a) - missing(b) || numerically(order(a), order(b)) || textually(a, b),
  )
}

function throughTier(
  state: PolicyState,
  tier: string,
  applying: readonly Policy[],
  direction: Direction,
  packet: Packet,
  trace: TraceStep[],
): 'allow' | 'deny' | 'pass' {
  const tie = ({ kind, metadata: { name, namespace = '' } }: Policy): string => `${name}/${namespace}/${kind}`
  const order = ({ spec }: Policy): number => spec.order ?? Number.POSITIVE_INFINITY
  const policies = applying
    .filter((policy) => tierOf(policy) === tier)
    .sort((a, b) => numerically(order(a), order(b)) || textually(tie(a), tie(b)))
  for (const { kind, metadata, spec } of policies) {
    const policy = policyId(kind, metadata)
    const namespace = kind === 'NetworkPolicy' ? metadata.namespace : undefined
    const action = throughRules(readRules(spec[direction]), packet, { state, namespace }, (index, action) =>
      trace.push({ at: 'rule', tier, policy, direction, index, action }),
    )
    if (action) return action
    trace.push({ at: 'policy-end', tier, policy })
  }
  const action = state.tiers.get(tier)?.spec.defaultAction === 'Pass' ? 'pass' : 'deny'
  trace.push({ at: 'tier-end', tier, action })
  return action
}

/** Infinity equals itself. */
function numerically(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function textually(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

const actions = { Allow: 'allow', Deny: 'deny', Pass: 'pass', Log: 'log' } as const

function throughRules(
  rules: readonly Rule[],
  packet: Packet,
  scope: RuleScope,
  note: (index: number, action: 'allow' | 'deny' | 'pass' | 'log') => void,
): 'allow' | 'deny' | 'pass' | undefined {
  for (const [index, rule] of rules.entries()) {
    const isReadable = ruleProblem(rule) === undefined
    if (isReadable && !ruleMatches(rule, packet, scope)) continue
    const action = isReadable ? actions[rule.action] : 'deny'
    note(index, action)
    if (action !== 'log') return action
  }
  return undefined
}
