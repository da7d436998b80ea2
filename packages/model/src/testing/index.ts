/** Arbitraries of selectors, labels and valid objects, for the property tests of this and other packages. */
export { anyResource } from './any-resource.ts'
export { anyBGPConfiguration, anyBGPFilter, anyBGPPeer } from './bgp.ts'
export { anyCalicoNodeStatus, anyKubeControllersConfiguration, anyLiveMigration } from './cluster.ts'
export { mutateData, mutateText } from './mutations.ts'
export {
  anyFelixConfiguration,
  anyGlobalNetworkPolicy,
  anyGlobalNetworkSet,
  anyHostEndpoint,
  anyIPAMBlock,
  anyIPPool,
  anyIPReservation,
  anyName,
  anyNet,
  anyNetworkPolicy,
  anyNetworkSet,
  anyNode,
  anyProfile,
  anyRule,
  anyTier,
  anyWorkloadEndpoint,
} from './resources.ts'
export { anyLabelName, anyLabels, anyLooseLabels, anySelector, anySelectorValue } from './selectors.ts'
export {
  anyStagedGlobalNetworkPolicy,
  anyStagedKubernetesNetworkPolicy,
  anyStagedNetworkPolicy,
} from './staged-policies.ts'
