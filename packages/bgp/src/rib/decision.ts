import type { AttributeStore } from './attribute-store.ts'
import { AttributeFlag } from './attribute-store.ts'
import type { DecisionStep } from './contract.ts'
import { type NextHops, unreachable } from './next-hops.ts'
import { excluded, type PathTable } from './path-table.ts'
import type { Source, Sources } from './source.ts'

/** What the steps read. */
export interface Routes {
  readonly paths: PathTable
  readonly store: AttributeStore
  readonly hops: NextHops
  readonly sources: Sources
  /** Name of a local route, to tell those of one prefix apart. */
  readonly localId: (path: number) => string
}

interface Step {
  readonly name: DecisionStep
  /** The lower the better. */
  readonly rank: (routes: Routes, path: number) => number
  /** Only paths of one neighbouring AS are compared. */
  readonly perNeighbor?: true
}

const sourceOf = ({ paths, sources }: Routes, path: number): Source =>
  sources.all[paths.source[path] as number] as Source
const attributesOf = ({ paths }: Routes, path: number): number => paths.attributes[path] as number

/** The AS from which the route came; of an empty path the peer's own: spec 05 B5. */
function neighborOf(routes: Routes, path: number): number {
  return (routes.store.neighborAs[attributesOf(routes, path)] as number) || sourceOf(routes, path).remoteAs
}

/**
 * The decision process, RFC 4271 §9.1.2.2 and RFC 4456 §9 in BIRD's order. After each step the worse paths are out;
 * MED, for each neighbouring AS by itself, so that the result does not depend on the order of arrival.
 */
const steps: readonly Step[] = [
  // Local routes win over BGP's of equal preference.
  {
    name: 'preference',
    rank: (r, path) => -2 * (r.paths.preference[path] as number) + (sourceOf(r, path).peer ? 1 : 0),
  },
  {
    name: 'llgr-stale',
    rank: (r, path) => (r.store.flags[attributesOf(r, path)] as number) & AttributeFlag.longLivedStale,
  },
  { name: 'local-pref', rank: (r, path) => -(r.store.localPref[attributesOf(r, path)] as number) },
  { name: 'as-path-length', rank: (r, path) => r.store.pathLength[attributesOf(r, path)] as number },
  { name: 'origin', rank: (r, path) => r.store.origin[attributesOf(r, path)] as number },
  { name: 'med', rank: (r, path) => r.store.med[attributesOf(r, path)] as number, perNeighbor: true },
  { name: 'external', rank: (r, path) => (sourceOf(r, path).external ? 0 : 1) },
  { name: 'igp-metric', rank: (r, path) => metricOf(r, path) },
  {
    name: 'originator-id',
    rank: (r, path) => (r.store.originator[attributesOf(r, path)] as number) || sourceOf(r, path).identifier,
  },
  { name: 'cluster-list-length', rank: (r, path) => r.store.clusterLength[attributesOf(r, path)] as number },
  { name: 'peer-address', rank: (r, path) => sourceOf(r, path).addressRank },
  { name: 'path-id', rank: (r, path) => r.paths.pathId[path] as number },
]
/** Paths that are equal through this step share traffic. */
const lastOfMultipath = steps.findIndex(({ name }) => name === 'igp-metric')

/** 0 for local routes. */
function metricOf(routes: Routes, path: number): number {
  if (!sourceOf(routes, path).peer) return 0
  return routes.hops.metric[routes.store.nextHop[attributesOf(routes, path)] as number] as number
}

/** Whether the path may be best, if it is the only one: RFC 4271 §9.1.2 leaves out those that nothing resolves. */
export function isCandidate(routes: Routes, path: number): boolean {
  return ((routes.paths.flags[path] as number) & excluded) === 0 && metricOf(routes, path) !== unreachable
}

/** Chooses among the paths of one prefix. */
export class Decision {
  /** What `select` found: the best path, then those that equal it. */
  chosen: Uint32Array = new Uint32Array(16)
  readonly #routes: Routes
  readonly #maxPaths: number
  #rest = new Uint32Array(16)

  constructor(routes: Routes, maxPaths: number) {
    this.#routes = routes
    this.#maxPaths = maxPaths
  }

