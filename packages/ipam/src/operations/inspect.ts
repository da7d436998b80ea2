import type { Call } from '@tortie/runtime'
import { type BorrowedAddress, borrowedAddresses } from '../report/allocations.ts'
import { type CheckInput, type CheckResult, checkIpam } from '../report/check.ts'
import { type PoolUsage, utilizationOf } from '../report/utilization.ts'
import type { Context } from '../store/context.ts'
import { find, listAll } from '../store/records.ts'
import { readPools, readReservations } from './world.ts'

export interface UtilizationRequest {
  /** Names or CIDRs; none: all pools, and blocks that lie in no pool. */
  readonly pools?: readonly string[]
}

/** How full pools are. @throws IpamError ipam/bad-request for a pool that does not exist */
export async function getUtilization(
  context: Context,
  { pools: wanted = [] }: UtilizationRequest,
  call: Call,
): Promise<readonly PoolUsage[]> {
  const [pools, reservations, blocks] = await Promise.all([
    readPools(context, call),
    readReservations(context, call),
    listAll(context, 'IPAMBlock', call),
  ])
  // As stored: an address whose rest is over counts as used until a write frees it, as in Calico.
  const specs = blocks.map(({ spec }) => spec)
  return utilizationOf(pools, specs, reservations, wanted)
}

export async function listBorrowed(
  context: Context,
  call: Call,
): Promise<{ readonly borrowed: readonly BorrowedAddress[]; readonly withoutNode: number }> {
  const blocks = await listAll(context, 'IPAMBlock', call)
  return borrowedAddresses(blocks.map(({ spec }) => spec))
}

export type CheckOptions = Pick<CheckInput, 'version' | 'clusterType' | 'services'>

/** Reads everything and compares. Spec 03 §21 */
export async function check(context: Context, options: CheckOptions, call: Call): Promise<CheckResult> {
  const clusterInformation = await find(context, { kind: 'ClusterInformation', name: 'default' }, call)
  // In the order in which an ADD writes them, so that what comes into being meanwhile does not look leaked.
  const handles = await listAll(context, 'IPAMHandle', call)
  const blocks = await listAll(context, 'IPAMBlock', call)
  const [nodes, endpoints, pools] = await Promise.all([
    listAll(context, 'Node', call),
    listAll(context, 'WorkloadEndpoint', call),
    readPools(context, call),
  ])
  const nowMs = context.clock.wallMs()
  return checkIpam({ ...options, clusterInformation, blocks, pools, nodes, endpoints, handles, nowMs })
}
