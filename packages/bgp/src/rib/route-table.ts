import type { Family } from '@tortie/ip'
import type { Nlri } from '../message/nlri.ts'
import type { Slots } from './adj-rib-out.ts'
import type { AttributeStore } from './attribute-store.ts'
import { IntegerQueue } from './columns.ts'
import type { LocalRoute } from './contract.ts'
import { Decision, isCandidate, type Routes } from './decision.ts'
import type { Candidate } from './export.ts'
import { type Imported, type ImportStage, withLongLivedStale } from './import.ts'
import type { NextHops } from './next-hops.ts'
import { excluded, PathFlag, PathTable } from './path-table.ts'
import { PrefixFlag, PrefixTable } from './prefix-table.ts'
import type { PeerSource, Source, Sources } from './source.ts'
import type { UpdateGroup } from './update-group.ts'

/** What the tables of both families share. */
export interface Shared {
  readonly store: AttributeStore
  readonly hops: NextHops
  readonly sources: Sources
  readonly maxPaths: number
  readonly seed: number
}

/** Flags that come from import. */
export const importFlags: number = PathFlag.rejected | PathFlag.looped | PathFlag.unusable

/** Adj-RIB-In and Loc-RIB of one family, with the update groups that are told of every decision. */
export class RouteTable implements Routes {
  readonly family: Family
  readonly prefixes: PrefixTable
  readonly paths = new PathTable()
  readonly store: AttributeStore
  readonly hops: NextHops
  readonly sources: Sources
  readonly decision: Decision
  readonly locals = new Map<number, LocalRoute>()
  /** Prefixes with a path. */
  size = 0
  readonly groups: UpdateGroup[] = []
  readonly prefixSlots: Slots
  readonly pathSlots: Slots
  readonly #dirty = new IntegerQueue()
  readonly #changed = new IntegerQueue()

  constructor(family: Family, { store, hops, sources, maxPaths, seed }: Shared) {
    this.family = family
    this.store = store
    this.hops = hops
    this.sources = sources
    this.prefixes = new PrefixTable(family, seed)
    this.decision = new Decision(this, maxPaths)
    const { prefixes, paths } = this
    this.prefixSlots = {
      get capacity() {
        return prefixes.capacity
      },
      hold: (prefix) => this.#holdPrefix(prefix),
      release: (prefix) => this.#releasePrefix(prefix),
    }
    this.pathSlots = {
      get capacity() {
        return paths.capacity
      },
      hold: (path) => {
        paths.held[path] = (paths.held[path] as number) + 1
      },
      release: (path) => {
        const left = (paths.held[path] as number) - 1
        paths.held[path] = left
        if (left === 0 && ((paths.flags[path] as number) & PathFlag.gone) !== 0) this.#free(path)
      },
    }
  }

  get dirty(): number {
    return this.#dirty.length
  }

  /** Whether the path may be best, and may go to peers that take several. */
  isCandidate(path: number): boolean {
    return isCandidate(this, path)
  }

  localId(path: number): string {
    return this.locals.get(path)?.id ?? ''
  }

  /** Puts the paths of an UPDATE into the table. @returns whether the peer passed its limit; then the rest is left out */
  announce(peer: PeerSource, nlri: Nlri, stage: ImportStage): boolean {
    const { words, lengths, pathIds, count } = nlri
    const { perAddress } = this.prefixes
    const limit = peer.config.maxPrefixes?.[this.family] ?? Number.POSITIVE_INFINITY
    const counts = peer.counts[this.family]
    for (let i = 0; i < count; i++) {
      const length = lengths[i] as number
      const imported = stage.forPrefix(this.family, words, i * perAddress, length)
      const prefix = this.prefixes.add(words, i * perAddress, length)
      const pathId = pathIds === undefined ? 0 : (pathIds[i] as number)
      const path = this.#find(prefix, peer.index, pathId)
      if (path === 0) this.#insert(prefix, peer, pathId, stage.received, imported)
      else this.update(path, peer, stage.received, imported, PathFlag.stale | PathFlag.longLived)
      if (counts.accepted > limit) return true
    }
    return false
  }

  withdraw(peer: PeerSource, nlri: Nlri): void {
    const { words, lengths, pathIds, count } = nlri
    const { perAddress } = this.prefixes
    for (let i = 0; i < count; i++) {
      const prefix = this.prefixes.find(words, i * perAddress, lengths[i] as number)
      if (prefix === 0) continue
      const path = this.#find(prefix, peer.index, pathIds === undefined ? 0 : (pathIds[i] as number))
      if (path !== 0) this.remove(path)
    }
  }

