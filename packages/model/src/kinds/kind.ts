import type { BGPConfiguration } from './bgp-configuration.ts'
import type { BGPFilter } from './bgp-filter.ts'
import type { BGPPeer } from './bgp-peer.ts'
import type { CalicoNodeStatus } from './calico-node-status.ts'
import type { ClusterInformation } from './cluster-information.ts'
import type { FelixConfiguration } from './felix-configuration/felix-configuration.ts'
import type { HostEndpoint } from './host-endpoint.ts'
import type { IPPool } from './ip-pool.ts'
import type { BlockAffinity, IPAMBlock, IPAMConfig, IPAMConfiguration, IPAMHandle, IPReservation } from './ipam.ts'
import type { KubeControllersConfiguration } from './kube-controllers-configuration.ts'
import type { LiveMigration } from './live-migration.ts'
import type { GlobalNetworkSet, NetworkSet } from './network-set.ts'
import type { Node } from './node.ts'
import type { GlobalNetworkPolicy, NetworkPolicy } from './policy.ts'
import type { Profile } from './profile.ts'
import type { StagedGlobalNetworkPolicy, StagedKubernetesNetworkPolicy, StagedNetworkPolicy } from './staged-policy.ts'
import type { Tier } from './tier.ts'
import type { WorkloadEndpoint } from './workload-endpoint.ts'

interface Resources {
  readonly BGPConfiguration: BGPConfiguration
  readonly BGPFilter: BGPFilter
  readonly BGPPeer: BGPPeer
  readonly BlockAffinity: BlockAffinity
  readonly CalicoNodeStatus: CalicoNodeStatus
  readonly ClusterInformation: ClusterInformation
  readonly FelixConfiguration: FelixConfiguration
  readonly GlobalNetworkPolicy: GlobalNetworkPolicy
  readonly GlobalNetworkSet: GlobalNetworkSet
  readonly HostEndpoint: HostEndpoint
  readonly IPAMBlock: IPAMBlock
  readonly IPAMConfig: IPAMConfig
  readonly IPAMConfiguration: IPAMConfiguration
  readonly IPAMHandle: IPAMHandle
  readonly IPPool: IPPool
  readonly IPReservation: IPReservation
  readonly KubeControllersConfiguration: KubeControllersConfiguration
  readonly LiveMigration: LiveMigration
  readonly NetworkPolicy: NetworkPolicy
  readonly NetworkSet: NetworkSet
  readonly Node: Node
  readonly Profile: Profile
  readonly StagedGlobalNetworkPolicy: StagedGlobalNetworkPolicy
  readonly StagedKubernetesNetworkPolicy: StagedKubernetesNetworkPolicy
  readonly StagedNetworkPolicy: StagedNetworkPolicy
  readonly Tier: Tier
  readonly WorkloadEndpoint: WorkloadEndpoint
}

/** Name of a kind, as in `kind: IPPool`. */
export type Kind = keyof Resources
/** The object that `kind: K` names. */
export type ResourceOf<K extends Kind> = Resources[K]
/** Any object, discriminated by `kind`. */
export type AnyResource = Resources[Kind]

/** What is known of a kind without its schema (spec 01 §1.1). */
export interface KindInfo<K extends Kind = Kind> {
  readonly kind: K
  /** Path segment in etcd and, for kinds that have one, the CRD's plural. */
  readonly plural: string
  readonly namespaced: boolean
  /** Names that the command line accepts besides the lower-cased kind and the plural. */
  readonly aliases: readonly string[]
  /** shortNames of the v3 CRD. */
  readonly shortNames: readonly string[]
  /** Stored under `/calico/resources/v3/…`; false for the IPAM kinds, which have keys of their own (spec 01 §2.3). */
  readonly hasResourceKey: boolean
  /** Not part of the public v3 API: made from other objects in Kubernetes, or owned by IPAM. */
  readonly internal: boolean
  readonly hasStatus: boolean
}

type Traits = Partial<Omit<KindInfo, 'kind' | 'plural'>>

function row<K extends Kind>(kind: K, plural: string, traits: Traits = {}): KindInfo<K> {
  return {
    kind,
    plural,
    namespaced: false,
    aliases: [],
    shortNames: [],
    hasResourceKey: true,
    internal: false,
    hasStatus: false,
    ...traits,
  }
}

const ipam: Traits = { hasResourceKey: false, internal: true }

