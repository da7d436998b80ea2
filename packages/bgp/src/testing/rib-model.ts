import { compareAddresses, type Family, parseAddress, parsePrefix } from '@tortie/ip'
import { compileFilter } from '../filter/compile.ts'
import type { FilterContext } from '../filter/conditions.ts'
import { explainFilter } from '../filter/explain.ts'
import { type RouteSource, rejectAll } from '../filter/filter.ts'
import { asPathLength, firstAs } from '../message/as-path.ts'
import { encodeAttributes } from '../message/attributes.ts'
import { WellKnownCommunity } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { ByteWriter } from '../message/writer.ts'
import { AttributeFlag } from '../rib/attribute-store.ts'
import type { LocalRoute, NextHopResolution, RibPeer } from '../rib/contract.ts'
import { finish, prepare, type Treatment } from '../rib/export.ts'
import { examine } from '../rib/import.ts'
import { PeerSource, type Source } from '../rib/source.ts'
import type { Session } from '../session/negotiate.ts'

/**
 * The routing tables as plainly as possible: everything that was put in is remembered, everything that is asked for is
 * calculated from the beginning. Rules for one route (`examine`, `prepare`, `finish`) are the library's, tested by
 * example; the decision is written a second time, as a comparison of two paths.
 */
export class RibModel {
  readonly peers = new Map<number, ModelPeer>()
  readonly locals = new Map<string, LocalRoute & { readonly family: Family }>()
  readonly resolutions = new Map<string, NextHopResolution | undefined>()
  readonly #byDefault: NextHopResolution | undefined
  readonly #maxPaths: number

  constructor(maxPaths: number, byDefault: NextHopResolution | undefined) {
    this.#maxPaths = maxPaths
    this.#byDefault = byDefault
  }

  prefixes(family: Family): string[] {
    const all = new Set<string>()
    for (const peer of this.peers.values())
      for (const path of peer.paths.values()) if (path.family === family) all.add(path.prefix)
    for (const route of this.locals.values()) if (route.family === family) all.add(route.prefix)
    return [...all]
  }

  /** The best path, then its equals. */
  best(family: Family, prefix: string): Candidate[] {
    const candidates = this.candidates(family, prefix)
    const groups = Map.groupBy(candidates, ({ neighborAs }) => neighborAs)
    const winners = [...groups.values()].map((group) => group.toSorted(byAll)[0] as Candidate)
    const best = winners.toSorted(byAll)[0]
    if (!best) return []
    if (!best.peer) return [best]
    const equal = candidates.filter((one) => {
      const winner = winners.find((other) => other.neighborAs === one.neighborAs) as Candidate
      return one === best || (compare(multipath, one, winner) === 0 && compare(multipath, one, best) === 0)
    })
    return equal.toSorted(byAll).slice(0, this.#maxPaths)
  }

  candidates(family: Family, prefix: string): Candidate[] {
    const found: Candidate[] = []
    for (const peer of this.peers.values())
      for (const path of peer.paths.values()) {
        if (path.family !== family || path.prefix !== prefix) continue
        const candidate = this.#imported(peer, path)
        if (candidate) found.push(candidate)
      }
    for (const route of this.locals.values())
      if (route.family === family && route.prefix === prefix) found.push(local(route))
    return found
  }

  /** What the peer is to have: texts of attributes by prefix, sorted; one, or several with ADD-PATH. */
  sent(peer: ModelPeer, family: Family): Map<string, string[]> {
    const all = new Map<string, string[]>()
    const { session } = peer
    if (!session?.families.includes(family)) return all
    for (const prefix of this.prefixes(family)) {
      const addPath = session.send.addPath[family]
      const paths = addPath ? this.candidates(family, prefix) : this.best(family, prefix).slice(0, 1)
      const texts: string[] = []
      for (const path of paths) {
        const text = path.peer === peer ? undefined : this.#exported(path, peer, session, family)
        const repeated = !path.peer && texts.includes(`local ${text}`)
        if (text !== undefined && !repeated) texts.push(path.peer ? text : `local ${text}`)
      }
      if (texts.length > 0) all.set(prefix, texts.map((text) => text.replace('local ', '')).sort())
    }
    return all
  }

  resolution(nextHop: string): NextHopResolution | undefined {
    if (nextHop === '0.0.0.0') return undefined
    return this.resolutions.has(nextHop) ? this.resolutions.get(nextHop) : this.#byDefault
  }

  #imported(peer: ModelPeer, path: ModelPath): Candidate | undefined {
    const source = peer.source()
    const examined = examine(path.attributes, path.nextHop, source)
    const resolution = this.resolution(path.nextHop)
    if (examined.flags !== 0 || !resolution) return undefined
    const { outcome } = explainFilter(peer.config.importFilter, {
      prefix: path.prefix,
      attributes: examined.attributes,
      ...contextOf('bgp', peer.external, resolution.interface, true),
    })
    if (outcome.verdict === 'reject') return undefined
    const { communities = [] } = outcome.attributes
    const marked = path.longLived && !communities.includes(WellKnownCommunity.LLGR_STALE)
    const attributes = marked
      ? { ...outcome.attributes, communities: [...communities, WellKnownCommunity.LLGR_STALE] }
      : outcome.attributes
    return {
      prefix: path.prefix,
      peer,
      source,
      preference: outcome.preference ?? 100,
      attributes,
      nextHop: path.nextHop,
      interface: resolution.interface,
      metric: resolution.metric,
      neighborAs: firstAs(attributes.asPath ?? []) ?? peer.config.remoteAs,
      pathId: path.pathId,
      localId: '',
    }
  }

