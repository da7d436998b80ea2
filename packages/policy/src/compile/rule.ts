import type { EntityMatch, IcmpMatch, IpSetId, PortRange, Rule } from '@tortie/dataplane'
import { canonicalPrefix } from '@tortie/ip'
import { type EntityRule, type Rule as ModelRule, parsePort, parseProtocol, type Selector } from '@tortie/model'
import { type IpSetDefinition, type IpSetIds, ipSetType } from './ip-set.ts'
import { entitySelectors } from './selectors.ts'

/** Where a rule comes from, and where the IP sets go that it needs. */
export interface RuleContext {
  /** Of the policy; undefined for global policies and profiles. */
  readonly namespace: string | undefined
  readonly ids: IpSetIds
  readonly sets: Map<IpSetId, IpSetDefinition>
}

const actions = { Allow: 'allow', Deny: 'deny', Log: 'log', Pass: 'pass' } as const
const impliedVersion: Readonly<Record<number, 4 | 6>> = { 1: 4, 58: 6 }

/**
 * One rule of a policy or profile in the language of the dataplane (spec 02 §2.4, §3.3); undefined when it can match
 * nothing because its protocol is of the other family. The rule must be one without `ruleProblem`.
 */
export function compileRule(rule: ModelRule, index: number, context: RuleContext): Rule | undefined {
  const protocol = rule.protocol === undefined ? undefined : parseProtocol(rule.protocol)
  const implied = protocol === undefined ? undefined : impliedVersion[protocol]
  if (implied !== undefined && (rule.ipVersion ?? implied) !== implied) return undefined
  const ipVersion = rule.ipVersion ?? implied
  const icmp = icmpMatch(rule.icmp)
  const notIcmp = icmpMatch(rule.notICMP)
  const annotations = rule.metadata?.annotations
  return {
    action: actions[rule.action],
    ...(ipVersion !== undefined && { ipVersion }),
    ...(protocol !== undefined && { protocol }),
    ...(rule.notProtocol !== undefined && { notProtocol: parseProtocol(rule.notProtocol) }),
    ...(icmp && { icmp }),
    ...(notIcmp && { notIcmp }),
    source: entityMatch(rule.source ?? {}, protocol, false, context),
    destination: entityMatch(rule.destination ?? {}, protocol, true, context),
    index,
    ...(annotations !== undefined && Object.keys(annotations).length > 0 && { annotations }),
  }
}

function icmpMatch(icmp: ModelRule['icmp']): IcmpMatch | undefined {
  if (icmp?.type === undefined) return undefined
  return { type: icmp.type, ...(icmp.code !== undefined && { code: icmp.code }) }
}

function entityMatch(
  entity: EntityRule,
  protocol: number | undefined,
  isDestination: boolean,
  context: RuleContext,
): EntityMatch {
  const { positive, negative } = entitySelectors(entity, context.namespace)
  const need = (definition: IpSetDefinition): IpSetId => {
    const id = context.ids.of(definition)
    context.sets.set(id, definition)
    return id
  }
  const named = namedPorts(positive ?? { kind: 'all' }, protocol, need)
  const ports = splitPorts(entity.ports)
  const notPorts = splitPorts(entity.notPorts)
  // Named ports alone are looked up among the endpoints of the selector already.
  const coveredByPorts = ports.names.length > 0 && ports.ranges.length === 0
  const service = serviceSet(entity, isDestination, context.namespace)
  const serviceIds = service ? [need(service)] : []
  const withPorts = service !== undefined && ipSetType(service) === 'ip-port'
  const ipSets = [
    ...(positive && !coveredByPorts ? [need({ kind: 'selector', selector: positive })] : []),
    ...(withPorts ? [] : serviceIds),
  ]
  return withoutEmpty({
    nets: canonicalNets(entity.nets),
    notNets: canonicalNets(entity.notNets),
    ipSets,
    notIpSets: negative ? [need({ kind: 'selector', selector: negative })] : [],
    ports: ports.ranges,
    namedPorts: ports.names.map(named),
    notPorts: notPorts.ranges,
    notNamedPorts: notPorts.names.map(named),
    ipPortSets: withPorts ? serviceIds : [],
  })
}

function namedPorts(
  selector: Selector,
  protocol: number | undefined,
  need: (definition: IpSetDefinition) => IpSetId,
): (name: string) => IpSetId {
  return (port) => need({ kind: 'named-port', selector, port, ...(protocol !== undefined && { protocol }) })
}

function splitPorts(ports: EntityRule['ports']): {
  readonly ranges: readonly PortRange[]
  readonly names: readonly string[]
} {
  const ranges: PortRange[] = []
  const names: string[] = []
  for (const port of (ports ?? []).map(parsePort)) {
    if (port.kind === 'named') names.push(port.name)
    else ranges.push({ first: port.first, last: port.last })
  }
  return { ranges, names: [...new Set(names)] }
}

/** With ports to a service, its addresses alone from one (spec 02 §2.4). */
function serviceSet(
  { services }: EntityRule,
  withPorts: boolean,
  namespace: string | undefined,
): IpSetDefinition | undefined {
  if (services?.name === undefined || services.name === '') return undefined
  return { kind: 'service', service: `${services.namespace || namespace || ''}/${services.name}`, withPorts }
}

function canonicalNets(nets: readonly string[] | undefined): readonly string[] {
  return [...new Set((nets ?? []).map(canonicalPrefix))]
}

function withoutEmpty(match: { readonly [K in keyof EntityMatch]-?: NonNullable<EntityMatch[K]> }): EntityMatch {
  return Object.fromEntries(Object.entries(match).filter(([, list]) => list.length > 0))
}
