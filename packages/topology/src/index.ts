/** Nodes, pools, blocks and endpoints to the routing program and the BGP of one node. Pure, incremental. */
export { type BgpTopology, type BgpTopologyOptions, createBgpTopology } from './bgp/bgp-topology.ts'
export { type ClusterRouteFields, type ClusterRouteOwners, clusterRouteOwners } from './bgp/cluster-route-owners.ts'
export type { BgpChange, EndpointSlice, ObjectName, Service } from './bgp/inputs.ts'
export type { BgpProblem, BgpProblemCode, BgpProgram } from './bgp/program.ts'
export { type EncapMode, encapOf } from './encap.ts'
export {
  createTopology,
  type Topology,
  type TopologyChange,
  type TopologyOptions,
  type TopologyProblem,
  type Unroutable,
} from './topology.ts'
export { vtepMac, vtepOf } from './vtep.ts'
