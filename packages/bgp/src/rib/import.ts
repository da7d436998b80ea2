import type { Family } from '@tortie/ip'
import type { AttributeStage, Outcome } from '../filter/compile.ts'
import { type AsPath, firstAs } from '../message/as-path.ts'
import { Role, WellKnownCommunity } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { AttributeStore } from './attribute-store.ts'
import type { NextHops } from './next-hops.ts'
import { PathFlag } from './path-table.ts'
import type { PeerSource } from './source.ts'

/** What becomes of a received route. */
export interface Imported {
  /** `rejected`, `looped`, `unusable` of `PathFlag`; 0 for a candidate. */
  readonly flags: number
  /** Number of the attribute set after the import filter. The stage holds a reference until it ends. */
  readonly attributes: number
  readonly preference: number
  /** Why, when it is no candidate. */
  readonly because?: string
}

/** Preference of BGP's routes among sources: spec 05 B5. */
const bgpPreference = 100

/**
 * Import of routes of one received attribute set from one peer: what does not depend on the prefix is done once.
 * `end` gives back the attribute sets.
 */
export class ImportStage {
  readonly received: number
  readonly #store: AttributeStore
  readonly #filter: AttributeStage | undefined
  readonly #examined: Examined
  readonly #always: Imported | undefined
  readonly #byOutcome = new Map<Outcome, Imported>()
  #lastOutcome: Outcome | undefined
  #last: Imported | undefined

  constructor(store: AttributeStore, hops: NextHops, peer: PeerSource, received: number) {
    this.received = received
    this.#store = store
    store.retain(received)
    const attributes = store.attributes(received)
    const examined = examine(attributes, store.nextHopText(received), peer)
    this.#examined = examined
    if ((examined.flags & (PathFlag.looped | PathFlag.rejected)) !== 0) {
      this.#always = this.#imported({ verdict: 'accept', attributes: examined.attributes })
      return
    }
    const device = hops.resolution(store.nextHop[received] as number)?.interface
    this.#filter = peer.importFilter.forAttributes(examined.attributes, {
      source: 'bgp',
      peerType: peer.external ? 'external' : 'internal',
      ...(device !== undefined && { interface: device }),
      gateway: true,
    })
    if (this.#filter.kind === 'decided') this.#always = this.#imported(this.#filter.outcome)
  }

  /** For the prefix whose address begins at `words[at]`. */
  forPrefix(family: Family, words: Uint32Array, at: number, length: number): Imported {
    if (this.#always) return this.#always
    const outcome = (this.#filter as AttributeStage & { kind: 'by-prefix' }).decide(family, words, at, length)
    if (outcome === this.#lastOutcome) return this.#last as Imported
    let imported = this.#byOutcome.get(outcome)
    if (!imported) {
      imported = this.#imported(outcome)
      this.#byOutcome.set(outcome, imported)
    }
    this.#lastOutcome = outcome
    this.#last = imported
    return imported
  }

  end(): void {
    if (this.#always) this.#store.release(this.#always.attributes)
    for (const { attributes } of this.#byOutcome.values()) this.#store.release(attributes)
    this.#store.release(this.received)
  }

  #imported({ verdict, attributes, preference = bgpPreference, statement }: Outcome): Imported {
    const refused = verdict === 'reject'
    const store = this.#store
    const same = attributes === store.attributes(this.received)
    const nextHop = store.nextHopText(this.received)
    const id = same ? this.received : store.take(attributes, nextHop, store.linkLocal(this.received))
    if (same) store.retain(id)
    const because = refused ? (statement ?? 'no statement of the import filter accepts it') : this.#examined.because
    return {
      flags: this.#examined.flags | (refused ? PathFlag.rejected : 0),
      attributes: id,
      preference: Math.min(Math.max(preference, 0), 0xffff),
      ...(because !== undefined && { because }),
    }
  }
}

interface Examined {
  readonly flags: number
  readonly attributes: PathAttributes
  readonly because?: string
}

/** Everything that is done to a received route before the import filter. */
export function examine(attributes: PathAttributes, nextHop: string | undefined, peer: PeerSource): Examined {
  const because = loopOf(attributes, peer)
  if (because !== undefined) return { flags: PathFlag.looped, attributes, because }
  const { asPath = [], otc } = attributes
  const { enforceFirstAs, remoteAs, role, gracefulShutdown, localAddress } = peer.config
  if (enforceFirstAs && peer.external && firstAs(asPath) !== remoteAs)
    return { flags: PathFlag.rejected, attributes, because: `AS_PATH does not begin with ${remoteAs}` }
  let changed = attributes
  if (role !== undefined && peer.external) {
    if (otc !== undefined && isLeak(otc, role, remoteAs))
      return { flags: PathFlag.rejected, attributes, because: `a route leak: OTC ${otc} (RFC 9234 §5)` }
    if (otc === undefined && marksOnImport.has(role)) changed = { ...changed, otc: remoteAs }
  }
  // RFC 8326 §4.2
  if (gracefulShutdown && attributes.communities?.includes(WellKnownCommunity.GRACEFUL_SHUTDOWN))
    changed = { ...changed, localPref: 0 }
  const own = nextHop !== undefined && (nextHop === localAddress[4] || nextHop === localAddress[6])
  if (own) return { flags: PathFlag.unusable, attributes: changed, because: 'its next hop is our own address' }
  return { flags: 0, attributes: changed }
}

/** Why the route has been here before: spec 05 A5. */
function loopOf({ asPath = [], originatorId, clusterList }: PathAttributes, peer: PeerSource): string | undefined {
  const { localAs, allowLocalAs, localId, client } = peer.config
  const times = occurrences(asPath, localAs)
  if (times > allowLocalAs) return `AS ${localAs} is in AS_PATH ${times} times, ${allowLocalAs} are allowed`
  if (originatorId === localId) return 'ORIGINATOR_ID is our identifier'
  if (client && clusterList?.includes(peer.clusterId)) return `cluster ${peer.clusterId} is in CLUSTER_LIST`
  return undefined
}

function occurrences(path: AsPath, as: number): number {
  let count = 0
  for (const { asns } of path) for (const one of asns) if (one === as) count++
  return count
}

/** Our roles in which a route without OTC is marked with the peer's AS: it comes from a provider, peer or server. */
const marksOnImport: ReadonlySet<number> = new Set([Role.customer, Role.peer, Role.routeServerClient])

/** RFC 9234 §5, receiving 1 and 2. */
function isLeak(otc: number, role: number, remoteAs: number): boolean {
  return role === Role.provider || role === Role.routeServer || (role === Role.peer && otc !== remoteAs)
}

/** The set with LLGR_STALE added (RFC 9494 §4.2), with one reference more. */
export function withLongLivedStale(store: AttributeStore, id: number): number {
  const attributes = store.attributes(id)
  const { communities = [] } = attributes
  const marked = communities.includes(WellKnownCommunity.LLGR_STALE)
    ? attributes
    : { ...attributes, communities: [...communities, WellKnownCommunity.LLGR_STALE] }
  return store.take(marked, store.nextHopText(id), store.linkLocal(id))
}
