import type { FieldError } from '../errors.ts'
import type { FelixConfiguration } from '../kinds/felix-configuration/felix-configuration.ts'
import type { IPPool } from '../kinds/ip-pool.ts'
import { defaultBlockSize } from '../kinds/ip-pool-checks.ts'
import type { Kind, ResourceOf } from '../kinds/kind.ts'
import type { KubeControllersConfiguration } from '../kinds/kube-controllers-configuration.ts'
import type { GlobalNetworkPolicy, NetworkPolicy } from '../kinds/policy.ts'
import type { StagedGlobalNetworkPolicy, StagedNetworkPolicy } from '../kinds/staged-policy.ts'
import { defaultTierOrder, type Tier } from '../kinds/tier.ts'
import type { WorkloadEndpoint } from '../kinds/workload-endpoint.ts'
import { wellKnown } from '../names/labels.ts'
import { workloadEndpointName } from '../names/workload-endpoint.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import { tryPrefix } from '../schema/formats.ts'

/** What Calico's client does with a kind beyond its schema. Specs may still be wrong: nothing here throws for that. */
export interface Rules<K extends Kind = Kind> {
  /** Before a create or update is validated. */
  readonly write?: (resource: ResourceOf<K>) => ResourceOf<K>
  /** What may not change. */
  readonly change?: (resource: ResourceOf<K>, old: ResourceOf<K>) => readonly FieldError[]
  /** On the results of Get and List. */
  readonly present?: (resource: ResourceOf<K>) => ResourceOf<K>
}

/** One row per kind; the others have no rules of their own. */
export const clientRules: { readonly [K in Kind]: Rules<K> } = {
  BGPConfiguration: {},
  BGPFilter: {},
  BGPPeer: {},
  BlockAffinity: {},
  CalicoNodeStatus: {},
  ClusterInformation: {},
  FelixConfiguration: { write: felixDefaults },
  GlobalNetworkPolicy: { write: policyDefaults, present: withTierLabel },
  GlobalNetworkSet: {},
  HostEndpoint: {},
  IPAMBlock: {},
  IPAMConfig: {},
  IPAMConfiguration: {},
  IPAMHandle: {},
  IPPool: { write: blockSizeDefault, change: poolChanges, present: poolDefaults },
  IPReservation: {},
  KubeControllersConfiguration: { write: controllersDefaults },
  LiveMigration: {},
  NetworkPolicy: { write: policyDefaults, present: withTierLabel },
  NetworkSet: {},
  Node: {},
  Profile: {},
  StagedGlobalNetworkPolicy: { write: stagedDefaults, present: withTierLabel },
  StagedKubernetesNetworkPolicy: {},
  StagedNetworkPolicy: { write: stagedDefaults, present: withTierLabel },
  Tier: { present: tierDefaults },
  WorkloadEndpoint: { write: endpointIdentity },
}

type Staged = StagedNetworkPolicy | StagedGlobalNetworkPolicy
type Policy = NetworkPolicy | GlobalNetworkPolicy | Staged

/** Types from which rules there are, and the label that names the tier (spec 01 §1.7). */
function policyDefaults<P extends Policy>(policy: P): P {
  const { types, egress, ingress, tier } = policy.spec
  const implied = !egress?.length ? ['Ingress'] : ingress?.length ? ['Ingress', 'Egress'] : ['Egress']
  return {
    ...policy,
    metadata: withLabels(policy, { [wellKnown.tierLabel]: tier || 'default' }),
    spec: { ...policy.spec, types: types?.length ? types : implied },
  }
}

/** As those they stage; what is to be deleted has no types, whatever it says (spec 01 §1.7). */
function stagedDefaults<P extends Staged>(policy: P): P {
  const defaulted = policyDefaults(policy)
  if (policy.spec.stagedAction !== 'Delete') return defaulted
  const { types: _types, ...spec } = defaulted.spec
  return { ...defaulted, spec }
}

/** Readers see `default` for a missing label, whatever the tier (spec 01 §6, trap 3). */
function withTierLabel<P extends Policy>(policy: P): P {
  if (policy.metadata.labels?.[wellKnown.tierLabel] !== undefined) return policy
  return { ...policy, metadata: withLabels(policy, { [wellKnown.tierLabel]: 'default' }) }
}

