/** fast-check arbitraries of small policy universes: resources of one node, its neighbours and the world outside. */
export { arbitraryFlow } from '@tortie/dataplane/testing/arbitraries'
export { arbitraryRule } from './rules.ts'
export { arbitraryUniverse, type PolicyUniverse, type UniverseOptions } from './universe.ts'
export { localPods, pods, thisNode, type WorldPod } from './world.ts'
