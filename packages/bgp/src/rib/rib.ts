import { type Family, parseAddress, parsePrefix } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import { type Nlri, nlriOf } from '../message/nlri.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { UpdateMessage } from '../message/update.ts'
import type { ByteWriter } from '../message/writer.ts'
import type { Session } from '../session/negotiate.ts'
import { AttributeStore } from './attribute-store.ts'
import type {
  BestRoute,
  ExportView,
  LocalRoute,
  NextHopResolution,
  PathView,
  PeerIndex,
  Rib,
  RibCounts,
  RibOptions,
  RibPeer,
} from './contract.ts'
import { ImportStage } from './import.ts'
import { NextHops } from './next-hops.ts'
import { hasOutput, Output } from './output.ts'
import { RouteTable } from './route-table.ts'
import { type PeerSource, Sources } from './source.ts'
import { dropStale, markLongLivedStale, markSourceDirty, markStale, nextHopsChanged, reimport } from './sweeps.ts'
import { UpdateGroups } from './update-groups.ts'
import { BestRoutes, explainExport, viewPaths } from './views.ts'

const families = [4, 6] as const

/** The tables of one speaker. See `Rib`. */
export function createRib(options: RibOptions): Rib {
  return new Tables(options)
}

interface FamilyTables {
  readonly routes: RouteTable
  readonly groups: UpdateGroups
  readonly output: Output
}

class Tables implements Rib {
  readonly #hops: NextHops
  readonly #store: AttributeStore
  readonly #sources = new Sources()
  readonly #of: Readonly<Record<Family, FamilyTables>>
  readonly #changedHops = new Set<number>()
  #held = false
  /** Import of the latest attribute set of each peer: an UPDATE often has that of the one before. */
  readonly #stages = new Map<PeerSource, ImportStage>()

