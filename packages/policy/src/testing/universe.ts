import {
  type AnyResource,
  apiVersion,
  type EndpointPort,
  type GlobalNetworkPolicy,
  type GlobalNetworkSet,
  type NetworkPolicy,
  type NetworkSet,
  type Profile,
  type Tier,
  type WorkloadEndpoint,
} from '@tortie/model'
import fc from 'fast-check'
import { damaged } from './damage.ts'
import { arbitraryRule, compact, oneOf, sometimes } from './rules.ts'
import {
  namespaceSelectors,
  namespaces,
  nets,
  numericPorts,
  pods,
  portNames,
  selectors,
  serviceAccountSelectors,
  serviceAccounts,
  thisNode,
  type WorldPod,
} from './world.ts'

/** Everything that decides about flows in the small world. */
export interface PolicyUniverse {
  /** The node whose program is asked for. */
  readonly node: string
  readonly sourceSpoofing: boolean
  /** In no particular order, each kind and name once. */
  readonly resources: readonly AnyResource[]
}

const labels = () =>
  fc
    .record({
      app: sometimes(80, oneOf(['web', 'db', 'cache'])),
      role: sometimes(50, oneOf(['front', 'back'])),
      // Labels that nobody can give himself.
      'pcns.env': sometimes(5, fc.constant('live')),
    })
    .map((found) => compact<Record<string, string>>(found))

const endpointPort = (): fc.Arbitrary<EndpointPort> =>
  fc.record({
    name: oneOf(portNames),
    protocol: oneOf(['TCP', 'UDP', 'SCTP', 6]),
    port: oneOf(numericPorts.filter((port) => typeof port === 'number')),
  })

function workloadEndpoint(pod: WorldPod): fc.Arbitrary<WorkloadEndpoint> {
  const { namespace } = pod
  return fc
    .record({
      labels: labels(),
      serviceAccountName: sometimes(70, oneOf(serviceAccounts)),
      ports: sometimes(60, fc.array(endpointPort(), { maxLength: 3 })),
      profiles: fc.shuffledSubarray([`kns.${namespace}`, `ksa.${namespace}.default`, 'shared', 'missing'], {
        maxLength: 3,
      }),
      allowSpoofedSourcePrefixes: sometimes(8, fc.constant(['192.0.2.0/25', '2001:db8::/64'])),
    })
    .map(({ labels, ...spec }) => ({
      apiVersion,
      kind: 'WorkloadEndpoint',
      metadata: { name: pod.name, namespace, labels },
      spec: compact<WorkloadEndpoint['spec']>({
        node: pod.node,
        orchestrator: 'k8s',
        interfaceName: pod.interface,
        ipNetworks: [`${pod.v4}/32`, `${pod.v6}/128`],
        ...spec,
      }),
    }))
}

const ruleList = () => sometimes(80, fc.array(arbitraryRule(), { minLength: 1, maxLength: 4 }))
const tierNames = ['default', 'kube-admin', 'security', 'absent'] as const

function policySpec() {
  return {
    tier: sometimes(70, oneOf(tierNames)),
    order: sometimes(70, oneOf([1, 10, 10, 20, 0.5, -1])),
    selector: sometimes(70, oneOf(selectors)),
    serviceAccountSelector: sometimes(10, oneOf(serviceAccountSelectors)),
    types: sometimes(80, fc.subarray<'Ingress' | 'Egress'>(['Ingress', 'Egress'])),
    ingress: ruleList(),
    egress: ruleList(),
    performanceHints: sometimes(5, fc.constant(['AssumeNeededOnEveryNode' as const])),
  }
}

function networkPolicy(namespace: string, name: string): fc.Arbitrary<NetworkPolicy> {
  return fc.record(policySpec()).map((spec) => ({
    apiVersion,
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: compact<NetworkPolicy['spec']>(spec),
  }))
}

function globalNetworkPolicy(name: string): fc.Arbitrary<GlobalNetworkPolicy> {
  const flag = sometimes(3, fc.constant(true))
  return fc
    .record({
      ...policySpec(),
      namespaceSelector: sometimes(30, oneOf(namespaceSelectors)),
      doNotTrack: flag,
      preDNAT: flag,
    })
    .map((spec) => ({
      apiVersion,
      kind: 'GlobalNetworkPolicy',
      metadata: { name },
      spec: compact<GlobalNetworkPolicy['spec']>(spec),
    }))
}

