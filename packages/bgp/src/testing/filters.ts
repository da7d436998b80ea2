import { type Family, formatPrefix, prefixOf, width } from '@tortie/ip'
import fc from 'fast-check'
import type { FilteredRoute } from '../filter/explain.ts'
import type { Action, Filter, Match, PrefixMatch, RouteSource } from '../filter/filter.ts'
import type { PathAttributes } from '../message/path-attributes.ts'

// Everything is drawn from few values, so that conditions meet routes and each other.
const sources: readonly RouteSource[] = ['bgp', 'direct', 'static', 'kernel', 'local']
const peerType = fc.constantFrom('internal' as const, 'external' as const)
const asn = fc.constantFrom(1, 2, 3)
const localPref = fc.constantFrom(50, 100, 200)
const community = fc.oneof(
  fc.constantFrom(1, 2, 3),
  fc.constantFrom([1, 1, 1] as const, [1, 2, 0] as const, [2, 0, 0] as const),
)

/** Prefixes of all lengths that often hold each other; in IPv6 they differ in any of the four words. */
const anyPrefix: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.nat(128), fc.array(fc.nat(127), { maxLength: 3 }))
  .map(([family, length, bits]) => {
    const bitsOf = width(family)
    const value = bits.reduce((sum, bit) => sum | (1n << BigInt(bit % bitsOf)), 0n)
    return formatPrefix(prefixOf({ family, value }, length % (bitsOf + 1)))
  })

const prefixMatch: fc.Arbitrary<PrefixMatch> = fc
  .tuple(anyPrefix, fc.constantFrom('itself', 'inside', 'some'), fc.nat(128), fc.nat(128))
  .map(([prefix, kind, a, b]) => {
    const length = Number(prefix.split('/')[1])
    const longest = prefix.includes(':') ? 128 : 32
    if (kind === 'itself') return { prefix, min: length, max: length }
    return kind === 'inside'
      ? { prefix, min: length, max: longest }
      : { prefix, min: Math.min(a, b), max: Math.max(a, b) }
  })

const match: fc.Arbitrary<Match> = fc.record(
  {
    family: fc.constantFrom<Family>(4, 6),
    prefixes: fc.array(prefixMatch, { maxLength: 4 }),
    notPrefixes: fc.array(prefixMatch, { maxLength: 2 }),
    sources: fc.subarray([...sources], { minLength: 1 }),
    interfaces: fc.subarray(['eth*', '*.cali', 'tunl0', '*'], { minLength: 1 }),
    gateway: fc.boolean(),
    peerType,
    communities: fc.array(community, { maxLength: 2 }),
    asPathPrefix: fc.array(asn, { maxLength: 2 }),
    localPref: fc.record({ min: localPref, max: localPref }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Match>

/** At most two conditions, so that statements are reached and match. */
const sparseMatch = fc.tuple(match, fc.nat(2), fc.infiniteStream(fc.nat())).map(([full, count, order]): Match => {
  const ranked = Object.entries(full).map((pair) => ({ pair, rank: order.next().value as number }))
  const kept = ranked.sort((a, b) => a.rank - b.rank).slice(0, count)
  return Object.fromEntries(kept.map(({ pair }) => pair))
})

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('addCommunity' as const), community }),
  fc.record({ do: fc.constant('removeCommunity' as const), community }),
  fc.record({ do: fc.constant('prependAsPath' as const), asns: fc.array(asn, { minLength: 1, maxLength: 2 }) }),
  fc.record({ do: fc.constant('setLocalPref' as const), value: localPref }),
  fc.record({ do: fc.constant('setMed' as const), value: fc.constantFrom(0, 1) }),
  fc.record({ do: fc.constant('setPreference' as const), value: fc.constantFrom(100, 200) }),
)

/** Filters of any shape; origins are unique. */
export const anyFilter: fc.Arbitrary<Filter> = fc
  .record({
    statements: fc.array(
      fc.record({
        match: sparseMatch,
        actions: fc.array(action, { maxLength: 3 }),
        verdict: fc.constantFrom('accept' as const, 'reject' as const, 'next' as const, 'next' as const),
      }),
      { maxLength: 8 },
    ),
    otherwise: fc.constantFrom('accept' as const, 'reject' as const),
  })
  .map((filter) => ({
    ...filter,
    statements: filter.statements.map((statement, i) => ({ origin: `statement ${i}`, ...statement })),
  }))

const attributes: fc.Arbitrary<PathAttributes> = fc.record(
  {
    origin: fc.constant(0 as const),
    asPath: fc.array(
      fc.record({ type: fc.constantFrom(1, 2, 3, 4), asns: fc.array(asn, { minLength: 1, maxLength: 3 }) }),
      { maxLength: 3 },
    ),
    localPref,
    communities: fc.subarray([1, 2, 3], { minLength: 1 }),
    largeCommunities: fc.subarray([[1, 1, 1] as const, [1, 2, 0] as const], { minLength: 1 }),
  },
  { requiredKeys: ['origin', 'asPath'] },
) as fc.Arbitrary<PathAttributes>

/** Routes that filters of `anyFilter` tell apart. */
export const anyFilteredRoute: fc.Arbitrary<FilteredRoute> = fc.record(
  {
    prefix: anyPrefix,
    attributes,
    source: fc.constantFrom(...sources),
    peerType,
    gateway: fc.boolean(),
    interface: fc.constantFrom('eth0', 'vxlan.cali', 'tunl0', 'other'),
  },
  { requiredKeys: ['prefix', 'attributes', 'source', 'peerType'] },
) as fc.Arbitrary<FilteredRoute>
