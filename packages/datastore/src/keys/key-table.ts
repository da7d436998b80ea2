import { type Kind, kinds } from '@tortie/model'
import type { ResourceKey } from '../contract.ts'
import { affinityRow, blockRow, handleRow, ipamConfigRow } from './ipam.ts'
import { policyMetadata } from './policy-metadata.ts'
import { resourceRow } from './resource.ts'
import type { KeyRow } from './row.ts'

type KeyTable = { readonly [K in Kind]: KeyRow<K> }

/** Where and how every kind lies in etcd and in the embedded store: one row per kind, both directions. */
export const keyTable: KeyTable = {
  BGPConfiguration: resourceRow(kinds.BGPConfiguration),
  BGPFilter: resourceRow(kinds.BGPFilter),
  BGPPeer: resourceRow(kinds.BGPPeer),
  BlockAffinity: affinityRow,
  CalicoNodeStatus: resourceRow(kinds.CalicoNodeStatus),
  ClusterInformation: resourceRow(kinds.ClusterInformation),
  FelixConfiguration: resourceRow(kinds.FelixConfiguration),
  GlobalNetworkPolicy: resourceRow(kinds.GlobalNetworkPolicy, policyMetadata),
  GlobalNetworkSet: resourceRow(kinds.GlobalNetworkSet),
  HostEndpoint: resourceRow(kinds.HostEndpoint),
  IPAMBlock: blockRow,
  IPAMConfig: ipamConfigRow,
  IPAMConfiguration: resourceRow(kinds.IPAMConfiguration),
  IPAMHandle: handleRow,
  IPPool: resourceRow(kinds.IPPool),
  IPReservation: resourceRow(kinds.IPReservation),
  KubeControllersConfiguration: resourceRow(kinds.KubeControllersConfiguration),
  LiveMigration: resourceRow(kinds.LiveMigration),
  NetworkPolicy: resourceRow(kinds.NetworkPolicy, policyMetadata),
  NetworkSet: resourceRow(kinds.NetworkSet),
  Node: resourceRow(kinds.Node),
  Profile: resourceRow(kinds.Profile),
  StagedGlobalNetworkPolicy: resourceRow(kinds.StagedGlobalNetworkPolicy, policyMetadata),
  StagedKubernetesNetworkPolicy: resourceRow(kinds.StagedKubernetesNetworkPolicy),
  StagedNetworkPolicy: resourceRow(kinds.StagedNetworkPolicy, policyMetadata),
  Tier: resourceRow(kinds.Tier),
  WorkloadEndpoint: resourceRow(kinds.WorkloadEndpoint),
}

export function keyRow<K extends Kind>(kind: K): KeyRow<K> {
  return keyTable[kind]
}

/** The key of an object in etcd and in the embedded store (spec 01 §2). @throws DatastoreError BadKey */
export function formatKey<K extends Kind>(key: ResourceKey<K>): string {
  return keyRow(key.kind).format(key)
}

/** The object that a key names; undefined when it is a key of no kind. */
export function parseKey(text: string): ResourceKey | undefined {
  for (const row of Object.values(keyTable)) {
    const key = row.parse(text)
    if (key !== undefined) return key
  }
  return undefined
}
