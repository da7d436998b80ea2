import { type Call, silentMeter } from '@tortie/runtime'
import type { Owner } from './affinity/affinity.ts'
import type { CollectInput, CollectPlan } from './collect/collector.ts'
import {
  type AffinityClaims,
  claimAffinity,
  type EnsureBlockRequest,
  ensureBlock,
  releaseAffinity,
  releaseBlock,
  releaseHostAffinities,
  releasePoolAffinities,
} from './operations/affinities.ts'
import { type AssignIpRequest, assignIp } from './operations/assign-ip.ts'
import { type Assignment, type AutoAssignRequest, autoAssign } from './operations/auto-assign.ts'
import { type CollectResult, collect, forgetHandles, readForCollection } from './operations/collect.ts'
import { getConfig, type IpamConfig, setConfig } from './operations/config.ts'
import { type CheckOptions, check, getUtilization, listBorrowed } from './operations/inspect.ts'
import { type AddressHolder, getAssignmentAttributes, ipsByHandle } from './operations/read.ts'
import { type ReleaseOptions, type ReleaseResult, releaseByHandle, releaseIps } from './operations/release.ts'
import { ensureTunnelAddresses, type TunnelAddresses, type TunnelRequest } from './operations/tunnels.ts'
import type { BorrowedAddress } from './report/allocations.ts'
import type { CheckResult, LeakedHandle } from './report/check.ts'
import type { PoolUsage } from './report/utilization.ts'
import type { Context, IpamPorts } from './store/context.ts'

/** IP address management over a shared datastore. Any number of processes may use one store at once. */
export interface Ipam {
  autoAssign(request: AutoAssignRequest, call: Call): Promise<Assignment>
  assignIp(request: AssignIpRequest, call: Call): Promise<void>
  releaseIps(options: readonly ReleaseOptions[], call: Call): Promise<ReleaseResult>
  releaseByHandle(request: { readonly handle: string; readonly sequenceNumber?: bigint }, call: Call): Promise<void>
  ipsByHandle(handle: string, call: Call): Promise<string[]>
  getAssignmentAttributes(address: string, call: Call): Promise<AddressHolder>
  claimAffinity(request: { readonly cidr: string; readonly owner: Owner }, call: Call): Promise<AffinityClaims>
  releaseAffinity(
    request: { readonly cidr: string; readonly owner: Owner; readonly mustBeEmpty: boolean },
    call: Call,
  ): Promise<void>
  releaseBlockAffinity(request: { readonly cidr: string; readonly mustBeEmpty: boolean }, call: Call): Promise<void>
  releaseHostAffinities(request: { readonly owner: Owner; readonly mustBeEmpty: boolean }, call: Call): Promise<void>
  releasePoolAffinities(cidr: string, call: Call): Promise<void>
  /** When a node is gone for good: its blocks become nobody's, or go when empty. */
  removeHost(host: string, call: Call): Promise<void>
  ensureBlock(request: EnsureBlockRequest, call: Call): Promise<{ readonly ipv4?: string; readonly ipv6?: string }>
  ensureTunnelAddresses(request: TunnelRequest, call: Call): Promise<TunnelAddresses>
  /** @param wanted names or CIDRs of pools; empty: all, and blocks that lie in none */
  getUtilization(wanted: readonly string[], call: Call): Promise<readonly PoolUsage[]>
  listBorrowed(call: Call): Promise<{ readonly borrowed: readonly BorrowedAddress[]; readonly withoutNode: number }>
  check(options: CheckOptions, call: Call): Promise<CheckResult>
  readForCollection(call: Call): Promise<Omit<CollectInput, 'nodeState' | 'usage' | 'keepsBlocks'>>
  collect(plan: CollectPlan, call: Call): Promise<CollectResult>
  forgetHandles(
    handles: readonly LeakedHandle[],
    call: Call,
  ): Promise<{ readonly forgotten: readonly string[]; readonly skipped: readonly string[] }>
  getConfig(call: Call): Promise<IpamConfig>
  setConfig(change: Partial<IpamConfig>, call: Call): Promise<IpamConfig>
}

/** Builds an Ipam; reads and keeps nothing until it is called. */
export function createIpam(ports: IpamPorts): Ipam {
  const context = contextOf(ports)
  return {
    autoAssign: (request, call) => autoAssign(context, request, call),
    assignIp: (request, call) => assignIp(context, request, call),
    releaseIps: (options, call) => releaseIps(context, options, call),
    releaseByHandle: (request, call) => releaseByHandle(context, request, call),
    ipsByHandle: (handle, call) => ipsByHandle(context, handle, call),
    getAssignmentAttributes: (address, call) => getAssignmentAttributes(context, address, call),
    claimAffinity: (request, call) => claimAffinity(context, request, call),
    releaseAffinity: (request, call) => releaseAffinity(context, request, call),
    releaseBlockAffinity: (request, call) => releaseBlock(context, request, call),
    releaseHostAffinities: (request, call) => releaseHostAffinities(context, request, call),
    releasePoolAffinities: (cidr, call) => releasePoolAffinities(context, cidr, call),
    removeHost: (host, call) =>
      releaseHostAffinities(context, { owner: { type: 'host', name: host }, mustBeEmpty: false }, call),
    ensureBlock: (request, call) => ensureBlock(context, request, call),
    ensureTunnelAddresses: (request, call) => ensureTunnelAddresses(context, request, call),
    getUtilization: (wanted, call) => getUtilization(context, wanted, call),
    listBorrowed: (call) => listBorrowed(context, call),
    check: (options, call) => check(context, options, call),
    readForCollection: (call) => readForCollection(context, call),
    collect: (plan, call) => collect(context, plan, call),
    forgetHandles: (handles, call) => forgetHandles(context, handles, call),
    getConfig: (call) => getConfig(context, call),
    setConfig: (change, call) => setConfig(context, change, call),
  }
}

function contextOf({ meter = silentMeter, ...ports }: IpamPorts): Context {
  const conflicts = meter.counter('tortie_ipam_conflicts_total', 'Lost compare-and-swaps', ['object'])
  const assigned = meter.counter('tortie_ipam_addresses_assigned_total', 'Addresses assigned', ['ip_version'])
  const released = meter.counter('tortie_ipam_addresses_released_total', 'Addresses released')
  const claimed = meter.counter('tortie_ipam_blocks_claimed_total', 'Blocks created')
  return {
    ...ports,
    count: {
      conflicts: (object) => conflicts.add(1, { object }),
      assigned: (family, count) => assigned.add(count, { ip_version: `${family}` }),
      released: (count) => released.add(count),
      claimed: () => claimed.add(1),
    },
  }
}
