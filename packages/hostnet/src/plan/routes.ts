import type { LocalWorkload, Route as ProgramRoute, RoutingProgram } from '@tortie/dataplane'
import { type Link, type Route, RT_SCOPE_LINK } from '@tortie/netlink'
import type { HostnetConfig } from '../config.ts'
import { effectivePriority, routeKey } from './route-key.ts'
import { bare, type LinkView, parentOf } from './view.ts'
import { vxlanDevice } from './vxlan.ts'

/** Why a route is not in the kernel although the program has it. */
export interface Pending {
  readonly dst: string
  readonly why: string
  /** The interface it waits for, when that decides whether what is there may stay. */
  readonly interface?: string
}

export interface DesiredRoutes {
  /** By `routeKey`. */
  readonly routes: ReadonlyMap<string, Route>
  /** By `routeKey`: cannot be written now; what is there is left alone. */
  readonly pending: ReadonlyMap<string, Pending>
}

/**
 * Routes to other nodes as they were calculated last.
 * PERF: topology hands over the same object for a route that did not change, so that of 100,000 only the changed ones are
 * calculated again (bench/routes.bench.ts).
 */
export interface RouteMemo {
  /** Of the devices that routes to other nodes depend on. */
  context: string
  readonly byDst: Map<string, { readonly from: ProgramRoute; readonly key: string; readonly to: Route | Pending }>
}

export function createRouteMemo(): RouteMemo {
  return { context: '', byDst: new Map() }
}

/** Every route that the main table should hold. Spec 02 §5.4. */
export function desiredRoutes(
  program: RoutingProgram,
  view: LinkView,
  config: HostnetConfig,
  memo: RouteMemo = createRouteMemo(),
): DesiredRoutes {
  const routes = new Map<string, Route>()
  const pending = new Map<string, Pending>()
  const put = (key: string, route: Route | Pending): void => {
    if ('why' in route) pending.set(key, route)
    else routes.set(key, route)
  }
  for (const [address, workload] of addressOwners(program)) {
    if (!config.ipv6 && address.includes(':')) continue
    const route = workloadRoute(address, workload, view, config)
    put(routeKey(route), route)
  }
  const context = contextOf(program, view, config)
  if (memo.context !== context || memo.byDst.size > 2 * program.routes.size + 100) memo.byDst.clear()
  memo.context = context
  for (const [dst, from] of program.routes) {
    if (!config.ipv6 && dst.includes(':')) continue
    let known = memo.byDst.get(dst)
    if (known?.from !== from) {
      const to = remoteRoute(dst, from, program, view, config)
      known = { from, to, key: routeKey(to) }
      memo.byDst.set(dst, known)
    }
    put(known.key, known.to)
  }
  return { routes, pending }
}

/** Everything but the route itself that `remoteRoute` reads. */
function contextOf({ node }: RoutingProgram, view: LinkView, { routeProtocol }: HostnetConfig): string {
  const parents = [node.ipv4, node.ipv6].flatMap((own) => [own, parentOf(view, own)])
  const tunnels = [view.byName.get(vxlanDevice(4)), view.byName.get(vxlanDevice(6))]
  const state = (link: Link | string | undefined): unknown =>
    typeof link === 'object' ? [link.index, link.name, link.up] : (link ?? null)
  return JSON.stringify([routeProtocol, ...[...parents, ...tunnels].map(state)])
}

/** Who gets the route of an address: of two active endpoints that claim it, the one with the lowest id. */
export function addressOwners({ workloads }: RoutingProgram): Map<string, LocalWorkload> {
  const owners = new Map<string, LocalWorkload>()
  const winner = new Map<string, string>()
  for (const [id, workload] of workloads) {
    if (!workload.active) continue
    for (const address of workload.addresses) {
      const before = winner.get(address)
      if (before !== undefined && before < id) continue
      winner.set(address, id)
      owners.set(address, workload)
    }
  }
  return owners
}

function workloadRoute(
  dst: string,
  { interface: name }: LocalWorkload,
  { byName }: LinkView,
  config: HostnetConfig,
): Route | Pending {
  const priority = config.deviceRoutePriority
  const link = byName.get(name)
  // `priority` keeps the key of what waits equal to that of the route.
  if (!link?.running) {
    const why = `interface ${name} is ${link ? 'down' : 'missing'}`
    return { ...waiting({ dst, priority }, why), interface: name }
  }
  const v6 = dst.includes(':')
  const prefsrc = v6 ? config.deviceRouteSource.ipv6 : config.deviceRouteSource.ipv4
  return {
    dst,
    oif: link.index,
    protocol: config.deviceRouteProtocol,
    priority,
    ...(v6 ? {} : { scope: RT_SCOPE_LINK }),
    ...(prefsrc === undefined ? {} : { prefsrc }),
  }
}

function remoteRoute(
  dst: string,
  route: ProgramRoute,
  program: RoutingProgram,
  view: LinkView,
  { routeProtocol: protocol }: HostnetConfig,
): Route | Pending {
  const v6 = dst.includes(':')
  // The kernel reads an IPv6 metric of 0 as 1024.
  const base = { dst, protocol, ...(v6 ? { priority: effectivePriority({ dst }) } : {}) }
  if (route.kind === 'blackhole') return { ...base, type: 'blackhole' }
  if (route.kind === 'no-encap') {
    const own = v6 ? program.node.ipv6 : program.node.ipv4
    const parent = parentOf(view, own)
    if (!parent?.up) return waiting(base, whyNoParent(own, parent))
    return { ...base, oif: parent.index, gateway: route.via }
  }
  const name = vxlanDevice(v6 ? 6 : 4)
  const device = view.byName.get(name)
  if (!device?.up) return waiting(base, `interface ${name} is ${device ? 'down' : 'missing'}`)
  return { ...base, oif: device.index, gateway: route.via, onlink: true }
}

function whyNoParent(own: string | undefined, parent: Link | undefined): string {
  if (own === undefined) return 'this node has no address of that family'
  return parent ? `interface ${parent.name} is down` : `no interface has this node's address ${own}`
}

function waiting(route: Pick<Route, 'dst' | 'priority'>, why: string): Pending & Pick<Route, 'priority'> {
  return { ...route, why }
}

/** Addresses of workloads that went, or are now behind another interface: bare, for connection tracking. */
export function movedAddresses(was: RoutingProgram, now: RoutingProgram): string[] {
  const owners = addressOwners(now)
  return [...addressOwners(was)]
    .filter(([address, workload]) => owners.get(address)?.interface !== workload.interface)
    .map(([address]) => bare(address))
}

/**
 * Interfaces of active workloads that are up, with their settings written and no route waiting.
 * @param failed interfaces whose settings could not be written
 */
export function readyInterfaces(
  program: RoutingProgram,
  pending: ReadonlyMap<string, Pending>,
  failed: ReadonlySet<string>,
  { byName }: LinkView,
): ReadonlySet<string> {
  const waiting = new Set([...pending.values()].map(({ dst }) => dst))
  const ready = [...program.workloads.values()]
    .filter(({ interface: name, active }) => active && byName.get(name)?.running && !failed.has(name))
    .filter(({ addresses }) => !addresses.some((address) => waiting.has(address)))
  return new Set(ready.map((workload) => workload.interface))
}
