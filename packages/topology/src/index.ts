/** Nodes, pools, blocks and endpoints to the routing program of one node. Pure, incremental. */
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