function withLabels<R extends Policy | WorkloadEndpoint>(resource: R, labels: Record<string, string>): R['metadata'] {
  return { ...resource.metadata, labels: { ...resource.metadata.labels, ...labels } }
}

/** The name of an endpoint and the labels that cannot be lied about (spec 01 §1.9). */
function endpointIdentity(endpoint: WorkloadEndpoint): WorkloadEndpoint {
  const { namespace = '', name } = endpoint.metadata
  const { orchestrator = '' } = endpoint.spec
  const labels = { [wellKnown.namespaceLabel]: namespace, [wellKnown.orchestratorLabel]: orchestrator }
  const computed = complaintOf(() => workloadEndpointName(endpoint.spec)) === undefined
  return {
    ...endpoint,
    metadata: {
      ...withLabels(endpoint, labels),
      name: name || (computed ? workloadEndpointName(endpoint.spec) : ''),
    },
  }
}

/** A block size is always written (spec 01 §1.11). */
function blockSizeDefault(pool: IPPool): IPPool {
  const prefix = tryPrefix(pool.spec.cidr)
  if (pool.spec.blockSize || !prefix) return pool
  return { ...pool, spec: { ...pool.spec, blockSize: defaultBlockSize(prefix.family) } }
}

function poolDefaults(pool: IPPool): IPPool {
  const { spec } = blockSizeDefault(pool)
  return {
    ...pool,
    spec: {
      ...spec,
      vxlanMode: spec.vxlanMode || 'Never',
      ipipMode: spec.ipipMode || 'Never',
      nodeSelector: spec.nodeSelector || 'all()',
      allowedUses: spec.allowedUses?.length ? spec.allowedUses : ['Workload', 'Tunnel'],
      assignmentMode: spec.assignmentMode || 'Automatic',
    },
  }
}

/** Blocks of a pool are cut by its CIDR and block size: neither may change, nor may a LoadBalancer pool become another. */
function poolChanges(pool: IPPool, old: IPPool): readonly FieldError[] {
  const [now, before] = [poolDefaults(pool).spec, poolDefaults(old).spec]
  const errors: FieldError[] = []
  if (canonical(now.cidr) !== canonical(before.cidr))
    errors.push({ path: 'spec.cidr', value: now.cidr, reason: `IPPool CIDR cannot be modified; it is ${before.cidr}` })
  if (now.blockSize !== before.blockSize)
    errors.push({
      path: 'spec.blockSize',
      value: now.blockSize,
      reason: `IPPool BlockSize cannot be modified; it is ${before.blockSize}`,
    })
  const toOther = now.allowedUses?.find((use) => use !== 'LoadBalancer')
  if (before.allowedUses?.includes('LoadBalancer') && toOther !== undefined)
    errors.push({
      path: 'spec.allowedUses',
      value: now.allowedUses,
      reason: `IPPool AllowedUses cannot be changed from LoadBalancer to ${toOther}; make another pool`,
    })
  return errors
}

function canonical(cidr: string): string {
  const prefix = tryPrefix(cidr)
  return prefix ? `${prefix.value}/${prefix.length}/${prefix.family}` : cidr
}

function tierDefaults(tier: Tier): Tier {
  const { order = defaultTierOrder, defaultAction = 'Deny' } = tier.spec
  return { ...tier, spec: { ...tier.spec, order, defaultAction } }
}

/** The deprecated switch overrides what replaced it (spec 01 §1.15). */
function felixDefaults(felix: FelixConfiguration): FelixConfiguration {
  const { bpfConnectTimeLoadBalancingEnabled: deprecated } = felix.spec
  if (typeof deprecated !== 'boolean') return felix
  return {
    ...felix,
    spec: {
      ...felix.spec,
      bpfConnectTimeLoadBalancing: deprecated ? 'Enabled' : 'Disabled',
      bpfHostNetworkedNATWithoutCTLB: 'Disabled',
    },
  }
}

/** What is taken for absent in the spec only, not in the status (spec 01 §1.16). */
function controllersDefaults(config: KubeControllersConfiguration): KubeControllersConfiguration {
  const { prometheusMetricsPort = 9094, controllers } = config.spec
  const { node } = controllers
  return {
    ...config,
    spec: {
      ...config.spec,
      prometheusMetricsPort,
      controllers: { ...controllers, ...(node && { node: { leakGracePeriod: '15m0s', ...node } }) },
    },
  }
}