  constructor({ maxPaths, resolveByDefault, seed = 0 }: RibOptions) {
    this.#hops = new NextHops(resolveByDefault)
    this.#store = new AttributeStore(this.#hops, seed)
    const shared = { store: this.#store, hops: this.#hops, sources: this.#sources, maxPaths, seed }
    const tables = (family: Family): FamilyTables => {
      const routes = new RouteTable(family, shared)
      this.#store.whenFree((id) => {
        for (const group of routes.groups) group.forgetAttributes(id)
      })
      return { routes, groups: new UpdateGroups(routes), output: new Output(routes) }
    }
    this.#of = { 4: tables(4), 6: tables(6) }
    this.#sources.whenFree((source) => {
      for (const { groups } of this.#tables()) groups.forgetSource(source)
    })
  }

  addPeer(config: RibPeer): PeerIndex {
    return this.#sources.addPeer(config).index
  }

  changePeer(index: PeerIndex, config: RibPeer): void {
    const peer = this.#sources.peer(index)
    const before = peer.config
    const [importBefore, exportBefore] = [peer.importFilter.hash, peer.exportFilter.hash]
    this.#sources.changePeer(peer, config)
    const differs = (...keys: (keyof RibPeer)[]): boolean =>
      keys.some((key) => JSON.stringify(before[key]) !== JSON.stringify(config[key]))
    this.#endStage(peer)
    const imports = differs('localAs', 'localId', 'client', 'clusterId', 'allowLocalAs', 'enforceFirstAs', 'role')
    const asSource = differs('client', 'clusterId', 'localId', 'remoteAs', 'address')
    for (const { routes, groups } of this.#tables()) {
      if (asSource) this.#reconsider(peer, routes, groups)
      if (imports || differs('gracefulShutdown', 'localAddress') || importBefore !== peer.importFilter.hash)
        reimport(routes, peer)
      const exports = differs('localAs', 'localId', 'localAddress', 'client', 'clusterId', 'nextHop', 'role')
      if (exports || exportBefore !== peer.exportFilter.hash) groups.change(peer)
    }
  }

  removePeer(index: PeerIndex): void {
    const peer = this.#sources.peer(index)
    this.close(index, [])
    for (const { routes } of this.#tables()) for (const path of routes.pathsOf(index)) routes.remove(path)
    this.#sources.removePeer(peer)
  }

  open(index: PeerIndex, session: Session): void {
    const peer = this.#sources.peer(index)
    if (peer.session) this.close(index, [...peer.restarting])
    const differs = peer.open(session)
    for (const family of families) {
      const { routes, groups } = this.#of[family]
      if (differs) {
        this.#reconsider(peer, routes, groups)
        reimport(routes, peer)
      }
      if (session.families.includes(family)) groups.join(peer)
    }
  }

  close(index: PeerIndex, keep: readonly Family[]): void {
    const peer = this.#sources.peer(index)
    this.#endStage(peer)
    for (const family of families) {
      const { routes, groups } = this.#of[family]
      if (peer.session) groups.leave(peer)
      if (!keep.includes(family)) {
        for (const path of routes.pathsOf(index)) routes.remove(path)
        peer.restarting.delete(family)
        continue
      }
      // Lost again before it was complete: what was stale then is not kept a second time (RFC 4724 §4.2).
      if (peer.restarting.has(family) && peer.session) dropStale(routes, peer)
      markStale(routes, peer)
      peer.restarting.add(family)
    }
    peer.session = undefined
  }

  receive(index: PeerIndex, update: UpdateMessage): Family | undefined {
    const peer = this.#sources.peer(index)
    const { withdrawn, nlri, mpReach, mpUnreach, attributes } = update
    this.#withdraw(peer, withdrawn)
    if (mpUnreach) this.#withdraw(peer, mpUnreach)
    const classic = nlri.count > 0 && this.#announce(peer, nlri, attributes, attributes.nextHop)
    if (mpReach && mpReach.nlri.count > 0) {
      const { nextHop, linkLocal } = mpReach
      // With `::` a peer says that it has none but the other (BIRD, on sessions between link-local addresses).
      const hop = nextHop === '::' && linkLocal !== undefined ? linkLocal : nextHop
      const passed = this.#announce(peer, mpReach.nlri, attributes, hop, linkLocal)
      if (passed) return mpReach.nlri.family
    }
    return classic ? nlri.family : undefined
  }

  withdraw(index: PeerIndex, nlri: Nlri): void {
    this.#withdraw(this.#sources.peer(index), nlri)
  }

  #withdraw(peer: PeerSource, nlri: Nlri): void {
    if (nlri.count > 0) this.#of[nlri.family].routes.withdraw(peer, nlri)
  }

  #announce(
    peer: PeerSource,
    nlri: Nlri,
    attributes: PathAttributes,
    nextHop: string | undefined,
    linkLocal?: string,
  ): boolean {
    if (!peer.session?.families.includes(nlri.family)) return false
    const received = this.#store.take(attributes, nextHop, linkLocal)
    let stage = this.#stages.get(peer)
    if (stage?.received !== received) {
      stage?.end()
      stage = new ImportStage(this.#store, this.#hops, peer, received)
      this.#stages.set(peer, stage)
    }
    this.#store.release(received)
    return this.#of[nlri.family].routes.announce(peer, nlri, stage)
  }

  #endStage(peer: PeerSource): void {
    this.#stages.get(peer)?.end()
    this.#stages.delete(peer)
  }

  markStale(index: PeerIndex, family: Family): void {
    markStale(this.#of[family].routes, this.#sources.peer(index))
  }

  dropStale(index: PeerIndex, family: Family): void {
    const peer = this.#sources.peer(index)
    dropStale(this.#of[family].routes, peer)
    peer.restarting.delete(family)
  }

  markLongLivedStale(index: PeerIndex, family: Family): void {
    markLongLivedStale(this.#of[family].routes, this.#sources.peer(index))
  }

  refresh(index: PeerIndex, family: Family): void {
    const peer = this.#sources.peer(index)
    this.#of[family].groups.refresh(peer, peer.session?.enhancedRouteRefresh ?? false)
  }

  announce(route: LocalRoute): void {
    const { family } = parsePrefix(route.prefix)
    if (!Number.isInteger(route.preference) || route.preference < 0 || route.preference > 0xffff)
      throw new BgpError('bgp/bad-value', { field: 'preference', why: `${route.preference} is not from 0 to 65535` })
    const { nextHop: _, ...attributes } = route.attributes
    const { gateway } = route
    if (gateway !== undefined) parseAddress(gateway)
    const own = this.#store.take({ origin: 0, asPath: [], ...attributes }, gateway)
    const { words, lengths } = nlriOf(family, [route.prefix])
    this.#of[family].routes.announceLocal(words, lengths[0] as number, route, own)
    this.#store.release(own)
  }

  withdrawLocal(prefix: string, id: string): void {
    const { family } = parsePrefix(prefix)
    const { words, lengths } = nlriOf(family, [prefix])
    this.#of[family].routes.withdrawLocal(words, lengths[0] as number, id)
  }

  resolveNextHop(address: string, resolution: NextHopResolution | undefined): void {
    const changed = this.#hops.resolve(address, resolution)
    if (changed !== 0) this.#changedHops.add(changed)
  }

  nextHops(): Iterable<string> {
    return this.#hops.inUse()
  }

  awaitsNextHops(): boolean {
    return this.#hops.isUnanswered
  }

  holdOutput(hold: boolean): void {
    this.#held = hold
  }

  work(limit: number): boolean {
    this.#applyNextHops()
    let left = limit
    for (const { routes, groups } of this.#tables()) {
      if (left > 0) left -= routes.decide(left)
      if (left > 0) left -= groups.build(left)
    }
    return this.#tables().some(({ routes, groups }) => routes.dirty > 0 || groups.building)
  }

  #applyNextHops(): void {
    if (this.#changedHops.size === 0) return
    for (const stage of this.#stages.values()) stage.end()
    this.#stages.clear()
    for (const { routes, groups } of this.#tables()) {
      groups.forgetStages()
      nextHopsChanged(routes, this.#changedHops)
    }
    this.#changedHops.clear()
  }

  /** What the peer is to others has changed. */
  #reconsider(peer: PeerSource, routes: RouteTable, groups: UpdateGroups): void {
    groups.forgetSource(peer.index)
    markSourceDirty(routes, peer.index)
  }

  takeBest(limit: number): BestRoute[] {
    // What is told is what was decided: nothing may be known that the decision did not see.
    this.#applyNextHops()
    const taken: BestRoute[] = []
    for (const { routes } of this.#tables()) {
      const best = new BestRoutes(routes)
      while (taken.length < limit) {
        const prefix = routes.takeChanged()
        if (prefix === 0) break
        taken.push(best.of(prefix))
        routes.doneWith(prefix)
      }
    }
    return taken
  }

  skipBest(limit: number): boolean {
    let left = limit
    for (const { routes } of this.#tables())
      for (; left > 0; left--) {
        const prefix = routes.takeChanged()
        if (prefix === 0) break
        routes.doneWith(prefix)
      }
    return left === 0
  }

  /** PERF: runs after each slice of decisions, so it walks through members and looks nothing up. */
  takeReady(): PeerIndex[] {
    const ready = new Set<PeerIndex>()
    if (this.#held) return []
    for (const { routes } of this.#tables())
      for (const group of routes.groups)
        for (const member of group.out.members) if (hasOutput(group, member)) ready.add(member.source)
    return [...ready]
  }

  output(index: PeerIndex, writer: ByteWriter, bytes: number): boolean {
    if (this.#held) return false
    const peer = this.#sources.peer(index)
    const end = writer.length + bytes
    let more = false
    for (const family of families) {
      const member = peer.members[family]
      const group = this.#of[family].groups.of(peer)
      if (!member || !group) continue
      const framed = peer.session?.enhancedRouteRefresh ?? false
      if (writer.length < end) this.#of[family].output.write(group, member, framed, writer, end - writer.length)
      more ||= hasOutput(group, member)
    }
    return more
  }

  counts(): RibCounts {
    const [four, six] = [this.#of[4].routes, this.#of[6].routes]
    return {
      prefixes: { 4: four.size, 6: six.size },
      paths: { 4: four.paths.size, 6: six.paths.size },
      attributeSets: this.#store.size,
    }
  }

  peerCounts(index: PeerIndex): { readonly received: number; readonly accepted: number; readonly sent: number } {
    const { counts, members } = this.#sources.peer(index)
    return {
      received: counts[4].received + counts[6].received,
      accepted: counts[4].accepted + counts[6].accepted,
      sent: (members[4]?.sentCount ?? 0) + (members[6]?.sentCount ?? 0),
    }
  }

  *best(family: Family): Generator<BestRoute> {
    const { routes } = this.#of[family]
    for (let prefix = 1; prefix < routes.prefixes.end; prefix++) {
      this.#applyNextHops()
      routes.settle(prefix)
      if (routes.prefixes.best[prefix] !== 0) yield new BestRoutes(routes).of(prefix)
    }
  }

  paths(family: Family, prefix?: string): Iterable<PathView> {
    return viewPaths(this.#of[family].routes, prefix)
  }

  explainExport(index: PeerIndex, prefix: string): ExportView[] {
    const { family } = parsePrefix(prefix)
    const peer = this.#sources.peer(index)
    const { routes, groups } = this.#of[family]
    return explainExport(routes, groups.of(peer), peer, prefix, this.#held)
  }

  #tables(): readonly FamilyTables[] {
    return [this.#of[4], this.#of[6]]
  }
}
