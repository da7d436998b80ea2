import { type Address, addressAt, formatAddress, ordinalOf, type Prefix, parsePrefix } from '@tortie/ip'
import type { AllocationAttribute, IPAMBlockSpec } from '@tortie/model'
import { IpamError } from '../errors.ts'

/**
 * A block as stored. `allocations[i]` is the index in `attributes` of what holds the address `cidr` + i, or null;
 * `unallocated` is a queue of free ordinals: first released, first reused, so that a freed address rests longest.
 * Every step below is pure: block in, new block out, to be written by compare-and-swap. Spec 03 §1.1, §2.
 */
export type Block = IPAMBlockSpec

/** Addresses kept from workloads when a block is made: HNS on Windows needs the first three and the last. Spec 03 §13. */
export interface HostReservation {
  /** Addresses at the start of a block. */
  readonly start: number
  readonly end: number
  readonly handle: string
  readonly note: string
}

export const windowsReservation: HostReservation = {
  start: 3,
  end: 1,
  handle: 'windows-reserved-ipam-handle',
  note: 'windows host rsvd',
}

/** Whether an address must not be given out. */
export type IsReserved = (address: Address) => boolean

/** A block in which every address is free, but for the host's. @param sequenceNumber nanoseconds since the epoch: more
 *  than that of any earlier block of this CIDR, so that an address given again never has the number it had before */
export function newBlock(cidr: string, sequenceNumber: bigint, reservation?: HostReservation): Block {
  const size = blockSize(parsePrefix(cidr))
  const allocations: (number | null)[] = Array.from({ length: size }, () => null)
  const first = reservation?.start ?? 0
  const last = size - (reservation?.end ?? 0)
  for (let ordinal = 0; ordinal < size; ordinal++) if (ordinal < first || ordinal >= last) allocations[ordinal] = 0
  return {
    cidr,
    affinity: null,
    allocations,
    unallocated: Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i),
    attributes: reservation ? [{ handle_id: reservation.handle, secondary: { note: reservation.note } }] : [],
    sequenceNumber,
    sequenceNumberForAllocation: {},
    deleted: false,
  }
}

/** Number of addresses; network and broadcast addresses are like any other. */
export function blockSize({ family, length }: Prefix): number {
  return 2 ** ((family === 4 ? 32 : 128) - length)
}

/** @throws IpamError ipam/bad-block */
export function blockPrefix(block: Block): Prefix {
  try {
    return parsePrefix(block.cidr)
  } catch (cause) {
    throw new IpamError('ipam/bad-block', { block: block.cidr, why: 'cidr is no CIDR' }, { cause })
  }
}

/** What holds the address at `ordinal`; undefined when it is free. @throws IpamError ipam/bad-block */
export function attributeAt(block: Block, ordinal: number): AllocationAttribute | undefined {
  const index = block.allocations[ordinal]
  if (index === null || index === undefined) return undefined
  const attribute = block.attributes?.[index]
  if (!attribute)
    throw new IpamError('ipam/bad-block', {
      block: block.cidr,
      why: `allocations[${ordinal}] is ${index}, and attributes has no such entry`,
    })
  return attribute
}

/** The handle that holds the address, cut at a carriage return: host-local's migration wrote some with a tail. */
export function handleOf(attribute: AllocationAttribute): string {
  return cutHandle(attribute.handle_id ?? '')
}

export function cutHandle(handle: string): string {
  const end = handle.indexOf('\r')
  return end < 0 ? handle : handle.slice(0, end)
}

/** Counts how often the block was written; written with every update. */
export function nextVersion(block: Block): Block {
  return { ...block, sequenceNumber: BigInt(block.sequenceNumber) + 1n }
}

/** The block's version when the address was given out; 0 when not known. */
export function sequenceNumberAt(block: Block, ordinal: number): bigint {
  return BigInt(block.sequenceNumberForAllocation?.[ordinal] ?? 0)
}

/** Whether every address that may be given out is free and rested. An address in cooldown counts as used. */
export function isEmpty(block: Block): boolean {
  return block.allocations.every((index, ordinal) => {
    if (index === null) return true
    return attributeAt(block, ordinal)?.handle_id?.toLowerCase() === windowsReservation.handle
  })
}

/** Addresses held, host-reserved and cooling ones included. */
export function countInUse(block: Block): number {
  return block.allocations.length - (block.unallocated?.length ?? 0)
}

/** Addresses that could be given out now. */
export function countFree(block: Block, isReserved?: IsReserved): number {
  const unallocated = block.unallocated ?? []
  if (!isReserved) return unallocated.length
  const prefix = blockPrefix(block)
  return unallocated.reduce((count, ordinal) => count + (isReserved(addressAt(prefix, ordinal)) ? 0 : 1), 0)
}

/** @throws IpamError ipam/bad-request when the address is not in the block */
export function ordinalIn(block: Block, address: Address): number {
  const prefix = blockPrefix(block)
  try {
    return Number(ordinalOf(prefix, address))
  } catch (cause) {
    const facts = { field: 'address', value: formatAddress(address), why: `is not in block ${block.cidr}` }
    throw new IpamError('ipam/bad-request', facts, { cause })
  }
}
