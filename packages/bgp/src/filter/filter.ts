import type { Family } from '@tortie/ip'
import type { LargeCommunity } from '../message/attribute-fields.ts'

/** Where a route came from. `local` is what the owner of the speaker announces without saying more. */
export type RouteSource = 'bgp' | 'direct' | 'static' | 'kernel' | 'local'

/**
 * A filter as data: statements in order, the first that ends decides. Plain values throughout (no functions), so that
 * filters can be compared, hashed, sent to another thread and explained.
 */
export interface Filter {
  readonly statements: readonly Statement[]
  /** For a route that no statement ended. */
  readonly otherwise: Verdict
}
export type Verdict = 'accept' | 'reject'

export interface Statement {
  /** Where it was written, for `explain`: `BGPFilter(lab).exportV4[2]`, `IPPool(default)`. */
  readonly origin: string
  /** All conditions hold; none matches every route. */
  readonly match: Match
  /** Done in order on a route that matches, before the verdict; also when the verdict is `next`. */
  readonly actions?: readonly Action[]
  readonly verdict: Verdict | 'next'
}

/** Every condition that is there has to hold. */
export interface Match {
  readonly family?: Family
  /** The route's prefix lies in one of these sets. */
  readonly prefixes?: readonly PrefixMatch[]
  /** The route's prefix lies in none of these sets. */
  readonly notPrefixes?: readonly PrefixMatch[]
  readonly sources?: readonly RouteSource[]
  /** Globs (`*`) on the outgoing interface; a route without interface matches none. */
  readonly interfaces?: readonly string[]
  /** Whether the route goes to a router, and not straight to an interface or nowhere. */
  readonly gateway?: boolean
  readonly peerType?: 'internal' | 'external'
  /** It carries every one of these. A number is the 32 bits of RFC 1997. */
  readonly communities?: readonly (number | LargeCommunity)[]
  /** AS_PATH begins with these. */
  readonly asPathPrefix?: readonly number[]
  /** Bounds of LOCAL_PREF, inclusive; an absent LOCAL_PREF counts as 100. */
  readonly localPref?: { readonly min?: number; readonly max?: number }
}

/** Prefixes equal to or inside `prefix` whose length is from `min` to `max`, inclusive. */
export interface PrefixMatch {
  readonly prefix: string
  readonly min: number
  readonly max: number
}

export type Action =
  | { readonly do: 'addCommunity'; readonly community: number | LargeCommunity }
  | { readonly do: 'removeCommunity'; readonly community: number | LargeCommunity }
  /** AS_PATH then begins with these, in this order. */
  | { readonly do: 'prependAsPath'; readonly asns: readonly number[] }
  | { readonly do: 'setLocalPref'; readonly value: number }
  | { readonly do: 'setMed'; readonly value: number }
  /** Preference among sources (spec: 100 is BGP's own); import only. */
  | { readonly do: 'setPreference'; readonly value: number }

export const acceptAll: Filter = { statements: [], otherwise: 'accept' }
export const rejectAll: Filter = { statements: [], otherwise: 'reject' }
