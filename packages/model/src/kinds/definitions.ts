import type { FieldError } from '../errors.ts'
import { type NameRule, nameRules } from '../metadata/names.ts'
import type { Schema } from '../schema/infer.ts'
import { bgpConfigurationSpec } from './bgp-configuration.ts'
import { bgpConfigurationChecks } from './bgp-configuration-checks.ts'
import { bgpFilterSpec } from './bgp-filter.ts'
import { bgpPeerSpec } from './bgp-peer.ts'
import { calicoNodeStatusSpec, calicoNodeStatusStatus } from './calico-node-status.ts'
import { clusterInformationSpec } from './cluster-information.ts'
import { felixConfigurationChecks, felixConfigurationSpec } from './felix-configuration/felix-configuration.ts'
import { hostEndpointSpec } from './host-endpoint.ts'
import { ipPoolSpec, ipPoolStatus } from './ip-pool.ts'
import {
  blockAffinitySpec,
  ipamBlockSpec,
  ipamConfigSpec,
  ipamConfigurationSpec,
  ipamHandleSpec,
  ipReservationSpec,
} from './ipam.ts'
import type { Kind, ResourceOf } from './kind.ts'
import {
  kubeControllersConfigurationSpec,
  kubeControllersConfigurationStatus,
} from './kube-controllers-configuration.ts'
import { liveMigrationSpec } from './live-migration.ts'
import { networkSetSpec } from './network-set.ts'
import { nodeSpec, nodeStatus } from './node.ts'
import { globalNetworkPolicySpec, networkPolicySpec } from './policy.ts'
import { profileSpec } from './profile.ts'
import { networkSetChecks, tierChecks, workloadEndpointChecks } from './resource-checks.ts'
import {
  stagedGlobalNetworkPolicySpec,
  stagedKubernetesNetworkPolicySpec,
  stagedNetworkPolicySpec,
} from './staged-policy.ts'
import { tierSpec, tierStatus } from './tier.ts'
import { workloadEndpointSpec } from './workload-endpoint.ts'

/** What there is to know of a kind's data. Schemas are functions: those of other kinds are never built. */
export interface Definition<K extends Kind = Kind> {
  readonly spec: () => Schema
  readonly status?: () => Schema
  readonly name: NameRule
  /** Which writes the name rule holds for, when not for all: older objects may have other names. */
  readonly nameOn?: 'create'
  /** Checks that need the metadata and the spec. */
  readonly check?: (resource: ResourceOf<K>) => Iterable<FieldError>
}

const { subdomain, free } = nameRules

/** One row per kind. */
export const definitions: { readonly [K in Kind]: Definition<K> } = {
  BGPConfiguration: { spec: bgpConfigurationSpec, name: subdomain, check: bgpConfigurationChecks },
  BGPFilter: { spec: bgpFilterSpec, name: subdomain },
  BGPPeer: { spec: bgpPeerSpec, name: subdomain },
  BlockAffinity: { spec: blockAffinitySpec, name: free },
  CalicoNodeStatus: { spec: calicoNodeStatusSpec, status: calicoNodeStatusStatus, name: subdomain },
  ClusterInformation: { spec: clusterInformationSpec, name: nameRules.default, nameOn: 'create' },
  FelixConfiguration: { spec: felixConfigurationSpec, name: subdomain, check: felixConfigurationChecks },
  GlobalNetworkPolicy: { spec: globalNetworkPolicySpec, name: nameRules.globalNetworkPolicy },
  GlobalNetworkSet: { spec: networkSetSpec, name: subdomain, check: networkSetChecks },
  HostEndpoint: { spec: hostEndpointSpec, name: subdomain },
  IPAMBlock: { spec: ipamBlockSpec, name: free },
  IPAMConfig: { spec: ipamConfigSpec, name: nameRules.default },
  IPAMConfiguration: { spec: ipamConfigurationSpec, name: nameRules.default },
  IPAMHandle: { spec: ipamHandleSpec, name: free },
  IPPool: { spec: ipPoolSpec, status: ipPoolStatus, name: subdomain },
  IPReservation: { spec: ipReservationSpec, name: subdomain },
  KubeControllersConfiguration: {
    spec: kubeControllersConfigurationSpec,
    status: kubeControllersConfigurationStatus,
    name: nameRules.default,
    nameOn: 'create',
  },
  LiveMigration: { spec: liveMigrationSpec, name: subdomain },
  NetworkPolicy: { spec: networkPolicySpec, name: nameRules.networkPolicy },
  NetworkSet: { spec: networkSetSpec, name: subdomain, check: networkSetChecks },
  Node: { spec: nodeSpec, status: nodeStatus, name: subdomain },
  Profile: { spec: profileSpec, name: subdomain },
  StagedGlobalNetworkPolicy: { spec: stagedGlobalNetworkPolicySpec, name: nameRules.globalNetworkPolicy },
  StagedKubernetesNetworkPolicy: { spec: stagedKubernetesNetworkPolicySpec, name: subdomain },
  StagedNetworkPolicy: { spec: stagedNetworkPolicySpec, name: nameRules.networkPolicy },
  Tier: { spec: tierSpec, status: tierStatus, name: nameRules.tier, check: tierChecks },
  WorkloadEndpoint: { spec: workloadEndpointSpec, name: nameRules.computed, check: workloadEndpointChecks },
}
