import type { Family } from '@tortie/ip'
import type { Filter, RouteSource } from '../filter/filter.ts'
import type { Nlri } from '../message/nlri.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { UpdateMessage } from '../message/update.ts'
import type { ByteWriter } from '../message/writer.ts'
import type { Session } from '../session/negotiate.ts'

/** A neighbour as the routing tables see it. Addresses and identifiers are canonical text. */
export interface RibPeer {
  /** Its name everywhere, unique. */
  readonly key: string
  readonly address: string
  readonly localAs: number
  readonly remoteAs: number
  /** BGP identifier of this speaker. */
  readonly localId: string
  /** Next hop "self" of routes sent to it, by family; a family without one sends no route that needs it. */
  readonly localAddress: Readonly<Partial<Record<Family, string>>>
  /** It is a client of this route reflector (RFC 4456). */
  readonly client: boolean
  /** CLUSTER_ID of this reflector; defaults to `localId`. */
  readonly clusterId?: string
  readonly nextHop: 'auto' | 'self' | 'keep'
  /** Times that `localAs` may be in a received AS_PATH. */
  readonly allowLocalAs: number
  readonly enforceFirstAs: boolean
  /** GRACEFUL_SHUTDOWN on a received route makes its LOCAL_PREF 0 (RFC 8326). */
  readonly gracefulShutdown: boolean
  readonly importFilter: Filter
  readonly exportFilter: Filter
  /** RFC 9234: our role, when configured. */
  readonly role?: number
  /** Paths accepted per family before `receive` says so; undefined is without bound. */
  readonly maxPrefixes?: Readonly<Partial<Record<Family, number>>>
}

/** A number for a peer while it is in the tables. */
export type PeerIndex = number

/** A route that does not come from BGP. Its identity is (prefix, id). */
export interface LocalRoute {
  readonly prefix: string
  /** Tells routes of one prefix from each other: `block`, `kernel:100`. */
  readonly id: string
  readonly source: Exclude<RouteSource, 'bgp'>
  /** Among sources, higher wins: 240 direct, 200 static, 100 BGP, 10 kernel (spec 05 A6). */
  readonly preference: number
  /** Gateway, when it has one. */
  readonly gateway?: string
  readonly interface?: string
  /** LOCAL_PREF, communities and so on; ORIGIN defaults to IGP, AS_PATH to empty. */
  readonly attributes: PathAttributes
}

/** How a next hop is reached. `metric` 0 is on-link. Undefined in the calls below: it is not reachable. */
export interface NextHopResolution {
  readonly metric: number
  readonly interface?: string
  /** The router on the way, when it is not on-link. */
  readonly gateway?: string
}

/** What is now best for a prefix: what the kernel is to hold. */
export interface BestRoute {
  readonly family: Family
  readonly prefix: string
  /** Empty: nothing reaches it any more. The first is the best path, the others equal it (ECMP). */
  readonly paths: readonly BestPath[]
}
export interface BestPath {
  readonly source: RouteSource
  readonly peer?: string
  readonly nextHop?: string
  readonly resolution?: NextHopResolution
  readonly preference: number
  readonly localPref: number
  readonly stale: boolean
  readonly localRouteId?: string
}

/** Steps of the decision process, in order (spec 05 B5). */
export type DecisionStep =
  | 'preference'
  | 'resolvable'
  | 'llgr-stale'
  | 'local-pref'
  | 'as-path-length'
  | 'origin'
  | 'med'
  | 'external'
  | 'igp-metric'
  | 'originator-id'
  | 'cluster-list-length'
  | 'peer-address'
  | 'path-id'

/** One path of a prefix and what became of it, for people. */
export interface PathView {
  readonly prefix: string
  readonly source: RouteSource
  readonly peer?: string
  readonly pathId?: number
  readonly nextHop?: string
  readonly resolution?: NextHopResolution
  /** As received, and after the import filter. */
  readonly received: PathAttributes
  readonly attributes: PathAttributes
  readonly stale: boolean
  /**
   * `rejected` and `looped` paths are no candidates, and `because` has the statement's origin or the rule. A path whose
   * next hop nothing resolves is `lost` at `resolvable`, also when it is the only one (RFC 4271 §9.1.2).
   */
  readonly status: 'best' | 'equal' | 'lost' | 'rejected' | 'looped'
  readonly because?: string
  /** Where it lost against the best one. */
  readonly lostAt?: DecisionStep
}

