import { type Family, isLinkLocal, parseAddress } from '@tortie/ip'
import type { CompiledFilter } from '../filter/compile.ts'
import type { FilterContext } from '../filter/conditions.ts'
import { prependAs } from '../message/as-path.ts'
import type { LargeCommunity } from '../message/attribute-fields.ts'
import { Role } from '../message/iana.ts'
import type { WireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { AttributeFlag } from './attribute-store.ts'
import type { Source } from './source.ts'

/** Everything about a peer that its routes depend on. Peers for which all of it is equal get the same routes. */
export interface Treatment {
  readonly family: Family
  readonly external: boolean
  readonly localAs: number
  /** Next hop "self", by family of the address. */
  readonly localAddress: Readonly<Partial<Record<Family, string>>>
  readonly client: boolean
  readonly clusterId: string
  readonly nextHop: 'auto' | 'self' | 'keep'
  readonly role: number | undefined
  /** It knows LLGR_STALE (RFC 9494). */
  readonly longLived: boolean
  readonly wire: WireOptions
  readonly filter: CompiledFilter
}

/** A path that may be sent. */
export interface Candidate {
  readonly source: Source
  readonly attributes: PathAttributes
  readonly nextHop: string | undefined
  /** `AttributeFlag`s of `attributes`. */
  readonly flags: number
  /** Outgoing interface, when it is known. */
  readonly interface: string | undefined
}

/** What goes into the export filter, or why the path does not come that far. */
export type Prepared =
  | {
      readonly kind: 'offered'
      readonly attributes: PathAttributes
      readonly nextHop: string
      readonly context: FilterContext
    }
  | { readonly kind: 'refused'; readonly because: string }

/** A path as the export filter sees it: AS prepended, next hop and attributes as they would be sent (spec 05 A5). */
export function prepare(candidate: Candidate, to: Treatment): Prepared {
  const because = refusal(candidate, to)
  if (because !== undefined) return { kind: 'refused', because }
  const nextHop = nextHopFor(candidate, to)
  if (nextHop === undefined) return { kind: 'refused', because: 'there is no next hop of a family that it takes' }
  const { source, attributes: received, interface: device } = candidate
  const context: FilterContext = {
    source: source.kind,
    peerType: to.external ? 'external' : 'internal',
    ...(device !== undefined && { interface: device }),
    gateway: candidate.nextHop !== undefined,
  }
  return { kind: 'offered', attributes: rewritten(received, source, nextHop, to), nextHop, context }
}

/** Why the path is never sent there, whatever the filter says. */
function refusal({ source, attributes, flags }: Candidate, to: Treatment): string | undefined {
  if (!source.peer) return undefined
  if (!to.external && !source.external && !to.client && !source.peer.config.client)
    return 'it came from an internal peer, and neither that one nor this one is a client of this reflector (RFC 4456)'
  if ((flags & AttributeFlag.noAdvertise) !== 0) return 'NO_ADVERTISE'
  if (to.external && (flags & AttributeFlag.noExport) !== 0) return 'NO_EXPORT or NO_EXPORT_SUBCONFED'
  if ((flags & AttributeFlag.longLivedStale) !== 0 && !to.longLived)
    return 'LLGR_STALE, which the peer does not know (RFC 9494)'
  if (to.client && attributes.clusterList?.includes(to.clusterId)) return `cluster ${to.clusterId} is in CLUSTER_LIST`
  if (to.external && attributes.otc !== undefined && to.role !== undefined && keepsOtc.has(to.role))
    return 'it has OTC, and the peer is a provider, peer or route server (RFC 9234)'
  return undefined
}

/** Our roles in which routes with OTC go no further, and those in which routes without it get it: RFC 9234 §5. */
const keepsOtc: ReadonlySet<number> = new Set([Role.customer, Role.peer, Role.routeServerClient])
const marksOnExport: ReadonlySet<number> = new Set([Role.provider, Role.peer, Role.routeServer])

/** The table of spec 05 A5. Undefined when the peer takes no next hop that there is. */
function nextHopFor({ nextHop }: Candidate, to: Treatment): string | undefined {
  const keeps = to.nextHop === 'keep' || (to.nextHop === 'auto' && !to.external)
  if (keeps && nextHop !== undefined && !isLinkLocal(parseAddress(nextHop)) && takes(nextHop, to)) return nextHop
  const self = to.localAddress[to.family]
  if (self !== undefined) return self
  const other = to.localAddress[6]
  return other !== undefined && takes(other, to) ? other : undefined
}

/** IPv4 routes go over IPv6 next hops where RFC 8950 was negotiated; IPv6 routes over no others. */
function takes(nextHop: string, { family, wire }: Treatment): boolean {
  return nextHop.includes(':') ? family === 6 || wire.extendedNextHop : family === 4
}

function rewritten(received: PathAttributes, source: Source, nextHop: string, to: Treatment): PathAttributes {
  const { nextHop: _, ...rest } = received
  const attributes: { -readonly [K in keyof PathAttributes]: PathAttributes[K] } = rest
  attributes.origin ??= 0
  attributes.asPath ??= []
  if (!nextHop.includes(':')) attributes.nextHop = nextHop
  if (to.external) {
    attributes.asPath = prependAs(attributes.asPath, to.localAs)
    // RFC 4271 §5.1.4: another AS must not see the MED that a neighbour gave.
    if (source.peer && attributes.med !== undefined) attributes.med = 0
    if (to.role !== undefined && marksOnExport.has(to.role)) attributes.otc ??= to.localAs
    return attributes
  }
  attributes.localPref ??= 100
  if (source.peer && !source.external) {
    // RFC 4456 §8
    attributes.originatorId ??= source.peer.remoteId
    const cluster = source.peer.config.client ? source.peer.clusterId : to.clusterId
    attributes.clusterList = [cluster, ...(attributes.clusterList ?? [])]
  }
  return attributes
}

/**
 * What is sent of what the filter left: what only internal peers may see is gone, lists are in canonical order. The
 * identical object when that changes nothing, as it mostly does.
 */
export function finish(filtered: PathAttributes, { external }: Treatment): PathAttributes {
  const attributes = external ? withoutInternal(filtered) : filtered
  const { communities, largeCommunities } = attributes
  const tidy = isAscending(communities, byNumber) && isAscending(largeCommunities, byParts)
  if (tidy) return attributes
  return {
    ...attributes,
    ...(communities && { communities: ascending(communities, byNumber) }),
    ...(largeCommunities && { largeCommunities: ascending(largeCommunities, byParts) }),
  }
}

/** RFC 4271 §5.1.5, RFC 4456 §8, RFC 7311 §3.4.3; extended communities as RFC 4360 §6 says. */
function withoutInternal(attributes: PathAttributes): PathAttributes {
  const { localPref, originatorId, clusterList, aigp, extendedCommunities, ...rest } = attributes
  const transitive = extendedCommunities?.filter((community) => ((community >> 56n) & 0x40n) === 0n)
  const same =
    localPref === undefined &&
    originatorId === undefined &&
    clusterList === undefined &&
    aigp === undefined &&
    transitive?.length === extendedCommunities?.length
  if (same) return attributes
  return transitive && transitive.length > 0 ? { ...rest, extendedCommunities: transitive } : rest
}

const byNumber = (a: number, b: number): number => a - b
const byParts = (a: LargeCommunity, b: LargeCommunity): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

/** Sorted and without repetition. */
function isAscending<T>(values: readonly T[] | undefined, compare: (a: T, b: T) => number): boolean {
  if (values) for (let i = 1; i < values.length; i++) if (compare(values[i - 1] as T, values[i] as T) >= 0) return false
  return true
}

function ascending<T>(values: readonly T[], compare: (a: T, b: T) => number): T[] {
  return values.toSorted(compare).filter((value, i, all) => i === 0 || compare(all[i - 1] as T, value) !== 0)
}
