import {
  type Address,
  canonicalPrefix,
  createPrefixTrie,
  mergePrefixes,
  type Prefix,
  parsePrefix,
  prefixSize,
} from '@tortie/ip'
import type { IPReservation } from '@tortie/model'

/** The addresses that IPReservations keep from automatic assignment. They do not stop `assignIp`. Spec 03 §5. */
export interface Reservations {
  /** Nothing is reserved: callers skip the per-address test. */
  readonly none: boolean
  has(address: Address): boolean
  /** The largest reserved prefix that holds all of `prefix`, be it covered by one reservation or by several together. */
  covering(prefix: Prefix): Prefix | undefined
  /** Reserved addresses within `prefix`, each counted once. */
  count(prefix: Prefix): bigint
  /** Reserved prefixes within `prefix`, disjoint, in order. */
  within(prefix: Prefix): Prefix[]
}

/** @param onMalformed told of entries that are neither address nor CIDR; they are ignored, as Calico does */
export function reservationsOf(
  resources: readonly IPReservation[],
  onMalformed: (entry: string, reservation: string) => void = () => undefined,
): Reservations {
  const prefixes: Prefix[] = []
  for (const { metadata, spec } of resources)
    for (const entry of spec.reservedCIDRs ?? []) {
      const text = entry.trim()
      if (text === '') continue
      try {
        prefixes.push(parsePrefix(canonicalPrefix(text)))
      } catch {
        onMalformed(text, metadata.name)
      }
    }
  return reserve(prefixes)
}

/** Merged, so that a prefix is covered by one entry or not at all. */
export function reserve(prefixes: readonly Prefix[]): Reservations {
  const merged = createPrefixTrie<true>()
  for (const prefix of mergePrefixes(prefixes)) merged.set(prefix, true)
  const within = (prefix: Prefix): Prefix[] => {
    if (merged.match(prefix)) return [prefix]
    return [...merged.within(prefix)].map((entry) => entry.prefix)
  }
  return {
    none: merged.size === 0,
    has: (address) => merged.match(address) !== undefined,
    covering: (prefix) => merged.match(prefix)?.prefix,
    count: (prefix) => within(prefix).reduce((sum, part) => sum + prefixSize(part), 0n),
    within,
  }
}