  /** @throws as `AttributeStore.take` */
  announceLocal(words: Uint32Array, length: number, route: LocalRoute, attributes: number): void {
    const source = this.sources.takeLocal(route.source, route.interface)
    const prefix = this.prefixes.add(words, 0, length)
    const imported: Imported = { flags: 0, attributes, preference: route.preference }
    const before = this.#findLocal(prefix, route.id)
    if (before !== 0 && this.paths.source[before] === source.index) {
      // The same again, or with other attributes: no new path, and nothing at all if nothing differs.
      this.sources.releaseLocal(source.index)
      this.locals.set(before, route)
      this.update(before, source, attributes, imported, 0)
      return
    }
    if (before !== 0) this.remove(before)
    this.locals.set(this.#insert(prefix, source, 0, attributes, imported), route)
  }

  withdrawLocal(words: Uint32Array, length: number, id: string): void {
    const prefix = this.prefixes.find(words, 0, length)
    const path = prefix === 0 ? 0 : this.#findLocal(prefix, id)
    if (path !== 0) this.remove(path)
  }

  /** Takes a path out of the table. */
  remove(path: number): void {
    const { paths, prefixes } = this
    const prefix = paths.prefix[path] as number
    const flags = paths.flags[path] as number
    this.#unchain(prefix, path)
    if (prefixes.best[prefix] === path) prefixes.best[prefix] = 0
    if ((flags & PathFlag.member) !== 0)
      prefixes.flags[prefix] = (prefixes.flags[prefix] as number) | PrefixFlag.lostMember
    this.markDirty(prefix)
    const source = this.sources.all[paths.source[path] as number] as Source
    this.#count(source, flags, -1)
    if (source.peer) this.hops.countPaths(this.store.nextHop[paths.received[path] as number] as number, -1)
    this.store.release(paths.received[path] as number)
    this.store.release(paths.attributes[path] as number)
    if (this.locals.size > 0 && this.locals.delete(path)) this.sources.releaseLocal(paths.source[path] as number)
    paths.size--
    paths.source[path] = 0
    paths.flags[path] = PathFlag.gone
    // An Adj-RIB-Out may still have to withdraw it; the prefix stays as long.
    this.#holdPrefix(prefix)
    if ((paths.held[path] as number) === 0) this.#free(path)
    else for (const group of this.groups) if (group.addPath) group.out.set(path, 0, 0)
  }

  /** Every path of one source, gone ones not. PERF: a look at each entry of a column. */
  *pathsOf(source: number): Generator<number> {
    const { paths } = this
    for (let path = 1; path < paths.end; path++) if (paths.source[path] === source) yield path
  }

  markDirty(prefix: number): void {
    const flags = this.prefixes.flags[prefix] as number
    if ((flags & PrefixFlag.dirty) !== 0) return
    this.prefixes.flags[prefix] = flags | PrefixFlag.dirty
    this.#dirty.push(prefix)
  }

  /** Decides for at most `limit` prefixes. @returns for how many */
  decide(limit: number): number {
    let done = 0
    for (; done < limit && this.#dirty.length > 0; done++) this.settle(this.#dirty.shift())
    return done
  }

  /** The next prefix whose best route changed; 0 when there is none. Give it to `doneWith` at last. */
  takeChanged(): number {
    if (this.#changed.length === 0) return 0
    const prefix = this.#changed.shift()
    this.settle(prefix)
    this.prefixes.flags[prefix] = (this.prefixes.flags[prefix] as number) & ~PrefixFlag.changed
    return prefix
  }

  doneWith(prefix: number): void {
    this.#dropUnused(prefix)
  }

  candidate(attributes: number, source: number): Candidate {
    const from = this.sources.all[source] as Source
    const device = from.peer
      ? this.hops.resolution(this.store.nextHop[attributes] as number)?.interface
      : from.interface
    return {
      source: from,
      attributes: this.store.attributes(attributes),
      nextHop: this.store.nextHopText(attributes),
      flags: this.store.flags[attributes] as number,
      interface: device,
    }
  }

  /** Decides for the prefix, if that is still to be done. */
  settle(prefix: number): void {
    const { prefixes, paths } = this
    const before = prefixes.flags[prefix] as number
    if ((before & PrefixFlag.dirty) === 0) return
    const count = this.decision.select(prefixes.head[prefix] as number)
    const { chosen } = this.decision
    const best = count === 0 ? 0 : (chosen[0] as number)
    let news = (before & PrefixFlag.lostMember) !== 0 || prefixes.best[prefix] !== best
    let members = 0
    for (let i = 0; i < count; i++) {
      const flags = paths.flags[chosen[i] as number] as number
      if ((flags & PathFlag.member) === 0 || (flags & PathFlag.changed) !== 0) news = true
      else members++
    }
    for (let path = prefixes.head[prefix] as number; path !== 0; path = paths.next[path] as number) {
      const flags = paths.flags[path] as number
      if ((flags & PathFlag.member) !== 0) members--
      paths.flags[path] = flags & ~(PathFlag.member | PathFlag.changed)
    }
    if (members !== 0) news = true
    for (let i = 0; i < count; i++) {
      const path = chosen[i] as number
      paths.flags[path] = (paths.flags[path] as number) | PathFlag.member
    }
    prefixes.best[prefix] = best
    let after = before & ~(PrefixFlag.dirty | PrefixFlag.lostMember)
    if (news && (after & PrefixFlag.changed) === 0) {
      after |= PrefixFlag.changed
      this.#changed.push(prefix)
    }
    prefixes.flags[prefix] = after
    for (const group of this.groups) group.decided(prefix)
    this.#dropUnused(prefix)
  }

  #find(prefix: number, source: number, pathId: number): number {
    const { paths } = this
    let path = this.prefixes.head[prefix] as number
    while (path !== 0 && (paths.source[path] !== source || paths.pathId[path] !== pathId))
      path = paths.next[path] as number
    return path
  }

  #findLocal(prefix: number, id: string): number {
    let path = this.prefixes.head[prefix] as number
    while (path !== 0 && this.locals.get(path)?.id !== id) path = this.paths.next[path] as number
    return path
  }

  #insert(prefix: number, source: Source, pathId: number, received: number, imported: Imported): number {
    const { paths, prefixes } = this
    const path = paths.add()
    paths.prefix[path] = prefix
    paths.source[path] = source.index
    paths.pathId[path] = pathId
    paths.received[path] = received
    paths.attributes[path] = imported.attributes
    paths.preference[path] = imported.preference
    paths.flags[path] = imported.flags | PathFlag.changed
    this.store.retain(received)
    this.store.retain(imported.attributes)
    const head = prefixes.head[prefix] as number
    if (head === 0) this.size++
    paths.next[path] = head
    prefixes.head[prefix] = path
    this.#count(source, imported.flags, 1)
    if (source.peer) this.hops.countPaths(this.store.nextHop[received] as number, 1)
    this.markDirty(prefix)
    return path
  }