function tier(name: string): fc.Arbitrary<Tier> {
  const spec = fc.record({
    order: sometimes(90, oneOf([100, 100, 1000, 1_000_000])),
    defaultAction: sometimes(90, oneOf<'Deny' | 'Pass'>(['Deny', 'Pass'])),
  })
  return spec.map((found) => ({ apiVersion, kind: 'Tier', metadata: { name }, spec: compact<Tier['spec']>(found) }))
}

function profile(name: string, labelsToApply: fc.Arbitrary<Record<string, string>>): fc.Arbitrary<Profile> {
  const open = fc.constant([{ action: 'Allow' as const }])
  const rules = fc.oneof(
    { weight: 2, arbitrary: open },
    { weight: 1, arbitrary: fc.array(arbitraryRule(), { maxLength: 2 }) },
  )
  return fc.record({ ingress: rules, egress: rules, labelsToApply }).map((spec) => ({
    apiVersion,
    kind: 'Profile',
    metadata: { name },
    spec,
  }))
}

function profiles(): fc.Arbitrary<Profile[]> {
  const env = fc.record({ 'pcns.env': oneOf(['live', 'test']) }).map((found): Record<string, string> => found)
  const team = fc.record({ 'pcsa.team': oneOf(['blue', 'red']) }).map((found): Record<string, string> => found)
  const all = [
    ...namespaces.map((namespace) =>
      profile(
        `kns.${namespace}`,
        env.map((found) => ({ ...found, 'pcns.projectcalico.org/name': namespace })),
      ),
    ),
    ...namespaces.map((namespace) => profile(`ksa.${namespace}.default`, team)),
    profile('shared', fc.constant({ role: 'front', app: 'web' })),
  ]
  return fc.tuple(...all).chain((found) => fc.subarray(found, { minLength: 2 }))
}

function networkSets(): fc.Arbitrary<(NetworkSet | GlobalNetworkSet)[]> {
  const spec = fc.record({
    nets: fc.subarray(['192.0.2.200', ...nets[4], ...nets[6], '10.65.0.7/30'], { maxLength: 5 }),
  })
  const network = fc.record({ network: oneOf(['lab', 'shop']), app: sometimes(30, oneOf(['web', 'db'])) })
  const one = (kind: 'NetworkSet' | 'GlobalNetworkSet', name: string, namespace?: string) =>
    fc.record({ spec, labels: network }).map(
      ({ spec, labels }) =>
        ({
          apiVersion,
          kind,
          metadata: { name, ...(namespace && { namespace }), labels: compact<Record<string, string>>(labels) },
          spec,
        }) as NetworkSet | GlobalNetworkSet,
    )
  return fc
    .tuple(
      one('GlobalNetworkSet', 'a'),
      one('GlobalNetworkSet', 'b'),
      one('NetworkSet', 'a', 'prod'),
      one('NetworkSet', 'c', 'dev'),
    )
    .chain((all) => fc.subarray(all))
}

export interface UniverseOptions {
  /** Some resources hold what validation would refuse. */
  readonly damage?: boolean
}

/** A universe that validation accepts unless `damage` is asked for, of up to six policies. */
export function arbitraryUniverse({ damage = false }: UniverseOptions = {}): fc.Arbitrary<PolicyUniverse> {
  const policies = fc
    .tuple(
      ...['a', 'b', 'c'].map((name) => networkPolicy('prod', name)),
      ...['a', 'd'].map((name) => networkPolicy('dev', name)),
      ...['a', 'b', 'e'].map(globalNetworkPolicy),
    )
    .chain((all): fc.Arbitrary<AnyResource[]> => fc.subarray(all, { maxLength: 6 }))
  const tiers = fc.tuple(...tierNames.slice(0, 3).map(tier)).chain((all) => fc.subarray(all))
  return fc
    .record({
      endpoints: fc.tuple(...pods.map(workloadEndpoint)),
      policies,
      tiers,
      profiles: profiles(),
      networkSets: networkSets(),
      sourceSpoofing: oneOf([true, true, true, false]),
    })
    .chain(({ sourceSpoofing, ...parts }) => {
      const sound = Object.values(parts).flat() as AnyResource[]
      const resources = damage ? fc.tuple(...sound.map(damaged)) : fc.constant(sound)
      return resources.map((resources) => ({ node: thisNode, sourceSpoofing, resources }))
    })
}
