import { type Family, width } from './address.ts'
import { comparePrefixes, containsPrefix, lastAddress, overlaps, type Prefix, prefixSize } from './prefix.ts'

/** The fewest prefixes that cover exactly `first`..`last`, both included, in order. @throws RangeError outside the family. */
export function rangeToPrefixes(family: Family, first: bigint, last: bigint): Prefix[] {
  if (first < 0n || last >> BigInt(width(family)) !== 0n) throw new RangeError(`IPv${family} has no such range`)
  const prefixes: Prefix[] = []
  for (let at = first; at <= last; ) {
    let length: number = width(family)
    let size = 1n
    while (length > 0 && (at & size) === 0n && at + size * 2n - 1n <= last) {
      length--
      size *= 2n
    }
    prefixes.push({ family, value: at, length })
    at += size
  }
  return prefixes
}

/** The fewest prefixes that cover the same addresses; sorted by family, then address. */
export function mergePrefixes(prefixes: readonly Prefix[]): Prefix[] {
  const merged: Prefix[] = []
  for (const family of [4, 6] as const) {
    const sorted = prefixes.filter((prefix) => prefix.family === family).sort(comparePrefixes)
    let run: { first: bigint; last: bigint } | undefined
    const close = (): void => {
      if (run) merged.push(...rangeToPrefixes(family, run.first, run.last))
    }
    for (const prefix of sorted) {
      const last = lastAddress(prefix).value
      if (run && prefix.value <= run.last + 1n) run.last = last > run.last ? last : run.last
      else {
        close()
        run = { first: prefix.value, last }
      }
    }
    close()
  }
  return merged
}

/** What is left of `from` without any address in `holes`. */
export function subtractPrefixes(from: Prefix, holes: readonly Prefix[]): Prefix[] {
  if (holes.some((hole) => containsPrefix(hole, from))) return []
  const inside = mergePrefixes(holes.filter((hole) => overlaps(from, hole)))
  const left: Prefix[] = []
  let at = from.value
  for (const hole of inside) {
    if (hole.value > at) left.push(...rangeToPrefixes(from.family, at, hole.value - 1n))
    at = lastAddress(hole).value + 1n
  }
  const last = lastAddress(from).value
  return at <= last ? [...left, ...rangeToPrefixes(from.family, at, last)] : left
}

/** Number of addresses that the prefixes cover, each counted once, per family. */
export function countAddresses(prefixes: readonly Prefix[], family: Family): bigint {
  let count = 0n
  for (const prefix of mergePrefixes(prefixes)) if (prefix.family === family) count += prefixSize(prefix)
  return count
}
