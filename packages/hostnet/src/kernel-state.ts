import type { RoutingProgram } from '@tortie/dataplane'
import {
  type FdbEntry,
  fdb,
  interfaceAddresses,
  links,
  type Neighbour,
  NUD_PERMANENT,
  neighbours,
  type ReadRoute,
  type Route,
  RT_TABLE_MAIN,
  type Rtnetlink,
  routes,
} from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import type { HostnetConfig } from './config.ts'
import type { KernelState } from './plan/changes.ts'
import { fdbKey, neighbourDevices, neighbourKey } from './plan/neighbours.ts'
import { isOurs } from './plan/ownership.ts'
import { routeKey } from './plan/route-key.ts'
import { type LinkView, linkView } from './plan/view.ts'
import { vxlanDevice } from './plan/vxlan.ts'

export interface ReadState extends KernelState {
  readonly routes: Map<string, Route>
  readonly neighbours: Map<string, Neighbour>
  readonly fdb: Map<string, FdbEntry>
}

export async function readLinks(rt: Rtnetlink, call: Call): Promise<LinkView> {
  return linkView(await rt.read(links(), call), await rt.read(interfaceAddresses(), call))
}

/** Everything of the kernel that a plan starts from. */
export async function readState(
  rt: Rtnetlink,
  program: RoutingProgram,
  config: HostnetConfig,
  call: Call,
): Promise<ReadState> {
  const view = await readLinks(rt, call)
  const found: FoundRoutes = { routes: new Map(), foreign: new Map(), doubles: [] }
  for (const family of config.ipv6 ? ([4, 6] as const) : ([4] as const))
    await readRoutes(rt, family, found, program, view, config, call)
  const devices = neighbourDevices(program, view)
  return {
    view,
    ...found,
    neighbours: await readNeighbours(rt, devices, call),
    fdb: await readFdb(rt, view, call),
  }
}

interface FoundRoutes {
  routes: Map<string, Route>
  foreign: Map<string, ReadRoute>
  doubles: ReadRoute[]
}

/** PERF: of a table that BGP filled nothing is kept but what stands where a route of the program should be. */
async function readRoutes(
  rt: Rtnetlink,
  family: 4 | 6,
  found: FoundRoutes,
  program: RoutingProgram,
  view: LinkView,
  config: HostnetConfig,
  call: Call,
): Promise<void> {
  const local = new Set([...program.workloads.values()].flatMap(({ addresses }) => addresses))
  let part: FoundRoutes = { routes: new Map(), foreign: new Map(), doubles: [] }
  const begin = (): ((route: ReadRoute) => void) => {
    part = { routes: new Map(), foreign: new Map(), doubles: [] }
    return (route) => {
      const ours = isOurs(route, view, config)
      if (!ours && !local.has(route.dst) && !program.routes.has(route.dst)) return
      const key = routeKey(route)
      if (!ours) part.foreign.set(key, route)
      else if (part.routes.has(key)) part.doubles.push(route)
      else part.routes.set(key, route)
    }
  }
  await rt.scan(routes({ family, table: RT_TABLE_MAIN }), begin, call)
  for (const [key, route] of part.routes) found.routes.set(key, route)
  for (const [key, route] of part.foreign) found.foreign.set(key, route)
  found.doubles.push(...part.doubles)
}

async function readNeighbours(
  rt: Rtnetlink,
  devices: ReadonlySet<number>,
  call: Call,
): Promise<Map<string, Neighbour>> {
  const permanent = (await rt.read(neighbours(), call)).filter(
    ({ ifindex, state = 0 }) => (state & NUD_PERMANENT) !== 0 && devices.has(ifindex),
  )
  return new Map(permanent.map((neighbour) => [neighbourKey(neighbour), neighbour]))
}

async function readFdb(rt: Rtnetlink, { byName }: LinkView, call: Call): Promise<Map<string, FdbEntry>> {
  const entries = new Map<string, FdbEntry>()
  for (const family of [4, 6] as const) {
    const device = byName.get(vxlanDevice(family))
    if (!device) continue
    for (const entry of await rt.read(fdb({ ifindex: device.index }), call)) entries.set(fdbKey(entry), entry)
  }
  return entries
}
