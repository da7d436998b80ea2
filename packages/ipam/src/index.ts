/** IP address management that shares a datastore with Calico's: blocks, affinities, handles, pools, reservations. */
export type { AffinityState, Owner } from './affinity/affinity.ts'
export { type HostReservation, windowsReservation } from './block/block.ts'
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
export { defaultConfig, type IpamConfig } from './operations/config.ts'
export type { AddressHolder } from './operations/read.ts'
export type { ReleaseOptions, ReleaseResult } from './operations/release.ts'
export type { IntendedUse, Labels } from './pool/pool.ts'
export type { IpamPorts } from './store/context.ts'
