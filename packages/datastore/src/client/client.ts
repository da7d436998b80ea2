import type { Kind } from '@tortie/model'
import type { Datastore } from '../contract.ts'
import { createKindClient, type KindClient } from './kind-client.ts'
import type { ClientPorts } from './ports.ts'

const collections = {
  bgpConfigurations: 'BGPConfiguration',
  bgpFilters: 'BGPFilter',
  bgpPeers: 'BGPPeer',
  blockAffinities: 'BlockAffinity',
  calicoNodeStatuses: 'CalicoNodeStatus',
  clusterInformation: 'ClusterInformation',
  felixConfigurations: 'FelixConfiguration',
  globalNetworkPolicies: 'GlobalNetworkPolicy',
  globalNetworkSets: 'GlobalNetworkSet',
  hostEndpoints: 'HostEndpoint',
  ipamBlocks: 'IPAMBlock',
  ipamConfig: 'IPAMConfig',
  ipamConfigurations: 'IPAMConfiguration',
  ipamHandles: 'IPAMHandle',
  ipPools: 'IPPool',
  ipReservations: 'IPReservation',
  kubeControllersConfigurations: 'KubeControllersConfiguration',
  liveMigrations: 'LiveMigration',
  networkPolicies: 'NetworkPolicy',
  networkSets: 'NetworkSet',
  nodes: 'Node',
  profiles: 'Profile',
  stagedGlobalNetworkPolicies: 'StagedGlobalNetworkPolicy',
  stagedKubernetesNetworkPolicies: 'StagedKubernetesNetworkPolicy',
  stagedNetworkPolicies: 'StagedNetworkPolicy',
  tiers: 'Tier',
  workloadEndpoints: 'WorkloadEndpoint',
} as const satisfies Record<string, Kind>

type Collections = { readonly [N in keyof typeof collections]: KindClient<(typeof collections)[N]> }

/** Every kind by name, `client.networkPolicies.create(…)`, or by what `kind` says, `client.of(kind)`. */
export interface Client extends Collections {
  of<K extends Kind>(kind: K): KindClient<K>
}

/**
 * A datastore with the rules of Calico's client: what it writes any Calico component can read, and what must not be
 * written is refused. Builds only; the datastore stays the caller's.
 */
export function createClient(datastore: Datastore, ports: ClientPorts): Client {
  const of = <K extends Kind>(kind: K): KindClient<K> => createKindClient(kind, { ...ports, datastore })
  const named = Object.entries(collections).map(([name, kind]) => [name, of(kind)])
  return { ...(Object.fromEntries(named) as Collections), of }
}
