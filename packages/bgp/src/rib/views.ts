import { formatPrefix, parsePrefix } from '@tortie/ip'
import { nlriOf } from '../message/nlri.ts'
import type { BestPath, BestRoute, DecisionStep, ExportView, NextHopResolution, PathView } from './contract.ts'
import { finish } from './export.ts'
import { ImportStage } from './import.ts'
import { PathFlag } from './path-table.ts'
import type { RouteTable } from './route-table.ts'
import type { PeerSource, Source } from './source.ts'
import type { UpdateGroup } from './update-group.ts'

/** The tables as people and other parts see them: texts and objects, made when asked for. */

/**
 * Best routes one after the other, while nothing changes. PERF: routes whose one path has the same attributes, source and
 * state share the description of it; half the time of a million.
 */
export class BestRoutes {
  readonly #table: RouteTable
  #like = 0
  #paths: readonly BestPath[] = []

  constructor(table: RouteTable) {
    this.#table = table
  }

  /** Of a prefix that is decided; without paths when there is no best. */
  of(prefix: number): BestRoute {
    const table = this.#table
    const { family, prefixes, paths } = table
    const text = prefixes.format(prefix)
    const best = prefixes.best[prefix] as number
    if (best === 0) return { family, prefix: text, paths: [] }
    if (paths.next[prefixes.head[prefix] as number] === 0 && sourceOf(table, best).peer) {
      if (this.#like === 0 || !this.#isAlike(best)) this.#paths = [bestPath(table, best)]
      this.#like = best
      return { family, prefix: text, paths: this.#paths }
    }
    const count = table.decision.select(prefixes.head[prefix] as number)
    return {
      family,
      prefix: text,
      paths: Array.from(table.decision.chosen.subarray(0, count), (p) => bestPath(table, p)),
    }
  }

  #isAlike(path: number): boolean {
    const { attributes, source, preference, flags } = this.#table.paths
    const like = this.#like
    return (
      attributes[path] === attributes[like] &&
      source[path] === source[like] &&
      preference[path] === preference[like] &&
      (((flags[path] as number) ^ (flags[like] as number)) & PathFlag.stale) === 0
    )
  }
}

function bestPath(table: RouteTable, path: number): BestPath {
  const { paths, store } = table
  const source = sourceOf(table, path)
  const attributes = paths.attributes[path] as number
  const local = table.locals.get(path)
  return {
    source: source.kind,
    preference: paths.preference[path] as number,
    localPref: store.localPref[attributes] as number,
    stale: ((paths.flags[path] as number) & PathFlag.stale) !== 0,
    ...(source.peer && { peer: source.peer.config.key }),
    ...nextHopOf(table, path),
    ...(local && { localRouteId: local.id }),
  }
}

function nextHopOf(table: RouteTable, path: number): Pick<BestPath, 'nextHop' | 'resolution'> {
  const attributes = table.paths.attributes[path] as number
  const nextHop = table.store.nextHopText(attributes)
  const resolution = resolutionOf(table, path)
  return { ...(nextHop !== undefined && { nextHop }), ...(resolution && { resolution }) }
}

/** Of a local route, what its owner said. */
function resolutionOf(table: RouteTable, path: number): NextHopResolution | undefined {
  const source = sourceOf(table, path)
  if (source.peer) return table.hops.resolution(table.store.nextHop[table.paths.attributes[path] as number] as number)
  return source.interface === undefined ? undefined : { metric: 0, interface: source.interface }
}

const sourceOf = ({ paths, sources }: RouteTable, path: number): Source =>
  sources.all[paths.source[path] as number] as Source

/** Every path of one prefix, or of all. */
export function* viewPaths(table: RouteTable, prefix?: string): Generator<PathView> {
  if (prefix !== undefined) {
    yield* viewPrefix(table, findPrefix(table, prefix))
    return
  }
  for (let id = 1; id < table.prefixes.end; id++) yield* viewPrefix(table, id)
}

function findPrefix(table: RouteTable, text: string): number {
  const { words, lengths } = nlriOf(table.family, [formatPrefix(parsePrefix(text))])
  return table.prefixes.find(words, 0, lengths[0] as number)
}

function viewPrefix(table: RouteTable, prefix: number): PathView[] {
  const { prefixes, paths } = table
  const head = prefixes.head[prefix] as number
  if (prefix === 0 || head === 0) return []
  const lost = table.decision.explain(head)
  const count = table.decision.select(head)
  const best = count === 0 ? 0 : (table.decision.chosen[0] as number)
  const views: PathView[] = []
  for (let path = head; path !== 0; path = paths.next[path] as number)
    views.push(viewPath(table, path, path === best, lost.get(path)))
  return views
}

function viewPath(table: RouteTable, path: number, best: boolean, lostAt: DecisionStep | undefined): PathView {
  const { paths, store, prefixes } = table
  const source = sourceOf(table, path)
  const flags = paths.flags[path] as number
  return {
    prefix: prefixes.format(paths.prefix[path] as number),
    source: source.kind,
    ...(source.peer && { peer: source.peer.config.key, pathId: paths.pathId[path] as number }),
    ...nextHopOf(table, path),
    received: store.attributes(paths.received[path] as number),
    attributes: store.attributes(paths.attributes[path] as number),
    stale: (flags & PathFlag.stale) !== 0,
    ...statusOf(flags, best, lostAt),
    ...reasonOf(table, path, source),
  }
}

function statusOf(flags: number, best: boolean, lostAt: DecisionStep | undefined): Pick<PathView, 'status' | 'lostAt'> {
  if ((flags & PathFlag.looped) !== 0) return { status: 'looped' }
  if ((flags & (PathFlag.rejected | PathFlag.unusable)) !== 0) return { status: 'rejected' }
  if (lostAt !== undefined) return { status: 'lost', lostAt }
  return { status: best ? 'best' : 'equal' }
}

/** Why a path is no candidate; found by importing it again. */
function reasonOf(table: RouteTable, path: number, { peer }: Source): { because?: string } {
  const { paths, prefixes } = table
  const refused = PathFlag.looped | PathFlag.rejected | PathFlag.unusable
  if (!peer || ((paths.flags[path] as number) & refused) === 0) return {}
  const stage = new ImportStage(table.store, table.hops, peer, paths.received[path] as number)
  const prefix = paths.prefix[path] as number
  const at = prefix * prefixes.perAddress
  const { because } = stage.forPrefix(table.family, prefixes.words, at, prefixes.lengths[prefix] as number)
  stage.end()
  return because === undefined ? {} : { because }
}

/** Why the peer gets what it gets of a prefix: one entry, or one for each path where several are sent. */
export function explainExport(
  table: RouteTable,
  group: UpdateGroup | undefined,
  peer: PeerSource,
  text: string,
  held: boolean,
): ExportView[] {
  const prefix = findPrefix(table, text)
  const view = { peer: peer.config.key, prefix: text }
  const none = (because: string): ExportView[] => [{ ...view, sent: false, because }]
  if (!group) return none('no session that carries this family')
  if (prefix === 0 || table.prefixes.head[prefix] === 0) return none('there is no path')
  const paths: number[] = []
  if (group.addPath)
    for (let p = table.prefixes.head[prefix] as number; p !== 0; p = table.paths.next[p] as number) paths.push(p)
  else if (table.prefixes.best[prefix] !== 0) paths.push(table.prefixes.best[prefix] as number)
  if (paths.length === 0) return none('no path is best')
  return paths.map((path) => {
    const exported = explainPath(table, group, peer, prefix, path)
    const waits = held ? 'output is held until the restart is over; ' : ''
    return { ...view, ...exported, sent: exported.sent && !held, because: waits + exported.because }
  })
}

function explainPath(
  table: RouteTable,
  group: UpdateGroup,
  peer: PeerSource,
  prefix: number,
  path: number,
): Omit<ExportView, 'peer' | 'prefix'> {
  const { paths, prefixes, family } = table
  const source = paths.source[path] as number
  if (group.addPath && !table.isCandidate(path)) return { sent: false, because: 'the path is no candidate' }
  if (source === peer.index) return { sent: false, because: 'split horizon: it came from this peer' }
  const prepared = group.prepared(paths.attributes[path] as number, source)
  if (prepared.kind === 'refused') return { sent: false, because: prepared.because }
  const stage = group.treatment.filter.forAttributes(prepared.attributes, prepared.context)
  const at = prefix * prefixes.perAddress
  const outcome =
    stage.kind === 'decided'
      ? stage.outcome
      : stage.decide(family, prefixes.words, at, prefixes.lengths[prefix] as number)
  const statement = outcome.statement ?? `no statement of the export filter decides: ${outcome.verdict}`
  if (outcome.verdict === 'reject') return { sent: false, because: statement }
  return { sent: true, because: statement, attributes: finish(outcome.attributes, group.treatment) }
}
