import { type Family, width } from './address.ts'
import { containsPrefix, lastAddress, overlaps, type Prefix } from './prefix.ts'

/** The fewest prefixes that cover exactly `first`..`last`, both included, in order. */
export function rangeToPrefixes(family: Family, first: bigint, last: bigint): Prefix[] {
  const prefixes: Prefix[] = []
  for (let at = first; at <= last; ) {
    let length = width(family) as number
    while (length > 0) {
      const size = 1n << BigInt(width(family) - length + 1)
      if (at % size !== 0n || at + size - 1n > last) break
      length--
    }
    prefixes.push({ family, value: at, length })
    at += 1n << BigInt(width(family) - length)
  }
  return prefixes
}

/** The fewest prefixes that cover the same addresses; sorted by family, then address. */
export function mergePrefixes(prefixes: readonly Prefix[]): Prefix[] {
  const merged: Prefix[] = []
  for (const family of [4, 6] as const) {
    const sorted = prefixes.filter((prefix) => prefix.family === family).sort(byAddress)
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

function byAddress(a: Prefix, b: Prefix): number {
  return a.value < b.value ? -1 : a.value > b.value ? 1 : a.length - b.length
}
