import { AttributeFlag } from './attribute-store.ts'
import { ImportStage } from './import.ts'
import { PathFlag } from './path-table.ts'
import { importFlags, type RouteTable } from './route-table.ts'
import type { PeerSource } from './source.ts'

/** What concerns many paths at once: those of a peer, or those over some next hops. */

/** Start of a graceful restart or of a refresh. */
export function markStale(table: RouteTable, peer: PeerSource): void {
  const { flags } = table.paths
  for (const path of table.pathsOf(peer.index)) flags[path] = (flags[path] as number) | PathFlag.stale
}

/** What is still stale goes. */
export function dropStale(table: RouteTable, peer: PeerSource): void {
  for (const path of table.pathsOf(peer.index))
    if (((table.paths.flags[path] as number) & PathFlag.stale) !== 0) table.remove(path)
}

/** RFC 9494 §4.2, 4.3. */
export function markLongLivedStale(table: RouteTable, peer: PeerSource): void {
  const { flags, received, preference, attributes } = table.paths
  for (const path of table.pathsOf(peer.index)) {
    const now = flags[path] as number
    if ((now & PathFlag.stale) === 0 || (now & PathFlag.longLived) !== 0) continue
    const communities = table.store.flags[received[path] as number] as number
    if ((communities & AttributeFlag.noLongLived) !== 0) {
      table.remove(path)
      continue
    }
    flags[path] = now | PathFlag.longLived
    const imported = { attributes: attributes[path] as number, preference: preference[path] as number }
    table.update(path, peer, received[path] as number, { ...imported, flags: now & importFlags }, 0)
  }
}

/** Runs the import of all paths of the peer, or of those that `which` takes, again. */
export function reimport(table: RouteTable, peer: PeerSource, which?: (path: number) => boolean): void {
  const stages = new Map<number, ImportStage>()
  const { prefixes, paths } = table
  for (const path of table.pathsOf(peer.index)) {
    if (which && !which(path)) continue
    const received = paths.received[path] as number
    let stage = stages.get(received)
    if (!stage) {
      stage = new ImportStage(table.store, table.hops, peer, received)
      stages.set(received, stage)
    }
    const prefix = paths.prefix[path] as number
    const at = prefix * prefixes.perAddress
    const imported = stage.forPrefix(table.family, prefixes.words, at, prefixes.lengths[prefix] as number)
    table.update(path, peer, received, imported, 0)
  }
  for (const stage of stages.values()) stage.end()
}

/** All paths of the source are compared again. */
export function markSourceDirty(table: RouteTable, source: number): void {
  for (const path of table.pathsOf(source)) table.markDirty(table.paths.prefix[path] as number)
}

/** Paths over these next hops: they may win or lose, and filters may see another interface. */
export function nextHopsChanged(table: RouteTable, changed: ReadonlySet<number>): void {
  const { paths, store } = table
  const uses = (path: number): boolean => changed.has(store.nextHop[paths.received[path] as number] as number)
  const peers = new Set<PeerSource>()
  for (let path = 1; path < paths.end; path++) {
    const peer = table.sources.all[paths.source[path] as number]?.peer
    if (!peer || !uses(path)) continue
    peers.add(peer)
    paths.flags[path] = (paths.flags[path] as number) | PathFlag.changed
    table.markDirty(paths.prefix[path] as number)
  }
  for (const peer of peers) reimport(table, peer, uses)
}