export const kinds: { readonly [K in Kind]: KindInfo<K> } = {
  BGPConfiguration: row('BGPConfiguration', 'bgpconfigurations', {
    aliases: ['bgpconfig', 'bgpconfigs'],
    shortNames: ['bgpconfig', 'bgpconfigs'],
  }),
  BGPFilter: row('BGPFilter', 'bgpfilters', { aliases: ['bgpf', 'bgpfs', 'bf', 'bfs'] }),
  BGPPeer: row('BGPPeer', 'bgppeers', { aliases: ['bgpp', 'bgpps', 'bp', 'bps'] }),
  BlockAffinity: row('BlockAffinity', 'blockaffinities', { ...ipam, shortNames: ['affinity', 'affinities'] }),
  CalicoNodeStatus: row('CalicoNodeStatus', 'caliconodestatuses', {
    aliases: ['nodestatus', 'nodestatuses'],
    hasStatus: true,
  }),
  ClusterInformation: row('ClusterInformation', 'clusterinformations', {
    aliases: ['clusterinfo', 'clusterinfos'],
    shortNames: ['clusterinfo', 'clusterinfos'],
  }),
  FelixConfiguration: row('FelixConfiguration', 'felixconfigurations', { aliases: ['felixconfig', 'felixconfigs'] }),
  GlobalNetworkPolicy: row('GlobalNetworkPolicy', 'globalnetworkpolicies', {
    aliases: ['gnp', 'gnps'],
    shortNames: ['gnp', 'cgnp'],
  }),
  GlobalNetworkSet: row('GlobalNetworkSet', 'globalnetworksets', { aliases: ['gnetsets'], shortNames: ['gns'] }),
  HostEndpoint: row('HostEndpoint', 'hostendpoints', { aliases: ['hep', 'heps'], shortNames: ['hep', 'heps'] }),
  IPAMBlock: row('IPAMBlock', 'ipamblocks', ipam),
  IPAMConfig: row('IPAMConfig', 'ipamconfigs', ipam),
  IPAMConfiguration: row('IPAMConfiguration', 'ipamconfigurations', {
    aliases: ['ipamconfig', 'ipamconfigs'],
    shortNames: ['ipamconfig', 'ipamconfigs'],
  }),
  IPAMHandle: row('IPAMHandle', 'ipamhandles', ipam),
  IPPool: row('IPPool', 'ippools', { aliases: ['ipp', 'ipps', 'pool', 'pools'], hasStatus: true }),
  IPReservation: row('IPReservation', 'ipreservations', { aliases: ['reservation', 'reservations'] }),
  KubeControllersConfiguration: row('KubeControllersConfiguration', 'kubecontrollersconfigurations', {
    aliases: ['kubecontrollersconfig', 'kubecontrollersconfigs'],
    shortNames: ['kcc', 'kccs'],
    hasStatus: true,
  }),
  LiveMigration: row('LiveMigration', 'livemigrations', { namespaced: true, internal: true }),
  NetworkPolicy: row('NetworkPolicy', 'networkpolicies', {
    namespaced: true,
    aliases: ['policy', 'np', 'policies', 'pol', 'pols'],
    shortNames: ['cnp', 'caliconetworkpolicy'],
  }),
  NetworkSet: row('NetworkSet', 'networksets', { namespaced: true, aliases: ['netsets'] }),
  Node: row('Node', 'nodes', { aliases: ['no', 'nos'], internal: true, hasStatus: true }),
  Profile: row('Profile', 'profiles', { aliases: ['pro', 'pros'] }),
  StagedGlobalNetworkPolicy: row('StagedGlobalNetworkPolicy', 'stagedglobalnetworkpolicies', {
    aliases: ['sgnp', 'sgnps'],
    shortNames: ['sgnp'],
  }),
  StagedKubernetesNetworkPolicy: row('StagedKubernetesNetworkPolicy', 'stagedkubernetesnetworkpolicies', {
    namespaced: true,
    aliases: ['stagedkubernetespolicy', 'stagedkubernetespolicies', 'sknp', 'skpol', 'skpols'],
    shortNames: ['sknp'],
  }),
  StagedNetworkPolicy: row('StagedNetworkPolicy', 'stagednetworkpolicies', {
    namespaced: true,
    aliases: ['stagedpolicy', 'stagedpolicies', 'snp', 'spol', 'spols'],
    shortNames: ['scnp', 'snp'],
  }),
  Tier: row('Tier', 'tiers', { hasStatus: true }),
  WorkloadEndpoint: row('WorkloadEndpoint', 'workloadendpoints', {
    namespaced: true,
    aliases: ['wep', 'weps'],
    internal: true,
  }),
}

export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text)
}

/** The kind that a user means by `text`: its name, plural or an alias, in any case; undefined when none. */
export function findKind(text: string): Kind | undefined {
  const wanted = text.toLowerCase()
  const rows = Object.values(kinds) as readonly KindInfo[]
  const named = (info: KindInfo): boolean =>
    info.kind.toLowerCase() === wanted || info.plural === wanted || info.aliases.includes(wanted)
  // A public kind wins: `ipamconfig` is IPAMConfiguration to a user, not IPAM's internal kind.
  return (rows.find((info) => !info.internal && named(info)) ?? rows.find(named))?.kind
}
