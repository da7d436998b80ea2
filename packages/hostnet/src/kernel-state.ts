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
  const ours = new Map<string, Route>()
  const foreign = new Map<string, ReadRoute>()
  const doubles: ReadRoute[] = []
  for (const family of config.ipv6 ? ([4, 6] as const) : ([4] as const)) {
    for (const route of await rt.read(routes({ family, table: RT_TABLE_MAIN }), call)) {
      const key = routeKey(route)
      if (!isOurs(route, view, config)) foreign.set(key, route)
      else if (ours.has(key)) doubles.push(route)
      else ours.set(key, route)
    }
  }
  const devices = neighbourDevices(program, view)
  return {
    view,
    routes: ours,
    foreign,
    doubles,
    neighbours: await readNeighbours(rt, devices, call),
    fdb: await readFdb(rt, view, call),
  }
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
