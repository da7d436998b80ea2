import type { NftConfig } from '../config.ts'
import { elementsOf, neighbourDiscovery, unspecifiedSource } from './constant-sets.ts'
import {
  type Action,
  accept,
  type ChainSpec,
  drop,
  goto,
  type MapKey,
  type RuleSpec,
  type SetField,
  type SetSpec,
  type Term,
} from './ruleset.ts'

/** Names of what endpoints fill. */
export const dispatch = {
  guard: 'guard',
  egress: 'egress',
  ingress: 'ingress',
  sources: { 4: 'sources4', 6: 'sources6' },
  spoofable: { 4: 'spoofable4', 6: 'spoofable6' },
  workloads: 'workloads',
} as const

export const sourceCheck = 'source-check'
export const denied = 'denied'

/** raw: before connection tracking, so that a spoofed packet costs no entry. */
const priorities = { guard: -300, first: 0, second: 1 } as const

const established: Term = { is: 'connection', states: ['established', 'related'] }
const rule = (terms: readonly Term[], action: Action, rest: Partial<RuleSpec> = {}): RuleSpec => ({
  terms,
  counter: false,
  action,
  ...rest,
})
const ask = (key: MapKey, map: string): RuleSpec => rule([], { do: 'map', key, map })

/**
 * The chains that are always there. A packet of a workload passes `guard` (is the source its own?), then for other hosts
 * `egress`, whose accept leads on to `ingress`, and for this host `to-host`. An interface with a workload's prefix that
 * no map knows is closed both ways. Spec 02 §2.7–2.9, §4.5–4.7.
 */
export function skeletonChains(config: NftConfig, deny: Action): ChainSpec[] {
  const hook = (hook: 'prerouting' | 'input' | 'forward', priority: number) =>
    ({ type: 'filter', hook, priority }) as const
  const unknown = (way: 'in' | 'out', action: Action): RuleSpec[] =>
    config.interfacePrefixes.map((prefix) =>
      rule([{ is: 'interface', way, prefix }], action, { counter: true, origin: 'unknown interface' }),
    )
  const discovery = rule(
    [
      { is: 'protocol', protocol: 58 },
      { is: 'icmp-type-in', set: neighbourDiscovery.name },
    ],
    accept,
  )
  const chains: ChainSpec[] = [
    {
      name: 'guard',
      base: hook('prerouting', priorities.guard),
      rules: [ask({ by: 'interface', way: 'in' }, dispatch.guard), ...unknown('in', drop)],
    },
    { name: sourceCheck, rules: sourceRules(config) },
    {
      name: 'egress',
      base: hook('forward', priorities.first),
      rules: [
        rule([established], accept),
        ask({ by: 'family-interface', way: 'in' }, dispatch.egress),
        ...unknown('in', deny),
      ],
    },
    {
      name: 'ingress',
      base: hook('forward', priorities.second),
      rules: [ask({ by: 'family-interface', way: 'out' }, dispatch.ingress), ...unknown('out', deny)],
    },
    {
      name: 'to-host',
      base: hook('input', priorities.first),
      rules: [
        rule([established], accept),
        discovery,
        ask({ by: 'family-interface', way: 'in' }, dispatch.egress),
        ...unknown('in', deny),
      ],
    },
    { name: denied, rules: [rule([], deny, { counter: true, origin: 'closed endpoint' })] },
  ]
  if (config.endpointToHost === 'drop') {
    const workload: Term = { is: 'interface-in', way: 'in', set: dispatch.workloads }
    chains.push({
      name: 'to-host-action',
      base: hook('input', priorities.second),
      rules: [
        rule([established], accept),
        discovery,
        rule([workload], drop, { counter: true, origin: 'DefaultEndpointToHostAction' }),
      ],
    })
  }
  return chains
}

function sourceRules({ reversePathFilter }: NftConfig): RuleSpec[] {
  const back: Term[] = reversePathFilter ? [{ is: 'route-back' }] : []
  const from = (family: 4 | 6, set: string): Term => ({ is: 'interface-source-in', family, set })
  return [
    rule([from(4, dispatch.sources[4]), ...back], accept),
    rule([from(6, dispatch.sources[6]), ...back], accept),
    rule([from(4, dispatch.spoofable[4])], accept),
    rule([from(6, dispatch.spoofable[6])], accept),
    // Good on its own link only, which leads to this host: policy decides there.
    rule([{ is: 'net', side: 'source', net: 'fe80::/10' }], accept),
    rule(
      [
        { is: 'net', side: 'source', net: '::/128' },
        { is: 'protocol', protocol: 58 },
        { is: 'icmp-type-in', set: unspecifiedSource.name },
      ],
      accept,
    ),
    rule([], drop, { counter: true, origin: 'spoofed source' }),
  ]
}

/** Sets and maps that are always there; those of endpoints begin empty. */
export function skeletonSets(config: NftConfig): SetSpec[] {
  const empty = (name: string, fields: readonly SetField[], kind: 'set' | 'ranges' | 'map'): SetSpec => ({
    name,
    fields,
    interval: kind === 'ranges',
    verdicts: kind === 'map',
    elements: elementsOf([]),
  })
  return [
    neighbourDiscovery,
    unspecifiedSource,
    empty(dispatch.guard, ['interface'], 'map'),
    empty(dispatch.egress, ['family', 'interface'], 'map'),
    empty(dispatch.ingress, ['family', 'interface'], 'map'),
    empty(dispatch.sources[4], ['interface', 'ipv4'], 'set'),
    empty(dispatch.sources[6], ['interface', 'ipv6'], 'set'),
    empty(dispatch.spoofable[4], ['interface', 'ipv4'], 'ranges'),
    empty(dispatch.spoofable[6], ['interface', 'ipv6'], 'ranges'),
    ...(config.endpointToHost === 'drop' ? [empty(dispatch.workloads, ['interface'], 'set')] : []),
  ]
}

/** What every policy list begins with. Established flows have met `egress` and `to-host` first, but not `ingress`. */
export function preamble(direction: 'ingress' | 'egress', config: NftConfig, deny: Action): RuleSpec[] {
  const rules: RuleSpec[] = []
  if (direction === 'ingress') rules.push(rule([established], accept))
  if (config.dropInvalid)
    rules.push(rule([{ is: 'connection', states: ['invalid'] }], deny, { counter: true, origin: 'invalid connection' }))
  if (direction === 'ingress') return rules
  const tunnel = { counter: true, origin: 'tunnel from workload' }
  if (!config.allowIpipFromWorkloads) rules.push(rule([{ is: 'protocol', protocol: 4 }], deny, tunnel))
  if (!config.allowVxlanFromWorkloads) {
    const port: Term = { is: 'ports', side: 'destination', first: config.vxlanPort, last: config.vxlanPort }
    rules.push(rule([{ is: 'protocol', protocol: 17 }, port], deny, tunnel))
  }
  return rules
}

/** Into a chain whose every packet is denied: what a map of verdicts can say when the denial is an answer. */
export const closed = goto(denied)
