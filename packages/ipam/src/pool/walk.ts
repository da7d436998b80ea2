import { lastAddress, type Prefix, prefixOf, prefixSize, width } from '@tortie/ip'
import { fnv1, goRandom, randomBelow } from './go-random.ts'

export interface BlockWalk {
  readonly pool: Prefix
  /** Prefix length of a block. */
  readonly blockLength: number
  /** Name of the owner: each begins elsewhere, and always at the same place, as in Calico (spec 03 §8). */
  readonly owner: string
  /** Seeds the start where blocks are single addresses and the place does not matter. */
  readonly nowNs: bigint
}

/**
 * Every block of a pool once, from the owner's start to the end, then from the beginning.
 * @param skip a larger stretch to pass over when all of `block` is of no use
 */
export function* walkBlocks(walk: BlockWalk, skip: (block: Prefix) => Prefix | undefined): Generator<Prefix> {
  const { pool, blockLength } = walk
  const { size, count, start } = layout(walk)
  const border = pool.value + start * size
  const stretches = [
    [border, lastAddress(pool).value],
    [pool.value, border - 1n],
  ] as const
  if (count === 0n) return
  for (const [from, to] of stretches) {
    for (let value = from; value <= to; ) {
      const block = prefixOf({ family: pool.family, value }, blockLength)
      const passed = skip(block)
      if (!passed) yield block
      value = passed ? lastAddress(passed).value + 1n : value + size
    }
  }
}

/** In which place the walk meets a block of the pool. */
export function placeInWalk(walk: BlockWalk): (block: Prefix) => bigint {
  const { size, count, start } = layout(walk)
  return (block) => ((block.value - walk.pool.value) / size - start + count) % count
}

function layout({ pool, blockLength, owner, nowNs }: BlockWalk): {
  readonly size: bigint
  readonly count: bigint
  readonly start: bigint
} {
  const size = 1n << BigInt(width(pool.family) - blockLength)
  const count = prefixSize(pool) / size
  const seed = size === 1n ? nowNs : BigInt(fnv1(owner))
  return { size, count, start: count === 0n ? 0n : randomBelow(goRandom(seed), count) }
}
