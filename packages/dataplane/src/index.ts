/** Policy and routing programs: the data between the engines and the drivers; the drivers' contracts. */
export {
  type BgpKernelPolicy,
  type BgpKernelPool,
  type BgpSourcePolicy,
  openBgpKernelPolicy,
} from './bgp-kernel-policy.ts'
export { checkEndpoint, checkPolicy } from './check.ts'
export { applyDelta, deltaBetween, emptyDelta, isEmptyDelta } from './delta.ts'
export { DataplaneError, type DataplaneErrorCode } from './errors.ts'
export type { Decision, Direction, Flow, TraceStep, Verdict } from './flow.ts'
export { interpret } from './interpret.ts'
export { formatIpPortMember, type IpPort, parseIpPortMember, parseNetMember } from './member.ts'
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
export { hasPorts, icmpProtocol, protocolNumbers } from './protocol.ts'
export { danglingReferences, ipSetsOf, policiesOf } from './references.ts'
export {
  emptyNat,
  type LocalWorkload,
  type NatProgram,
  type Route,
  type RoutingProgram,
  type Vtep,
} from './routing-program.ts'
