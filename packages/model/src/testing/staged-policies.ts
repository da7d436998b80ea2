import fc from 'fast-check'
import type { ResourceOf } from '../kinds/kind.ts'
import { anyGlobalNetworkPolicy, anyMetadata, anyNet, anyNetworkPolicy, defined, optional } from './resources.ts'
import { anyLabels } from './selectors.ts'

const anyAction = fc.constantFrom('Set' as const, 'Learn' as const, 'Ignore' as const, undefined)
const withAction = <S extends object>(spec: S, stagedAction: 'Set' | 'Learn' | 'Ignore' | undefined) => ({
  ...(stagedAction !== undefined && { stagedAction }),
  ...spec,
})

export const anyStagedNetworkPolicy: fc.Arbitrary<ResourceOf<'StagedNetworkPolicy'>> = fc
  .tuple(anyNetworkPolicy, anyAction)
  .map(([{ spec, ...policy }, action]) => ({ ...policy, kind: 'StagedNetworkPolicy', spec: withAction(spec, action) }))

export const anyStagedGlobalNetworkPolicy: fc.Arbitrary<ResourceOf<'StagedGlobalNetworkPolicy'>> = fc
  .tuple(anyGlobalNetworkPolicy, anyAction)
  .map(([{ spec, ...policy }, action]) => ({
    ...policy,
    kind: 'StagedGlobalNetworkPolicy',
    spec: withAction(spec, action),
  }))

type KubernetesSpec = ResourceOf<'StagedKubernetesNetworkPolicy'>['spec']

const anyLabelSelector = fc.oneof(
  fc.constant({}),
  anyLabels.filter((labels) => Object.keys(labels).length > 0).map((matchLabels) => ({ matchLabels })),
  fc.constant({ matchExpressions: [{ key: 'env', operator: 'In' as const, values: ['prod'] }] }),
)

const anyKubernetesPorts = fc.constantFrom<NonNullable<NonNullable<KubernetesSpec['ingress']>[0]['ports']>>(
  [{ protocol: 'TCP', port: 80 }],
  [
    { port: 8000, endPort: 8080 },
    { protocol: 'UDP', port: 'dns' },
  ],
)

const anyPeer = fc.oneof(
  anyLabelSelector.map((podSelector) => ({ podSelector })),
  anyLabelSelector.map((namespaceSelector) => ({ namespaceSelector })),
  anyNet(4).map((cidr) => ({ ipBlock: { cidr } })),
)

export const anyStagedKubernetesNetworkPolicy: fc.Arbitrary<ResourceOf<'StagedKubernetesNetworkPolicy'>> = fc
  .record({
    metadata: anyMetadata,
    namespace: fc.constantFrom('default', 'prod'),
    podSelector: anyLabelSelector,
    ports: optional(anyKubernetesPorts),
    from: fc.array(anyPeer, { minLength: 1, maxLength: 2 }),
    policyTypes: optional(fc.constant(['Ingress' as const, 'Egress' as const])),
  })
  .map(({ metadata, namespace, podSelector, ports, from, policyTypes }) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'StagedKubernetesNetworkPolicy',
    metadata: { ...metadata, namespace },
    spec: defined<KubernetesSpec>({
      podSelector,
      policyTypes,
      ingress: [{ from, ...(ports && { ports }) }],
    } as KubernetesSpec & { policyTypes: KubernetesSpec['policyTypes'] | undefined }),
  }))