  #exported(path: Candidate, peer: ModelPeer, session: Session, family: Family): string | undefined {
    const { config } = peer
    const to: Treatment = {
      ...config,
      family,
      external: peer.external,
      clusterId: config.clusterId ?? config.localId,
      role: config.role,
      longLived: session.longLived !== undefined,
      wire: session.send,
      filter: undefined as never,
    }
    const prepared = prepare({ ...path, flags: flagsOf(path.attributes) }, to)
    if (prepared.kind === 'refused') return undefined
    const { outcome } = explainFilter(config.exportFilter, {
      prefix: path.prefix,
      attributes: prepared.attributes,
      ...prepared.context,
    })
    if (outcome.verdict === 'reject') return undefined
    return wireText(finish(outcome.attributes, to), prepared.nextHop, session)
  }
}

export class ModelPeer {
  config: RibPeer
  session: Session | undefined
  /** As of the last session. */
  external = false
  remoteId = '0.0.0.0'
  readonly restarting = new Set<Family>()
  readonly paths = new Map<string, ModelPath>()

  constructor(config: RibPeer) {
    this.config = config
  }

  /** As the library's rules want to see it. */
  source(): PeerSource {
    const source = new PeerSource(1, this.config, noFilter, noFilter)
    source.external = this.external
    source.remoteId = this.remoteId
    return source
  }

  ofFamily(family: Family): [string, ModelPath][] {
    return [...this.paths].filter(([, path]) => path.family === family)
  }
}

export interface ModelPath {
  readonly family: Family
  readonly prefix: string
  readonly pathId: number
  readonly attributes: PathAttributes
  readonly nextHop: string
  readonly stale: boolean
  readonly longLived: boolean
}

/** The model reads filters by itself. */
const noFilter = compileFilter(rejectAll)

/** A path that may be best. */
export interface Candidate {
  readonly prefix: string
  readonly peer: ModelPeer | undefined
  readonly source: Source
  readonly preference: number
  readonly attributes: PathAttributes
  readonly nextHop: string | undefined
  readonly interface: string | undefined
  readonly metric: number
  readonly neighborAs: number
  readonly pathId: number
  readonly localId: string
}

