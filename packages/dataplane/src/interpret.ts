import { containsAddress, parsePrefix } from '@tortie/ip'
import { DataplaneError } from './errors.ts'
import type { Decision, Direction, Flow, TraceStep } from './flow.ts'
import { type Packet, packetOf, ruleMatches } from './match.ts'
import type { EndpointId, EndpointProgram, PolicyId, PolicyProgram, Rule, TierProgram } from './policy-program.ts'

type Action = Rule['action']

/**
 * What the program says of a new connection at one endpoint: the reference that drivers are measured against. It reads
 * the program as it is written and shares no code with any compiler. Spec 02 §2.3, §2.4, §2.9.
 * The fate of established flows, of tunnel packets sent by workloads and of packets to the node itself is the driver's
 * configuration and not asked here.
 * @throws DataplaneError `dataplane/unknown-endpoint`, `dataplane/bad-flow`, `dataplane/dangling-reference`
 */
export function interpret(program: PolicyProgram, endpoint: EndpointId, direction: Direction, flow: Flow): Decision {
  const workload = program.endpoints.get(endpoint)
  if (!workload) throw new DataplaneError('dataplane/unknown-endpoint', { endpoint })
  const packet = packetOf(flow)
  const trace: TraceStep[] = []
  if (!workload.active) return { verdict: 'deny', trace: [{ at: 'inactive' }] }
  if (direction === 'egress' && !maySendFrom(workload, packet))
    return { verdict: 'deny', trace: [{ at: 'spoofed-source' }] }
  const verdict =
    throughTiers(program, workload[direction], direction, packet, trace) ??
    throughProfiles(program, workload.profiles, direction, packet, trace)
  if (verdict) return { verdict, trace }
  trace.push({ at: 'no-match' })
  return { verdict: 'deny', trace }
}

function maySendFrom({ addresses, spoofablePrefixes }: EndpointProgram, { source }: Packet): boolean {
  return [...addresses, ...spoofablePrefixes].some((prefix) => containsAddress(parsePrefix(prefix), source.address))
}

/** undefined: every tier was passed. */
function throughTiers(
  program: PolicyProgram,
  tiers: readonly TierProgram[],
  direction: Direction,
  packet: Packet,
  trace: TraceStep[],
): 'allow' | 'deny' | undefined {
  for (const tier of tiers) {
    const action = throughTier(program, tier, direction, packet, trace)
    if (action !== 'pass') return action
  }
  return undefined
}

function throughTier(
  program: PolicyProgram,
  tier: TierProgram,
  direction: Direction,
  packet: Packet,
  trace: TraceStep[],
): 'allow' | 'deny' | 'pass' {
  for (const policy of tier.policies) {
    const action = throughRules(program, policy, direction, packet, (index, action) =>
      trace.push({ at: 'rule', tier: tier.name, policy, direction, index, action }),
    )
    if (action) return action
    trace.push({ at: 'policy-end', tier: tier.name, policy })
  }
  trace.push({ at: 'tier-end', tier: tier.name, action: tier.defaultAction })
  return tier.defaultAction
}

function throughProfiles(
  program: PolicyProgram,
  profiles: readonly PolicyId[],
  direction: Direction,
  packet: Packet,
  trace: TraceStep[],
): 'allow' | 'deny' | undefined {
  for (const profile of profiles) {
    const action = throughRules(program, profile, direction, packet, (index, action) =>
      trace.push({ at: 'profile-rule', profile, index, action }),
    )
    if (action === 'allow' || action === 'deny') return action
  }
  return undefined
}

/** The first rule that matches and is not Log; undefined when there is none. */
function throughRules(
  program: PolicyProgram,
  policy: PolicyId,
  direction: Direction,
  packet: Packet,
  note: (index: number, action: Action) => void,
): 'allow' | 'deny' | 'pass' | undefined {
  const rules = program.policies.get(policy)
  if (!rules) throw new DataplaneError('dataplane/dangling-reference', { from: 'an endpoint', to: `policy ${policy}` })
  for (const rule of rules[direction]) {
    if (!ruleMatches(rule, packet, program.ipSets)) continue
    note(rule.index, rule.action)
    if (rule.action !== 'log') return rule.action
  }
  return undefined
}
