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
import {
  type CheckOptions,
  check,
  getUtilization,
  listBorrowed,
  type UtilizationRequest,
} from './operations/inspect.ts'
import { type AddressHolder, getAssignmentAttributes, ipsByHandle } from './operations/read.ts'
import { type ReleaseOptions, type ReleaseResult, releaseByHandle, releaseIps } from './operations/release.ts'
import { ensureTunnelAddresses, type TunnelAddresses, type TunnelRequest } from './operations/tunnels.ts'
import type { BorrowedAddress } from './report/allocations.ts'
import type { CheckResult, LeakedHandle } from './report/check.ts'
import type { PoolUsage } from './report/utilization.ts'
import type { Context, IpamPorts } from './store/context.ts'

/**
 * IP address management over a shared datastore (spec 03). Any number of processes, Calico's among them, may use one store
 * at once. Addresses and CIDRs are text, canonical in results. Besides its own errors every method throws DatastoreError,
 * `ipam/contention` after a hundred lost races, and `signal.reason` on abort.
 */
export interface Ipam {
  /**
   * Assigns any free addresses of the pools that suit host, use and namespace. Fewer than requested is an answer: see
   * `fulfilled`. What it throws for, it has given back. @throws IpamError ipam/bad-request, ipam/no-qualified-pool,
   * ipam/unknown-pool, ipam/bad-pool, ipam/block-limit, ipam/max-allocations
   */
  autoAssign(request: AutoAssignRequest, call: Call): Promise<Assignment>
  /**
   * Assigns the address asked for. @throws IpamError ipam/bad-request, ipam/not-in-pool, ipam/pool-use,
   * ipam/address-assigned, ipam/block-claimed with strict affinity, ipam/max-allocations
   */
  assignIp(request: AssignIpRequest, call: Call): Promise<void>
  /** Releases addresses; what did not match is in the result. @throws IpamError ipam/bad-request */
  releaseIps(options: readonly ReleaseOptions[], call: Call): Promise<ReleaseResult>
  /** Releases everything a handle holds, or what it holds since a version. @throws IpamError ipam/unknown-handle */
  releaseByHandle(request: { readonly handle: string; readonly sequenceNumber?: bigint }, call: Call): Promise<void>
  /** @throws IpamError ipam/unknown-handle */
  ipsByHandle(handle: string, call: Call): Promise<string[]>
  /** @throws IpamError ipam/not-assigned, ipam/cooling-down, ipam/not-in-pool, ipam/bad-request */
  getAssignmentAttributes(address: string, call: Call): Promise<AddressHolder>
  /** Claims every block of a CIDR for an owner. @throws IpamError ipam/bad-request, ipam/not-in-pool */
  claimAffinity(request: { readonly cidr: string; readonly owner: Owner }, call: Call): Promise<AffinityClaims>
  /** Gives up the owner's blocks of a CIDR. @throws IpamError ipam/bad-request, ipam/not-in-pool, ipam/block-not-empty */
  releaseAffinity(
    request: { readonly cidr: string; readonly owner: Owner; readonly mustBeEmpty: boolean },
    call: Call,
  ): Promise<void>
  /** Gives up one block, whoever has it. @throws IpamError ipam/bad-request, ipam/block-not-empty */
  releaseBlockAffinity(request: { readonly cidr: string; readonly mustBeEmpty: boolean }, call: Call): Promise<void>
  /** Gives up every block of an owner. @throws IpamError ipam/block-not-empty, after the others are given up */
  releaseHostAffinities(request: { readonly owner: Owner; readonly mustBeEmpty: boolean }, call: Call): Promise<void>
  /** Gives up every block within a pool, before the pool is deleted. @throws IpamError ipam/bad-request */
  releasePoolAffinities(cidr: string, call: Call): Promise<void>
  /** When a node is gone for good: its blocks become nobody's, or go when empty. */
  removeHost(host: string, call: Call): Promise<void>
  /** Makes sure that a host has a block per family. @throws IpamError ipam/no-qualified-pool and those of autoAssign */
  ensureBlock(request: EnsureBlockRequest, call: Call): Promise<{ readonly ipv4?: string; readonly ipv6?: string }>
  /** Gives a node the tunnel addresses that its pools ask for, and writes the Node. @throws those of autoAssign */
  ensureTunnelAddresses(request: TunnelRequest, call: Call): Promise<TunnelAddresses>
  /** How full pools are. @throws IpamError ipam/bad-request for a pool that does not exist */
  getUtilization(request: UtilizationRequest, call: Call): Promise<readonly PoolUsage[]>
  /** Addresses that nodes use from other nodes' blocks. */
  listBorrowed(call: Call): Promise<{ readonly borrowed: readonly BorrowedAddress[]; readonly withoutNode: number }>
  /** Compares what is allocated with what is used. */
  check(options: CheckOptions, call: Call): Promise<CheckResult>
  /** What a collector needs of the store. */
  readForCollection(call: Call): Promise<Omit<CollectInput, 'nodeState' | 'usage' | 'keepsBlocks'>>
  /** Carries out a collector's plan; what failed is in the result. */
  collect(plan: CollectPlan, call: Call): Promise<CollectResult>
  /** Deletes handles that a report found empty, unless they changed. */
  forgetHandles(
    handles: readonly LeakedHandle[],
    call: Call,
  ): Promise<{ readonly forgotten: readonly string[]; readonly skipped: readonly string[] }>
  getConfig(call: Call): Promise<IpamConfig>
  /** Changes the given fields; returns the whole. @throws IpamError ipam/bad-config */
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
    getUtilization: (request, call) => getUtilization(context, request, call),
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
