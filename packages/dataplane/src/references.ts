import type { EndpointProgram, IpSetId, PolicyId, PolicyProgram, PolicyRules } from './policy-program.ts'

/** IP sets that the rules of a policy or profile name. */
export function ipSetsOf({ ingress, egress }: PolicyRules): Set<IpSetId> {
  const ids = new Set<IpSetId>()
  for (const rule of [...ingress, ...egress])
    for (const side of [rule.source, rule.destination])
      for (const list of [side.ipSets, side.notIpSets, side.namedPorts, side.notNamedPorts, side.ipPortSets])
        for (const id of list ?? []) ids.add(id)
  return ids
}

/** Policies and profiles that an endpoint names. */
export function policiesOf({ ingress, egress, profiles }: EndpointProgram): Set<PolicyId> {
  return new Set([...[...ingress, ...egress].flatMap(({ policies }) => policies), ...profiles])
}

/** What the program refers to and does not hold, as `[from, to]`. A complete program has none. */
export function danglingReferences(program: PolicyProgram): (readonly [from: string, to: string])[] {
  const dangling: (readonly [string, string])[] = []
  for (const [id, rules] of program.policies)
    for (const set of ipSetsOf(rules)) if (!program.ipSets.has(set)) dangling.push([`policy ${id}`, `IP set ${set}`])
  for (const [id, endpoint] of program.endpoints)
    for (const policy of policiesOf(endpoint))
      if (!program.policies.has(policy)) dangling.push([`endpoint ${id}`, `policy ${policy}`])
  return dangling
}
