/** IP address management that shares a datastore with Calico's: blocks, affinities, handles, pools, reservations. */
export type { AffinityState, Owner } from './affinity/affinity.ts'
export { type Block, type HostReservation, windowsReservation } from './block/block.ts'
export { validateBlock } from './block/validate.ts'
export { type CollectInput, type Collector, type CollectPlan, createCollector } from './collect/collector.ts'
export { IpamError, type IpamErrorCode, type IpamErrorFacts, isIpamError } from './errors.ts'
export { createIpam, type Ipam } from './ipam.ts'
export type { AffinityClaims, EnsureBlockRequest } from './operations/affinities.ts'
export type { AssignIpRequest } from './operations/assign-ip.ts'
export {
  type Assignment,
  type AutoAssignRequest,
  type FamilyAssignment,
  fulfilled,
  shortfall,
} from './operations/auto-assign.ts'
export type { CollectResult } from './operations/collect.ts'
export { defaultConfig, type IpamConfig } from './operations/config.ts'
export type { CheckOptions, UtilizationRequest } from './operations/inspect.ts'
export type { AddressHolder } from './operations/read.ts'
export type { ReleaseOptions, ReleaseResult } from './operations/release.ts'
export type { TunnelAddresses, TunnelRequest } from './operations/tunnels.ts'
export type { IntendedUse, Labels } from './pool/pool.ts'
export { type Allocation, allocationsOf, type BorrowedAddress, tunnelTypes } from './report/allocations.ts'
export type {
  AddressUse,
  CheckResult,
  IpamReport,
  LeakedHandle,
  OwnedAddress,
  ReportedAllocation,
} from './report/check.ts'
export { type CurrentCluster, planReportRelease, type ReportRelease } from './report/release-plan.ts'
export type { BlockUsage, PoolUsage, Usage } from './report/utilization.ts'
export type { IpamPorts } from './store/context.ts'
