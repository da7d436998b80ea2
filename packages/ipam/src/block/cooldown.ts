import type { AllocationAttribute } from '@tortie/model'
import type { Block } from './block.ts'

/** RFC 3339 in UTC with whole seconds, as Go's metav1.Time is stored. @param ms milliseconds since the epoch */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** Milliseconds since the epoch; undefined when absent or unreadable. */
export function parseTime(text: string | null | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/**
 * Frees every address whose rest is over and drops attributes that nothing refers to. The only step that frees ordinals;
 * done on every block that is read, stored only if the block is then written. Spec 03 §2 `garbageCollect`.
 *
 * Calico compares times strictly with a nanosecond clock; ours has milliseconds and what is stored has seconds, so a
 * rest that ends now is over: with a cooldown of 0, the write that releases also frees (spec 03 T7).
 * @param cooldownSeconds negative: whatever was released
 * @returns the same object when nothing changed
 */
export function collectBlock(block: Block, cooldownSeconds: number, nowMs: number): Block {
  const attributes = block.attributes ?? []
  const rested = attributes.map((attribute) => isRested(attribute, cooldownSeconds, nowMs))
  const freed: number[] = []
  if (rested.includes(true))
    for (const [ordinal, index] of block.allocations.entries()) if (index !== null && rested[index]) freed.push(ordinal)
  if (freed.length === 0) return compactAttributes(block)
  const allocations = [...block.allocations]
  const sequenceNumberForAllocation = { ...block.sequenceNumberForAllocation }
  for (const ordinal of freed) {
    allocations[ordinal] = null
    delete sequenceNumberForAllocation[ordinal]
  }
  const unallocated = [...(block.unallocated ?? []), ...freed]
  return compactAttributes({ ...block, allocations, unallocated, sequenceNumberForAllocation })
}

function isRested({ releasedAt }: AllocationAttribute, cooldownSeconds: number, nowMs: number): boolean {
  if (releasedAt === undefined || releasedAt === null) return false
  const releasedMs = parseTime(releasedAt)
  // A time that cannot be read would block the address for ever.
  return cooldownSeconds < 0 || releasedMs === undefined || releasedMs <= nowMs - cooldownSeconds * 1_000
}

/** Drops attributes without allocation and renumbers the rest. The same object when there are none. */
export function compactAttributes(block: Block): Block {
  const attributes = block.attributes ?? []
  const used = new Set(block.allocations)
  if (attributes.every((_, index) => used.has(index))) return block
  const place = new Map<number, number>()
  const kept: AllocationAttribute[] = []
  for (const [index, attribute] of attributes.entries()) if (used.has(index)) place.set(index, kept.push(attribute) - 1)
  const allocations = block.allocations.map((index) => (index === null ? null : (place.get(index) ?? index)))
  return { ...block, allocations, attributes: kept }
}

/** When the first of the addresses that rest was released, milliseconds since the epoch; undefined when none rests. */
export function coldSince(block: Block): number | undefined {
  let first: number | undefined
  for (const { releasedAt } of block.attributes ?? []) {
    if (releasedAt === undefined || releasedAt === null) continue
    const ms = parseTime(releasedAt) ?? 0
    if (first === undefined || ms < first) first = ms
  }
  return first
}
