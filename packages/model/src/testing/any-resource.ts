import fc from 'fast-check'
import type { AnyResource, Kind, ResourceOf } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import { anyBGPConfiguration, anyBGPFilter, anyBGPPeer } from './bgp.ts'
import { anyCalicoNodeStatus, anyKubeControllersConfiguration, anyLiveMigration } from './cluster.ts'
import {
  anyFelixConfiguration,
  anyGlobalNetworkPolicy,
  anyGlobalNetworkSet,
  anyHostEndpoint,
  anyIPAMBlock,
  anyIPPool,
  anyIPReservation,
  anyNetworkPolicy,
  anyNetworkSet,
  anyNode,
  anyProfile,
  anyTier,
  anyWorkloadEndpoint,
} from './resources.ts'
import {
  anyStagedGlobalNetworkPolicy,
  anyStagedKubernetesNetworkPolicy,
  anyStagedNetworkPolicy,
} from './staged-policies.ts'

const one = <K extends Kind>(kind: K, name: string, spec: ResourceOf<K>['spec']) =>
  fc.constant({ apiVersion, kind, metadata: { name }, spec } as unknown as AnyResource)

/** An object of any kind. */
export const anyResource: fc.Arbitrary<AnyResource> = fc.oneof(
  anyNetworkPolicy,
  anyGlobalNetworkPolicy,
  anyTier,
  anyProfile,
  anyNetworkSet,
  anyGlobalNetworkSet,
  anyIPPool,
  anyWorkloadEndpoint,
  anyNode,
  anyIPReservation,
  anyIPAMBlock,
  anyFelixConfiguration,
  anyHostEndpoint,
  anyBGPConfiguration,
  anyBGPFilter,
  anyBGPPeer,
  anyCalicoNodeStatus,
  anyKubeControllersConfiguration,
  anyLiveMigration,
  anyStagedGlobalNetworkPolicy,
  anyStagedKubernetesNetworkPolicy,
  anyStagedNetworkPolicy,
  one('ClusterInformation', 'default', { clusterGUID: 'ab', datastoreReady: true }),
  one('BlockAffinity', 'node-1-10-65-0-0-26', {
    state: 'confirmed',
    node: 'node-1',
    type: 'host',
    cidr: '10.65.0.0/26',
    deleted: false,
  }),
  one('IPAMHandle', 'net.c1', { handleID: 'net.c1', block: { '10.65.0.0/26': 1 }, deleted: false }),
  one('IPAMConfig', 'default', { strictAffinity: false, autoAllocateBlocks: true, maxBlocksPerHost: 0 }),
  one('IPAMConfiguration', 'default', { strictAffinity: true }),
)
