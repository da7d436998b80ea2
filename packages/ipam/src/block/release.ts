import { type Address, addressAt, formatAddress } from '@tortie/ip'
import { IpamError } from '../errors.ts'
import { attributeAt, type Block, blockPrefix, cutHandle, handleOf, ordinalIn, sequenceNumberAt } from './block.ts'
import { collectBlock, formatTime } from './cooldown.ts'

/** An address to release; with `handle` or `sequenceNumber`, only if it still is what the caller saw. */
export interface Release {
  readonly address: Address
  readonly handle?: string
  readonly sequenceNumber?: bigint
}

/** When an address that is released now may be given out again. */
export interface Rest {
  readonly cooldownSeconds: number
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

export interface Released {
  readonly block: Block
  /** How many addresses each handle gave up; those without handle are not counted. */
  readonly byHandle: ReadonlyMap<string, number>
  readonly released: readonly Address[]
  /** Were free already, or cool down. */
  readonly unallocated: readonly Address[]
}

/**
 * Releases addresses: they begin to rest, and are free at once when there is no cooldown. All or nothing: one handle or
 * sequence number that does not match refuses the whole call, as Calico does (spec 03 §2 `release`, T14).
 * @throws IpamError ipam/bad-handle, ipam/bad-sequence-number, ipam/bad-request outside the block
 */
export function releaseAddresses(block: Block, releases: readonly Release[], rest: Rest): Released {
  const once = new Map(releases.map((release) => [ordinalIn(block, release.address), release]))
  const byHandle = new Map<string, number>()
  const ordinals: number[] = []
  const unallocated: Address[] = []
  for (const [ordinal, release] of once) {
    checkSequenceNumber(block, ordinal, release)
    const held = attributeAt(block, ordinal)
    if (!held || held.releasedAt) {
      unallocated.push(release.address)
      continue
    }
    const handle = handleOf(held)
    if (release.handle !== undefined && release.handle !== '' && cutHandle(release.handle) !== handle)
      throw new IpamError('ipam/bad-handle', {
        address: formatAddress(release.address),
        given: release.handle,
        stored: handle,
      })
    ordinals.push(ordinal)
    if (handle !== '') byHandle.set(handle, (byHandle.get(handle) ?? 0) + 1)
  }
  const prefix = blockPrefix(block)
  const released = ordinals.map((ordinal) => addressAt(prefix, ordinal))
  if (ordinals.length === 0) return { block, byHandle, released, unallocated }
  const numbers = { ...block.sequenceNumberForAllocation }
  for (const ordinal of ordinals) numbers[ordinal] = BigInt(block.sequenceNumber)
  const resting = beginRest({ ...block, sequenceNumberForAllocation: numbers }, ordinals, rest)
  return { block: resting, byHandle, released, unallocated }
}

function checkSequenceNumber(block: Block, ordinal: number, { address, sequenceNumber }: Release): void {
  const stored = sequenceNumberAt(block, ordinal)
  if (sequenceNumber !== undefined && sequenceNumber !== stored)
    throw new IpamError('ipam/bad-sequence-number', { address: formatAddress(address), given: sequenceNumber, stored })
}

/**
 * Releases everything that `handle` holds in the block. With a sequence number, only allocations that have it. The
 * per-ordinal numbers stay (spec 03 §2 `releaseByHandle`).
 */
export function releaseHandle(
  block: Block,
  handle: string,
  rest: Rest,
  sequenceNumber?: bigint,
): { readonly block: Block; readonly count: number } {
  const ordinals = ordinalsOf(block, handle).filter(
    (ordinal) => sequenceNumber === undefined || sequenceNumberAt(block, ordinal) === sequenceNumber,
  )
  return ordinals.length === 0
    ? { block, count: 0 }
    : { block: beginRest(block, ordinals, rest), count: ordinals.length }
}

/** Ordinals that `handle` holds, in order. Exact and case-sensitive. */
export function ordinalsOf(block: Block, handle: string): number[] {
  const wanted = cutHandle(handle)
  const ordinals: number[] = []
  for (let ordinal = 0; ordinal < block.allocations.length; ordinal++) {
    const held = attributeAt(block, ordinal)
    if (held?.handle_id !== undefined && handleOf(held) === wanted) ordinals.push(ordinal)
  }
  return ordinals
}

/** Addresses that `handle` holds, in order. */
export function addressesOf(block: Block, handle: string): Address[] {
  const prefix = blockPrefix(block)
  return ordinalsOf(block, handle).map((ordinal) => addressAt(prefix, ordinal))
}

function beginRest(block: Block, ordinals: readonly number[], { cooldownSeconds, nowMs }: Rest): Block {
  const attributes = [...(block.attributes ?? []), { releasedAt: formatTime(nowMs) }]
  const allocations = [...block.allocations]
  for (const ordinal of ordinals) allocations[ordinal] = attributes.length - 1
  return collectBlock({ ...block, allocations, attributes }, cooldownSeconds, nowMs)
}
