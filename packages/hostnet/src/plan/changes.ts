import type { RoutingProgram } from '@tortie/dataplane'
import type { FdbEntry, InterfaceAddress, Neighbour, ReadRoute, Route } from '@tortie/netlink'
import { type Change, diff } from '@tortie/reconcile'
import { type HostnetConfig, isWorkloadInterface } from '../config.ts'
import { desiredAddresses, ownAddresses } from './addresses.ts'
import { desiredFdb, desiredNeighbours } from './neighbours.ts'
import { sameRoute } from './route-key.ts'
import { createRouteMemo, desiredRoutes, type Pending, type RouteMemo } from './routes.ts'
import { bare, type LinkView } from './view.ts'

/** What the kernel holds, of that which is ours or in its way. */
export interface KernelState {
  readonly view: LinkView
  /** Ours, by `routeKey`. */
  readonly routes: ReadonlyMap<string, Route>
  /** Of others, by `routeKey`, to destinations of the program: never touched. */
  readonly foreign: ReadonlyMap<string, ReadRoute>
  /** Permanent ones of our devices. */
  readonly neighbours: ReadonlyMap<string, Neighbour>
  readonly fdb: ReadonlyMap<string, FdbEntry>
  /** Second routes of ours for a destination and metric, which only another hand can have made. */
  readonly doubles: readonly ReadRoute[]
}

/** Time, as far as the plan needs it. */
export interface Patience {
  /** Whether this process has wanted the route before: then it goes at once when it is wanted no more. */
  isKnown(routeKey: string): boolean
  /** When unknown routes on a device may be removed, on the monotonic clock; undefined: now. */
  graceEndsMs(ifindex: number): number | undefined
}

export interface Changes {
  readonly routes: readonly Change<string, Route>[]
  readonly neighbours: readonly Change<string, Neighbour>[]
  readonly fdb: readonly Change<string, FdbEntry>[]
  readonly addresses: readonly Change<string, InterfaceAddress>[]
  /** To be removed. */
  readonly doubles: readonly ReadRoute[]
  /** Whether a route of the program, written or waiting, has this `routeKey`. */
  readonly isWanted: (routeKey: string) => boolean
  /** By `routeKey`. */
  readonly pending: ReadonlyMap<string, Pending>
  /** When to look again, because something was left alone for now. */
  readonly againAtMs?: number
}

/**
 * Pure: the smallest set of changes that turns the kernel's state into what the program wants.
 * @param memo the same for each plan of one namespace: see `RouteMemo`
 */
export function planChanges(
  program: RoutingProgram,
  state: KernelState,
  config: HostnetConfig,
  patience: Patience,
  memo: RouteMemo = createRouteMemo(),
): Changes {
  const desired = desiredRoutes(program, state.view, config, memo)
  const pending = new Map(desired.pending)
  let againAtMs = Number.POSITIVE_INFINITY
  const routes: Change<string, Route>[] = []
  for (const change of diff(desired.routes, state.routes, sameRoute)) {
    const rival = change.op === 'add' ? state.foreign.get(change.key) : undefined
    if (rival)
      pending.set(change.key, { dst: rival.dst, why: `a route of another program (proto ${rival.protocol}) is there` })
    else if (change.op !== 'remove') routes.push(change)
    else if (!mayStay(change.was, desired.pending.get(change.key), state.view)) {
      const until = graceOf(change.key, change.was, state.view, config, patience)
      if (until === undefined) routes.push(change)
      else againAtMs = Math.min(againAtMs, until)
    }
  }
  return {
    routes,
    neighbours: diff(desiredNeighbours(program, state.view), state.neighbours, (a, b) => a.mac === b.mac),
    fdb: diff(desiredFdb(program, state.view), state.fdb, (a, b) => a.dst === b.dst),
    addresses: diff(desiredAddresses(program, state.view), ownAddresses(state.view, config), () => true),
    doubles: state.doubles,
    isWanted: (key) => desired.routes.has(key) || desired.pending.has(key),
    pending,
    ...(againAtMs === Number.POSITIVE_INFINITY ? {} : { againAtMs }),
  }
}

/** A route that cannot be written now stays as it is, unless it leads to an interface that is no longer the right one. */
function mayStay(route: Route, waiting: Pending | undefined, { byIndex }: LinkView): boolean {
  if (!waiting) return false
  return waiting.interface === undefined || byIndex.get(route.oif ?? 0)?.name === waiting.interface
}

function graceOf(
  key: string,
  { oif }: Route,
  { byIndex }: LinkView,
  config: HostnetConfig,
  patience: Patience,
): number | undefined {
  const name = oif === undefined ? undefined : byIndex.get(oif)?.name
  if (oif === undefined || name === undefined || !isWorkloadInterface(name, config) || patience.isKnown(key))
    return undefined
  return patience.graceEndsMs(oif)
}

/** Number of kernel objects that the changes touch. */
export function sizeOf({ routes, neighbours, fdb, addresses, doubles }: Changes): number {
  return routes.length + neighbours.length + fdb.length + addresses.length + doubles.length
}

/** Applies a change to the map that it is a change of. */
export function remember<V>(map: Map<string, V>, change: Change<string, V>): void {
  if (change.op === 'remove') map.delete(change.key)
  else map.set(change.key, change.value)
}

/**
 * Addresses whose routes lead to a workload's interface and are to go or move, although this process never wanted them:
 * their workloads went while nobody watched. Bare, for connection tracking.
 */
export function goneUnseen(
  { routes }: Changes,
  { byIndex }: LinkView,
  config: HostnetConfig,
  patience: Patience,
): string[] {
  const gone: string[] = []
  for (const change of routes) {
    if (change.op === 'add' || patience.isKnown(change.key)) continue
    const { dst, oif } = change.was
    const name = oif === undefined ? undefined : byIndex.get(oif)?.name
    const moves = change.op === 'remove' || change.value.oif !== oif
    if (moves && name !== undefined && isWorkloadInterface(name, config) && isHostPrefix(dst)) gone.push(bare(dst))
  }
  return gone
}

function isHostPrefix(dst: string): boolean {
  return dst.endsWith(dst.includes(':') ? '/128' : '/32')
}