  /** Gives a path what it received and what became of that. @param cleared flags that it loses */
  update(path: number, source: Source, received: number, imported: Imported, cleared: number): void {
    const { paths, store } = this
    const flags = paths.flags[path] as number
    const kept = flags & ~cleared & ~importFlags
    const longLived = (kept & PathFlag.longLived) !== 0
    if (received !== paths.received[path]) {
      if (source.peer) {
        this.hops.countPaths(store.nextHop[received] as number, 1)
        this.hops.countPaths(store.nextHop[paths.received[path] as number] as number, -1)
      }
      store.retain(received)
      store.release(paths.received[path] as number)
      paths.received[path] = received
    }
    const attributes = longLived ? withLongLivedStale(this.store, imported.attributes) : imported.attributes
    const same =
      attributes === paths.attributes[path] &&
      imported.preference === paths.preference[path] &&
      imported.flags === (flags & importFlags)
    paths.flags[path] = kept | imported.flags | (same ? 0 : PathFlag.changed)
    if (!same) {
      this.#count(source, flags, -1)
      this.#count(source, imported.flags, 1)
      store.retain(attributes)
      store.release(paths.attributes[path] as number)
      paths.attributes[path] = attributes
      paths.preference[path] = imported.preference
      this.markDirty(paths.prefix[path] as number)
    }
    if (longLived) store.release(attributes)
  }

  #count(source: Source, flags: number, difference: number): void {
    const counts = source.peer?.counts[this.family]
    if (!counts) return
    counts.received += difference
    if ((flags & excluded) === 0) counts.accepted += difference
  }

  #unchain(prefix: number, path: number): void {
    const { paths, prefixes } = this
    const { next } = paths
    const first = prefixes.head[prefix] as number
    if (first === path) prefixes.head[prefix] = next[path] as number
    else {
      let at = first
      while (next[at] !== path) at = next[at] as number
      next[at] = next[path] as number
    }
    if (prefixes.head[prefix] === 0) this.size--
  }

  #free(path: number): void {
    const prefix = this.paths.prefix[path] as number
    this.paths.remove(path)
    this.#releasePrefix(prefix)
  }

  #holdPrefix(prefix: number): void {
    this.prefixes.held[prefix] = (this.prefixes.held[prefix] as number) + 1
  }

  #releasePrefix(prefix: number): void {
    this.prefixes.held[prefix] = (this.prefixes.held[prefix] as number) - 1
    this.#dropUnused(prefix)
  }

  #dropUnused(prefix: number): void {
    const { head, held, flags } = this.prefixes
    if (head[prefix] !== 0 || held[prefix] !== 0 || flags[prefix] !== 0) return
    this.prefixes.remove(prefix)
  }
}
