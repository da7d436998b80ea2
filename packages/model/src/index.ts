/** Every projectcalico.org/v3 kind from one schema: type, validation, defaults, JSON Schema; selectors; 64-bit-safe JSON. */

export {
  type ClusterFacts,
  defaultAllowProfile,
  initialClusterInformation,
  initialTiers,
} from './client-rules/initial.ts'
export { isEnabledPool, poolOverlaps } from './client-rules/pools.ts'
export { type PreparePorts, prepareCreate, prepareUpdate, present, timestampOf } from './client-rules/prepare.ts'
export { type FieldError, isModelError, ModelError, type ModelErrorCode, type ModelErrorFacts } from './errors.ts'
export { formatJson, type JsonObject, type JsonValue, parseJson } from './json/json.ts'
export type { BGPConfiguration, BGPConfigurationSpec } from './kinds/bgp-configuration.ts'
export type { BGPFilter, BGPFilterOperation, BGPFilterRule, BGPFilterSpec } from './kinds/bgp-filter.ts'
export type { BGPPassword } from './kinds/bgp-password.ts'
export type { BGPPeer, BGPPeerSpec } from './kinds/bgp-peer.ts'
export type {
  CalicoNodePeer,
  CalicoNodeRoute,
  CalicoNodeStatus,
  CalicoNodeStatusSpec,
  CalicoNodeStatusStatus,
} from './kinds/calico-node-status.ts'
export type { ClusterInformation, ClusterInformationSpec } from './kinds/cluster-information.ts'
export type { Condition } from './kinds/condition.ts'
export type { FelixConfiguration, FelixConfigurationSpec } from './kinds/felix-configuration/felix-configuration.ts'
export type { HostEndpoint, HostEndpointPort, HostEndpointSpec } from './kinds/host-endpoint.ts'
export type { IPPool, IPPoolSpec, IPPoolStatus } from './kinds/ip-pool.ts'
export { defaultBlockSize } from './kinds/ip-pool-checks.ts'
export type {
  AllocationAttribute,
  BlockAffinity,
  BlockAffinitySpec,
  IPAMBlock,
  IPAMBlockSpec,
  IPAMConfig,
  IPAMConfigSpec,
  IPAMConfiguration,
  IPAMConfigurationSpec,
  IPAMHandle,
  IPAMHandleSpec,
  IPReservation,
  IPReservationSpec,
} from './kinds/ipam.ts'
export { type AnyResource, findKind, isKind, type Kind, type KindInfo, kinds, type ResourceOf } from './kinds/kind.ts'
export type {
  KubeControllersConfiguration,
  KubeControllersConfigurationSpec,
  KubeControllersConfigurationStatus,
} from './kinds/kube-controllers-configuration.ts'
export type { LabelSelector } from './kinds/kubernetes-rule.ts'
export type { LiveMigration, LiveMigrationSpec } from './kinds/live-migration.ts'
export type { GlobalNetworkSet, NetworkSet, NetworkSetSpec } from './kinds/network-set.ts'
export type { Node, NodeSpec, NodeStatus } from './kinds/node.ts'
export type {
  GlobalNetworkPolicy,
  GlobalNetworkPolicySpec,
  NetworkPolicy,
  NetworkPolicySpec,
} from './kinds/policy.ts'
export type { Profile, ProfileSpec } from './kinds/profile.ts'
export { apiVersion, type Resource } from './kinds/resource.ts'
export type { EntityRule, Rule } from './kinds/rule.ts'
export type {
  StagedGlobalNetworkPolicy,
  StagedGlobalNetworkPolicySpec,
  StagedKubernetesNetworkPolicy,
  StagedKubernetesNetworkPolicySpec,
  StagedNetworkPolicy,
  StagedNetworkPolicySpec,
} from './kinds/staged-policy.ts'
export { builtInTiers, defaultTierOrder, type Tier, type TierSpec, type TierStatus } from './kinds/tier.ts'
export type {
  EndpointPort,
  IPNAT,
  QoSControls,
  WorkloadEndpoint,
  WorkloadEndpointSpec,
} from './kinds/workload-endpoint.ts'
export type { Metadata } from './metadata/metadata.ts'
export { isDnsLabel, labelKeyComplaint, labelValueComplaint } from './metadata/names.ts'
export { felixParameterName } from './names/felix-parameter.ts'
export { blockAffinityName, blockName } from './names/ipam.ts'
export { escapeSegment, nodeNameOf, unescapeSegment, wellKnown } from './names/labels.ts'
export {
  endpointStatusName,
  type ParsedWorkloadEndpointName,
  parseWorkloadEndpointName,
  podInterfaceName,
  type WorkloadIdentity,
  workloadEndpointName,
  workloadEndpointNamePrefix,
  workloadOf,
} from './names/workload-endpoint.ts'
export { calicoVersion } from './release.ts'
export { type AddressPort, parseAddressPort } from './scalars/address-port.ts'
export { formatAsDot, parseAsNumber } from './scalars/as-number.ts'
export { parseCommunity } from './scalars/community.ts'
export { formatDscp, parseDscp } from './scalars/dscp.ts'
export { formatDuration, formatDurationNs, parseDuration, parseDurationNs } from './scalars/duration.ts'
export { canonicalMac } from './scalars/mac.ts'
export { formatPort, type Port, parsePort } from './scalars/port.ts'
export { formatProtocol, hasPorts, parseProtocol, protocolNumbers } from './scalars/protocol.ts'
export {
  compileSelector,
  type LabelLookup,
  type Labels,
  lookupIn,
  type Matcher,
  matchesLabels,
} from './selector/evaluate.ts'
export { formatSelector, normaliseSelector } from './selector/format.ts'
export { selectorId, uniqueId } from './selector/identify.ts'
export { parseSelector } from './selector/parse.ts'
export { type LabelRestriction, labelRestrictions } from './selector/restrictions.ts'
export { prefixLabels } from './selector/rewrite.ts'
export type { LabelTest, Selector } from './selector/selector.ts'
export { decodeBlockSpec, decodeOrder, decodeResource, formatResource, parseResource } from './validation/codec.ts'
export { crdOf } from './validation/crd.ts'
export { jsonSchema } from './validation/json-schema.ts'
export { recognizeFields } from './validation/recognize-fields.ts'
export { unknownFields } from './validation/unknown-fields.ts'
export { findErrors, type ValidateOptions, validate, withDefaults } from './validation/validate.ts'
