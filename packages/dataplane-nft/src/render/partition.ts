import { hasPorts, type Rule } from '@tortie/dataplane'
import {
  addressOf,
  type Family,
  formatAddress,
  formatPrefix,
  lastAddress,
  parsePrefix,
  rangeToPrefixes,
} from '@tortie/ip'
import { formatRange } from './constant-sets.ts'
import { type Known, mergeRanges, netsOfFamily } from './lower.ts'
import type { MapKey, SetField } from './ruleset.ts'
import { type Range, type Segment, segments } from './segment.ts'

/** What a packet can be sorted by before any rule is visited. */
export type SortKey = 'protocol-port' | 'source-net' | 'destination-net'

/** A map from ranges of a key to the rules, by position in the list, that such a packet may still match. */
export interface Partition {
  readonly by: SortKey
  readonly key: MapKey
  readonly fields: readonly SetField[]
  readonly interval: boolean
  /** By element key; lists are shared between elements with the same members. */
  readonly buckets: ReadonlyMap<string, readonly number[]>
  /** Rules that the key says nothing about. */
  readonly rest: readonly number[]
}

/** Fewer rules than this are cheaper one after the other: a lookup and a jump cost about as much as three rules. */
const worthwhile = 4
/** A rule with more ranges, or a list whose ranges overlap more than this many times, is not sorted. */
const mostRanges = 64
const mostOverlap = 8

/**
 * Sorts a list of rules whose order does not matter by the key that tells most of them apart. undefined when none tells
 * enough.
 */
export function partition(rules: readonly Rule[], family: Family, known: Known): Partition | undefined {
  let best: Partition | undefined
  for (const by of ['protocol-port', 'source-net', 'destination-net'] as const) {
    if (known.has(by)) continue
    const found = sortBy(by, rules, family)
    if (found && found.rest.length < (best?.rest.length ?? rules.length)) best = found
  }
  return best
}

function sortBy(by: SortKey, rules: readonly Rule[], family: Family): Partition | undefined {
  const sorted: number[] = []
  const rest: number[] = []
  for (const [index, rule] of rules.entries()) (isSortable(by, rule, family) ? sorted : rest).push(index)
  if (sorted.length < worthwhile) return undefined
  const found =
    by === 'protocol-port'
      ? sortByPort(rules, sorted)
      : sortByNet(by === 'source-net' ? 'source' : 'destination', rules, sorted, family)
  return found && { by, rest, ...found }
}

function isSortable(by: SortKey, rule: Rule, family: Family): boolean {
  if (by === 'protocol-port') {
    const { protocol, destination } = rule
    const count = destination.ports?.length ?? 0
    const named = destination.namedPorts?.length ?? 0
    return protocol !== undefined && hasPorts(protocol) && named === 0 && count > 0 && count <= mostRanges
  }
  const nets = rule[by === 'source-net' ? 'source' : 'destination'].nets ?? []
  return nets.length <= mostRanges && netsOfFamily(nets, family).length > 0
}

type Sorted = Pick<Partition, 'key' | 'fields' | 'interval' | 'buckets'>

/** undefined when the ranges overlap so much that the pieces would cost more than they save. */
function piecesOf<K extends number | bigint>(
  inputs: readonly (readonly Range<K>[])[],
  next: (key: K) => K,
): Segment<K>[] | undefined {
  const pieces = segments(inputs, next)
  const uses = pieces.reduce((sum, { members }) => sum + members.length, 0)
  const ranges = inputs.reduce((sum, list) => sum + list.length, 0)
  return uses <= ranges * mostOverlap ? pieces : undefined
}

function sortByPort(rules: readonly Rule[], sorted: readonly number[]): Sorted | undefined {
  const buckets = new Map<string, readonly number[]>()
  let interval = false
  for (const [protocol, members] of Map.groupBy(sorted, (index) => rules[index]?.protocol ?? 0)) {
    const pieces = piecesOf(
      members.map((index) => mergeRanges(rules[index]?.destination.ports ?? [])),
      (port) => port + 1,
    )
    if (!pieces) return undefined
    for (const { first, last, members: within } of pieces) {
      interval ||= first !== last
      buckets.set(`${protocol} ${formatRange({ first, last })}`, positions(within, members))
    }
  }
  return { key: { by: 'protocol-port' }, fields: ['protocol', 'port'], interval, buckets }
}

function sortByNet(
  side: 'source' | 'destination',
  rules: readonly Rule[],
  sorted: readonly number[],
  family: Family,
): Sorted | undefined {
  const inputs = sorted.map((index) =>
    netsOfFamily(rules[index]?.[side].nets, family).map((net) => {
      const prefix = parsePrefix(net)
      return { first: prefix.value, last: lastAddress(prefix).value }
    }),
  )
  const pieces = piecesOf(inputs, (address) => address + 1n)
  if (!pieces) return undefined
  const buckets = new Map<string, readonly number[]>()
  for (const { first, last, members } of pieces)
    buckets.set(formatAddressRange(family, first, last), positions(members, sorted))
  return {
    key: { by: 'address', side, family },
    fields: [family === 4 ? 'ipv4' : 'ipv6'],
    interval: true,
    buckets,
  }
}

function positions(within: readonly number[], members: readonly number[]): number[] {
  return within.map((index) => members[index] as number)
}

/** A prefix where the range is one, else `first-last`: the form of elements in interval sets. */
export function formatAddressRange(family: Family, first: bigint, last: bigint): string {
  const [prefix, another] = rangeToPrefixes(family, first, last)
  if (prefix && !another) return formatPrefix(prefix)
  return `${formatAddress(addressOf(family, first))}-${formatAddress(addressOf(family, last))}`
}
