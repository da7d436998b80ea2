import type { Finding } from '../schema/fields.ts'
import { tryPrefix } from '../schema/formats.ts'

/** Blocks larger than this are no blocks: pools have at most /20 and /116. */
const maxOrdinals = 4096

/** What holds of every block that is written (spec 03 §1.1). */
export function* blockFindings(block: {
  readonly cidr: string
  readonly allocations: readonly (number | null)[]
  readonly unallocated: readonly number[]
  readonly attributes: readonly object[]
}): Generator<Finding> {
  const prefix = tryPrefix(block.cidr)
  const size = prefix ? 2 ** ((prefix.family === 4 ? 32 : 128) - prefix.length) : 0
  if (prefix && (size > maxOrdinals || block.allocations.length !== size))
    yield { at: ['allocations'], reason: `a block of /${prefix.length} has ${size} ordinals, at most ${maxOrdinals}` }
  for (const [ordinal, attribute] of block.allocations.entries())
    if (attribute !== null && attribute >= block.attributes.length)
      yield { at: ['allocations', ordinal], reason: `there are only ${block.attributes.length} attributes` }
  for (const [i, ordinal] of block.unallocated.entries())
    if (ordinal >= block.allocations.length)
      yield { at: ['unallocated', i], reason: `there are only ${block.allocations.length} ordinals` }
}