  /**
   * Decides among the chain that begins with `head`. @returns how many of `chosen` count: at most the greatest number of
   * equal paths, in the order of the steps after those that make them equal
   */
  select(head: number): number {
    const { paths } = this.#routes
    let count = 0
    for (let path = head; path !== 0; path = paths.next[path] as number) {
      if (!isCandidate(this.#routes, path)) continue
      if (count === this.#rest.length) this.#widen()
      this.#rest[count++] = path
    }
    for (let s = 0; count > 1 && s <= lastOfMultipath; s++) count = this.#eliminate(steps[s] as Step, count)
    if (count <= 1) {
      this.chosen[0] = this.#rest[0] as number
      return count
    }
    const equal = this.#sorted(count)
    const local = !sourceOf(this.#routes, equal[0] as number).peer
    const shared = local ? 1 : Math.min(count, Math.max(1, this.#maxPaths))
    this.chosen.set(equal.subarray(0, shared))
    return shared
  }

  /** The paths that share traffic, by the later steps. PERF: two are compared as they are; most prefixes have no more. */
  #sorted(count: number): Uint32Array {
    const equal = this.#rest.subarray(0, count)
    const [first = 0, second = 0] = equal
    if (count > 2) return equal.toSorted((a, b) => compareAfter(this.#routes, lastOfMultipath, a, b))
    if (compareAfter(this.#routes, lastOfMultipath, first, second) > 0) equal.set([second, first])
    return equal
  }

  /** The step at which each path of the chain lost; the best and its equals are not in it. */
  explain(head: number): Map<number, DecisionStep> {
    const { paths } = this.#routes
    const lost = new Map<number, DecisionStep>()
    let rest: number[] = []
    for (let path = head; path !== 0; path = paths.next[path] as number) {
      if (((paths.flags[path] as number) & excluded) !== 0) continue
      if (isCandidate(this.#routes, path)) rest.push(path)
      else lost.set(path, 'resolvable')
    }
    if (rest.length <= 1) return lost
    for (const step of steps.slice(0, lastOfMultipath + 1)) {
      const left = new Set(bestBy(this.#routes, step, rest))
      for (const path of rest) if (!left.has(path)) lost.set(path, step.name)
      rest = rest.filter((path) => left.has(path))
    }
    const count = this.select(head)
    const members = new Set(this.chosen.subarray(0, count))
    for (const path of rest) {
      if (members.has(path)) continue
      const differs = steps.slice(lastOfMultipath + 1).find(({ rank }) => {
        return rank(this.#routes, path) !== rank(this.#routes, this.chosen[0] as number)
      })
      lost.set(path, differs?.name ?? 'path-id')
    }
    return lost
  }

  /** Keeps the paths of `#rest` that no other beats at the step. */
  #eliminate({ rank, perNeighbor }: Step, count: number): number {
    const rest = this.#rest
    const routes = this.#routes
    if (perNeighbor) {
      // Mostly nobody sets a MED.
      const first = rank(routes, rest[0] as number)
      let same = 1
      while (same < count && rank(routes, rest[same] as number) === first) same++
      if (same === count) return count
      const left = bestBy(routes, { name: 'med', rank, perNeighbor }, Array.from(rest.subarray(0, count)))
      rest.set(left)
      return left.length
    }
    let least = Number.POSITIVE_INFINITY
    let kept = 0
    for (let i = 0; i < count; i++) {
      const path = rest[i] as number
      const value = rank(routes, path)
      if (value > least) continue
      if (value < least) kept = 0
      least = value
      rest[kept++] = path
    }
    return kept
  }

  #widen(): void {
    const wide = new Uint32Array(this.#rest.length * 2)
    wide.set(this.#rest)
    this.#rest = wide
    this.chosen = new Uint32Array(wide.length)
  }
}

/** The paths that none of the others beats at the step. */
function bestBy(routes: Routes, { rank, perNeighbor }: Step, among: readonly number[]): number[] {
  const least = new Map<number, number>()
  const groupOf = (path: number): number => (perNeighbor ? neighborOf(routes, path) : 0)
  for (const path of among) {
    const group = groupOf(path)
    least.set(group, Math.min(least.get(group) ?? Number.POSITIVE_INFINITY, rank(routes, path)))
  }
  return among.filter((path) => rank(routes, path) === least.get(groupOf(path)))
}

/** By the steps after number `after`; local routes at last by name. */
function compareAfter(routes: Routes, after: number, a: number, b: number): number {
  for (let s = after + 1; s < steps.length; s++) {
    const { rank } = steps[s] as Step
    const difference = rank(routes, a) - rank(routes, b)
    if (difference !== 0) return difference
  }
  return routes.localId(a) < routes.localId(b) ? -1 : 1
}
