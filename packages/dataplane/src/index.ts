/** Policy and routing programs: the data between the engines and the drivers; the drivers' contracts. */
export type { Decision, Direction, Flow, TraceStep, Verdict } from './flow.ts'
export type {
  EndpointId,
  EndpointProgram,
  EntityMatch,
  IcmpMatch,
  IpSet,
  IpSetDelta,
  IpSetId,
  PolicyDelta,
  PolicyId,
  PolicyProgram,
  PolicyRules,
  PortRange,
  Rule,
  TierProgram,
  WorkloadProgram,
} from './policy-program.ts'
export { emptyProgram } from './policy-program.ts'
export type { ApplyReport, Drift, PolicyDataplane, ResyncReport, RoutingDataplane } from './ports.ts'
export {
  emptyNat,
  type LocalWorkload,
  type NatProgram,
  type Route,
  type RoutingProgram,
  type Vtep,
} from './routing-program.ts'
