import { parsePrefix } from '@tortie/ip'
import { type Block, blockSize } from './block.ts'
import { parseTime } from './cooldown.ts'

/** Allowed difference between the clocks of nodes. */
const clockSkewMs = 60_000

/**
 * What is wrong with a stored block, one line each; empty when it is sound. Spec 03 §21 `check`, §23.1-2.
 * @param nowMs milliseconds since the epoch
 */
export function validateBlock(block: Block, nowMs: number): string[] {
  let size: number
  try {
    size = blockSize(parsePrefix(block.cidr))
  } catch {
    return [`cidr "${block.cidr}" is no CIDR`]
  }
  const attributes = block.attributes ?? []
  const unallocated = block.unallocated ?? []
  const wrong: string[] = []
  if (block.allocations.length !== size)
    wrong.push(`allocations has ${block.allocations.length} entries, not ${size} as the CIDR says`)
  const used = new Set<number>()
  for (const [ordinal, index] of block.allocations.entries()) {
    if (index === null) continue
    used.add(index)
    if (!(index in attributes)) wrong.push(`allocations[${ordinal}] is ${index}, and attributes has no such entry`)
  }
  for (const index of attributes.keys()) if (!used.has(index)) wrong.push(`attributes[${index}] belongs to no address`)
  for (const [index, { releasedAt }] of attributes.entries()) {
    if (releasedAt === undefined || releasedAt === null) continue
    const ms = parseTime(releasedAt)
    if (ms === undefined) wrong.push(`attributes[${index}].releasedAt "${releasedAt}" is no time`)
    else if (ms > nowMs + clockSkewMs) wrong.push(`attributes[${index}].releasedAt ${releasedAt} lies in the future`)
  }
  const seen = new Set<number>()
  for (const ordinal of unallocated) {
    if (ordinal < 0 || ordinal >= size) wrong.push(`unallocated has ${ordinal}, which is outside the block`)
    else if (seen.has(ordinal)) wrong.push(`unallocated has ${ordinal} twice`)
    else if (block.allocations[ordinal] !== null) wrong.push(`unallocated has ${ordinal}, which is allocated`)
    seen.add(ordinal)
  }
  const allocated = block.allocations.filter((index) => index !== null).length
  if (wrong.length === 0 && allocated + unallocated.length !== size)
    wrong.push(`${size - allocated - unallocated.length} addresses are neither allocated nor free`)
  return wrong
}
