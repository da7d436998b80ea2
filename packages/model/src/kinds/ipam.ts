import * as z from 'zod/mini'
import {
  boolean,
  defaulted,
  findings,
  int,
  list,
  object,
  oneOf,
  optional,
  pattern,
  record,
  sparse,
  text,
} from '../schema/fields.ts'
import { cidrComplaint, netComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { timestamp } from '../schema/values.ts'
import { blockFindings } from './ipam-checks.ts'
import type { Resource } from './resource.ts'

const cidr = () => text((value) => netComplaint(value))

const uint64 = () => z.bigint().check(z.gte(0n), z.lte(2n ** 64n - 1n))

const allocationAttribute = once(() =>
  object({
    handle_id: sparse(text()),
    secondary: sparse(record(text())),
    alternateOwnerAttrs: sparse(record(text())),
    /** RFC 3339: the address rests since then and is not to be given out before the cooldown ends. */
    releasedAt: optional(timestamp()),
  }),
)

/**
 * `allocations[i]` is the index in `attributes` of what holds the address `cidr` + i, or null. `unallocated` is a queue
 * of free ordinals. Sequence numbers are nanoseconds plus a count, beyond 2^53, hence bigint (spec 03 §1.1).
 */
export const ipamBlockSpec = once(() =>
  object({
    cidr: cidr(),
    affinity: optional(
      z.nullable(pattern(/^(?:host|virtual):[a-zA-Z0-9.\-_]+$/, 'host:<node> or virtual:<name>, or null when unowned')),
    ),
    affinityClaimTime: optional(z.nullable(timestamp())),
    allocations: list(z.nullable(int(0))),
    unallocated: list(int(0)),
    attributes: list(allocationAttribute()),
    sequenceNumber: uint64(),
    sequenceNumberForAllocation: sparse(record(uint64())),
    deleted: boolean(),
  }).check(findings(blockFindings)),
)

/** An empty state means confirmed (old data). */
export const blockAffinitySpec = once(() =>
  object({
    state: oneOf('', 'confirmed', 'pending', 'pendingDeletion'),
    node: text(),
    type: oneOf('host', 'virtual'),
    cidr: cidr(),
    deleted: boolean(),
  }),
)

/** `block` maps a block's CIDR to how many of its addresses the handle holds. */
export const ipamHandleSpec = once(() => object({ handleID: text(), block: record(int(0)), deleted: boolean() }))

const settings = (maxBlocksPerHost: number) => ({
  strictAffinity: defaulted(boolean(), false),
  autoAllocateBlocks: defaulted(boolean(), true),
  /** 0: no limit. */
  maxBlocksPerHost: defaulted(int(0, maxBlocksPerHost), 0),
  kubeVirtVMAddressPersistence: optional(oneOf('Enabled', 'Disabled')),
  ipCooldownSeconds: optional(int(0, 1200)),
})

export const ipamConfigurationSpec = once(() => object(settings(1_000_000)))
export const ipamConfigSpec = once(() => object(settings(2_147_483_647)))

export const ipReservationSpec = once(() =>
  object({ reservedCIDRs: sparse(list(text((value) => cidrComplaint(value)))) }),
)

export interface AllocationAttribute extends Infer<typeof allocationAttribute> {}
export interface IPAMBlockSpec extends Infer<typeof ipamBlockSpec> {}
export interface IPAMBlock extends Resource<'IPAMBlock', IPAMBlockSpec> {}
export interface BlockAffinitySpec extends Infer<typeof blockAffinitySpec> {}
export interface BlockAffinity extends Resource<'BlockAffinity', BlockAffinitySpec> {}
export interface IPAMHandleSpec extends Infer<typeof ipamHandleSpec> {}
export interface IPAMHandle extends Resource<'IPAMHandle', IPAMHandleSpec> {}
export interface IPAMConfigSpec extends Infer<typeof ipamConfigSpec> {}
/** What IPAM obeys: the key `/calico/ipam/v2/config` in etcd. */
export interface IPAMConfig extends Resource<'IPAMConfig', IPAMConfigSpec> {}
export interface IPAMConfigurationSpec extends Infer<typeof ipamConfigurationSpec> {}
/** The v3 resource; in etcd it is inert beside IPAMConfig (spec 01 §6, trap 15). */
export interface IPAMConfiguration extends Resource<'IPAMConfiguration', IPAMConfigurationSpec> {}
export interface IPReservationSpec extends Infer<typeof ipReservationSpec> {}
export interface IPReservation extends Resource<'IPReservation', IPReservationSpec> {}
