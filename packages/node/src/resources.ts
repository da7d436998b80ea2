import type { ResourceKey } from '@tortie/datastore'
import type { ResourceOf } from '@tortie/model'

/** The kinds that one node follows. */
export const followedKinds = [
  'ClusterInformation',
  'FelixConfiguration',
  'BGPConfiguration',
  'BGPPeer',
  'Node',
  'IPPool',
  'IPAMBlock',
  'Tier',
  'Profile',
  'NetworkSet',
  'GlobalNetworkSet',
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'WorkloadEndpoint',
] as const

export type FollowedKind = (typeof followedKinds)[number]

export type NodeChange =
  | { readonly type: 'put'; readonly item: ResourceOf<FollowedKind> }
  | { readonly type: 'delete'; readonly key: ResourceKey<FollowedKind> }