/** Why a path is or is not sent to a peer. */
export interface ExportView {
  readonly peer: string
  readonly prefix: string
  readonly sent: boolean
  /** Words: the statement that decided, split horizon, NO_EXPORT, reflection rules, no best path, … */
  readonly because: string
  readonly attributes?: PathAttributes
}

export interface RibCounts {
  readonly prefixes: Readonly<Record<Family, number>>
  readonly paths: Readonly<Record<Family, number>>
  readonly attributeSets: number
}

/**
 * Adj-RIB-In, Loc-RIB and Adj-RIB-Out of one speaker. Pure and synchronous: received routes go in, `work` decides,
 * `output` gives UPDATE messages peer by peer, as many as the socket takes.
 * PERF: nothing is allocated for a route; what waits to be sent is bounded by the tables, not by the slowest peer.
 */
export interface Rib {
  addPeer(peer: RibPeer): PeerIndex
  /**
   * New parameters without a session reset: filters, next hop mode, … Re-evaluates only what they touch, and sends only
   * what differs. The peer is served as before until `work` has made the table for its new treatment.
   */
  changePeer(index: PeerIndex, peer: RibPeer): void
  /** Forgets everything from and for it. */
  removePeer(index: PeerIndex): void

  /** The session is up: its families may be received and sent; the first table transfer starts. */
  open(index: PeerIndex, session: Session): void
  /**
   * The session is over. Paths of `keep` families stay, as stale; the others go, and with them what was stale since an
   * earlier loss (RFC 4724 §4.2).
   */
  close(index: PeerIndex, keep: readonly Family[]): void
  /** Applies a received UPDATE. Returns the family whose prefix limit was passed, if one was. */
  receive(index: PeerIndex, update: UpdateMessage): Family | undefined
  /** For `treat-as-withdraw`. */
  withdraw(index: PeerIndex, nlri: Nlri): void
  /** Marks all paths of the family as stale: start of a graceful restart or a BoRR. */
  markStale(index: PeerIndex, family: Family): void
  /** End-of-RIB, EoRR or an expired timer: what is still stale goes. */
  dropStale(index: PeerIndex, family: Family): void
  /** RFC 9494: stale paths become least preferred and carry LLGR_STALE; those with NO_LLGR go. */
  markLongLivedStale(index: PeerIndex, family: Family): void
  /** The peer asked for the table again (RFC 2918); framed by BoRR and EoRR when negotiated. */
  refresh(index: PeerIndex, family: Family): void

  announce(route: LocalRoute): void
  withdrawLocal(prefix: string, id: string): void
  resolveNextHop(address: string, resolution: NextHopResolution | undefined): void
  /** Next hops of the paths received from peers: what the owner has to watch and resolve. */
  nextHops(): Iterable<string>
  /** Whether `resolveNextHop` is still to be called for one of them: until then its paths are not used. */
  awaitsNextHops(): boolean

  /** Until told otherwise no route is sent to anyone (own graceful restart, RFC 4724 §4.1). */
  holdOutput(hold: boolean): void
  /** Decides for changed prefixes, at most about `limit` of them. True when more remain. */
  work(limit: number): boolean
  /**
   * Changes of best routes since the last call: at most one entry per prefix, in no order. A prefix that has no path any
   * more is forgotten when its end was taken. Staleness alone is no change.
   */
  takeBest(limit: number): BestRoute[]
  /** As `takeBest`, when nobody listens. True when more remain. */
  skipBest(limit: number): boolean
  /** Peers for which `output` has something now; a peer is named in every call until it has nothing more. */
  takeReady(): PeerIndex[]
  /**
   * Writes messages for the peer until about `bytes` are written. True when more wait. End-of-RIB follows the first
   * transfer of each family; withdrawals come before announcements of the same batch.
   */
  output(index: PeerIndex, writer: ByteWriter, bytes: number): boolean

  counts(): RibCounts
  peerCounts(index: PeerIndex): { readonly received: number; readonly accepted: number; readonly sent: number }
  /** Best routes, or every path of every prefix; a snapshot taken piece by piece. */
  best(family: Family): Iterable<BestRoute>
  paths(family: Family, prefix?: string): Iterable<PathView>
  explainExport(index: PeerIndex, prefix: string): ExportView[]
}

export interface RibOptions {
  /** Greatest number of equal paths (ECMP) in a best route. */
  readonly maxPaths: number
  /** Without a filter nothing goes to or comes from external peers (RFC 8212): filters are always explicit here. */
  readonly resolveByDefault?: NextHopResolution
  /** Anything that a peer cannot guess, so that it cannot choose prefixes that collide in our tables. */
  readonly seed?: number
}