export const localFamily = (prefix: string): Family => parsePrefix(prefix).family

function local(route: LocalRoute): Candidate {
  const { prefix, source, preference, gateway, id, attributes } = route
  const kind: Source = {
    index: 0,
    kind: source,
    external: false,
    remoteAs: 0,
    identifier: 0,
    addressRank: 0,
    peer: undefined,
    interface: route.interface,
  }
  return {
    prefix,
    peer: undefined,
    source: kind,
    preference,
    attributes: { origin: 0, asPath: [], ...attributes },
    nextHop: gateway,
    interface: route.interface,
    metric: 0,
    neighborAs: firstAs(attributes.asPath ?? []) ?? 0,
    pathId: 0,
    localId: id,
  }
}

function contextOf(
  source: RouteSource,
  external: boolean,
  device: string | undefined,
  gateway: boolean,
): FilterContext {
  return {
    source,
    peerType: external ? 'external' : 'internal',
    ...(device !== undefined && { interface: device }),
    gateway,
  }
}

const communityFlags: readonly (readonly [number, number])[] = [
  [WellKnownCommunity.NO_ADVERTISE, AttributeFlag.noAdvertise],
  [WellKnownCommunity.NO_EXPORT, AttributeFlag.noExport],
  [WellKnownCommunity.NO_EXPORT_SUBCONFED, AttributeFlag.noExport],
  [WellKnownCommunity.LLGR_STALE, AttributeFlag.longLivedStale],
]

function flagsOf({ communities = [] }: PathAttributes): number {
  return communityFlags.reduce((flags, [community, flag]) => flags | (communities.includes(community) ? flag : 0), 0)
}

/** What a receiver sees, as text. */
export function wireText(attributes: PathAttributes, nextHop: string, { send }: Session): string {
  const writer = new ByteWriter()
  encodeAttributes(writer, attributes, send)
  return `${nextHop} ${Buffer.from(writer.bytes).toString('hex')}`
}

type Comparison = (a: Candidate, b: Candidate) => number
const by =
  (value: (path: Candidate) => number): Comparison =>
  (a, b) =>
    value(a) - value(b)
const number = (address: string): number => Number(parseAddress(address).value)

/** Spec 05 B5, through the step that makes paths share traffic. */
const multipath: readonly Comparison[] = [
  by(({ preference }) => -preference),
  by(({ peer }) => (peer ? 1 : 0)),
  by(({ attributes }) => (attributes.communities?.includes(WellKnownCommunity.LLGR_STALE) ? 1 : 0)),
  by(({ attributes }) => -(attributes.localPref ?? 100)),
  by(({ attributes }) => asPathLength(attributes.asPath ?? [])),
  by(({ attributes }) => attributes.origin ?? 2),
  (a, b) => (a.neighborAs === b.neighborAs ? (a.attributes.med ?? 0) - (b.attributes.med ?? 0) : 0),
  by(({ peer }) => (peer?.external ? 0 : 1)),
  by(({ metric }) => metric),
]
const later: readonly Comparison[] = [
  by(({ attributes, peer }) => number(attributes.originatorId ?? peer?.remoteId ?? '0.0.0.0')),
  by(({ attributes }) => attributes.clusterList?.length ?? 0),
  (a, b) =>
    a.peer && b.peer ? compareAddresses(parseAddress(a.peer.config.address), parseAddress(b.peer.config.address)) : 0,
  by(({ pathId }) => pathId),
  (a, b) => (a.localId < b.localId ? -1 : 1),
]

function compare(steps: readonly Comparison[], a: Candidate, b: Candidate): number {
  for (const step of steps) {
    const difference = step(a, b)
    if (difference !== 0) return difference
  }
  return 0
}

const byAll = (a: Candidate, b: Candidate): number => (a === b ? 0 : compare([...multipath, ...later], a, b))
