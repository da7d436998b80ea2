/** Arbitraries of selectors, labels and valid objects, for the property tests of this and other packages. */
export {
  anyFelixConfiguration,
  anyGlobalNetworkPolicy,
  anyGlobalNetworkSet,
  anyIPAMBlock,
  anyIPPool,
  anyIPReservation,
  anyName,
  anyNet,
  anyNetworkPolicy,
  anyNetworkSet,
  anyNode,
  anyProfile,
  anyResource,
  anyRule,
  anyTier,
  anyWorkloadEndpoint,
} from './resources.ts'
export { anyLabelName, anyLabels, anyLooseLabels, anySelector, anySelectorValue } from './selectors.ts'
