import type { BestRoute } from '@tortie/bgp'
import { openBgpKernelPolicy } from '@tortie/dataplane'
import { type BgpRoutes, createBgpRoutes } from '@tortie/hostnet'
import { createMonitor, openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import {
  createMessageWriter,
  encodeRequest,
  type NetlinkTransport,
  type Request,
  RTNLGRP_IPV4_ROUTE,
} from '@tortie/netlink'
import { silentLog } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { type BenchRow, median } from './row.ts'

const call = { signal: new AbortController().signal }
const rounds = 5
const perBatch = 1000

function routeTo(i: number, nextHop: string): BestRoute {
  const path = { source: 'bgp', preference: 100, localPref: 2147482623, stale: false } as const
  const resolution = { metric: 0, interface: 'eth0' }
  const prefix = `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`
  return { family: 4, prefix, paths: [{ ...path, nextHop, resolution }] }
}

const routesTo = (count: number, nextHop: string): BestRoute[] =>
  Array.from({ length: count }, (_, i) => routeTo(i, nextHop))
const gone = (routes: readonly BestRoute[]): BestRoute[] => routes.map((route) => ({ ...route, paths: [] }))

/** As the speaker hands them over. */
async function applyAll(bgp: BgpRoutes, routes: readonly BestRoute[]): Promise<number> {
  const started = performance.now()
  for (let at = 0; at < routes.length; at += perBatch)
    await bgp.apply(routes.slice(at, at + perBatch), openBgpKernelPolicy, call)
  return performance.now() - started
}

/** What the kernel takes for the same messages, encoded before, with one who listens as we have. */
function kernelMs(
  netns: TestNetns,
  transport: NetlinkTransport,
  routes: readonly BestRoute[],
  verb: 'add' | 'delete',
): number {
  const datagrams = Array.from({ length: routes.length / perBatch }, (_, chunk) => {
    const writer = createMessageWriter(1 << 17)
    for (let i = 0; i < perBatch; i++) {
      const dst = routes[chunk * perBatch + i]?.prefix ?? ''
      const route = { dst, gateway: '10.0.0.2', oif: 2, protocol: 12, priority: 1024 }
      const request: Request = { kind: 'route', verb, route }
      encodeRequest(writer, request, i + 1, i === perBatch - 1)
    }
    return writer.bytes
  })
  const stop = new AbortController()
  createMonitor({ protocol: 0, netns, except: transport.portId })([RTNLGRP_IPV4_ROUTE], stop)
  const started = performance.now()
  for (const bytes of datagrams) transport.exchangeSync(bytes)
  const took = performance.now() - started
  stop.abort()
  return took
}

function openIn(netns: TestNetns, route: NetlinkTransport): BgpRoutes {
  const monitor = createMonitor({ protocol: 0, netns, except: route.portId })
  return createBgpRoutes({ route, monitor, clock: systemClock, log: silentLog })
}

async function benchWrites(netns: TestNetns, transport: NetlinkTransport, count: number): Promise<BenchRow[]> {
  const routes = routesTo(count, '10.0.0.2')
  const moved = routesTo(count, '10.0.0.3')
  const times: Record<'add' | 'move' | 'remove' | 'rawAdd' | 'rawRemove', number[]> = {
    add: [],
    move: [],
    remove: [],
    rawAdd: [],
    rawRemove: [],
  }
  for (let round = 0; round < rounds; round++) {
    times.rawAdd.push(kernelMs(netns, transport, routes, 'add'))
    times.rawRemove.push(kernelMs(netns, transport, routes, 'delete'))
    await using bgp = openIn(netns, transport)
    await bgp.recovered(call)
    times.add.push(await applyAll(bgp, routes))
    times.move.push(await applyAll(bgp, moved))
    times.remove.push(await applyAll(bgp, gone(routes)))
  }
  const row = (name: string, ours: number, value: number): BenchRow => ({
    name: `bgp in the kernel: ${name} ${count / 1000}k routes`,
    ours,
    unit: 'ms',
    reference: { name: 'kernel', value },
    ratio: ours / value,
  })
  const [add, rawAdd, rawRemove] = [median(times.add), median(times.rawAdd), median(times.rawRemove)]
  return [
    { name: 'bgp in the kernel: added a second', ours: (count / add) * 1000, unit: '1/s' },
    row('add', add, rawAdd),
    row('new next hop of', median(times.move), rawAdd + rawRemove),
    row('remove', median(times.remove), rawRemove),
  ]
}

async function benchLife(netns: TestNetns, transport: NetlinkTransport, count: number): Promise<BenchRow[]> {
  const routes = routesTo(count, '10.0.0.2')
  const label = `${count / 1000}k routes`
  const row = (name: string, ours: number, unit = 'ms'): BenchRow => ({
    name: `bgp in the kernel: ${name}`,
    ours,
    unit,
  })
  {
    await using bgp = openIn(netns, transport)
    await bgp.recovered(call)
    await applyAll(bgp, routes)
  }
  globalThis.gc?.()
  const before = process.memoryUsage()
  await using bgp = openIn(netns, transport)
  const started = performance.now()
  await bgp.apply([], openBgpKernelPolicy, call)
  const start = performance.now() - started
  globalThis.gc?.()
  const after = process.memoryUsage()
  const adopt = await applyAll(bgp, routes)
  await bgp.recovered(call)
  const { durationMs } = await bgp.resync(call)
  const one = await applyAll(bgp, [routeTo(7, '10.0.0.9')])
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  await applyAll(bgp, gone(routes))
  return [
    row(`start among ${label}`, start),
    row(`takeover of ${label} that are there already`, adopt),
    row(`resync of ${label}`, durationMs),
    row(`one change among ${label}`, one),
    ...(globalThis.gc ? [row(`memory per route of ${label}`, bytes / count, 'B')] : []),
  ]
}

/** In a namespace of its own. Needs root. */
export async function run(): Promise<BenchRow[]> {
  using netns = createTestNetns('bgp-bench')
  netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
  using transport = openNetlink({ netns, protocol: 0 })
  return [
    ...(await benchWrites(netns, transport, 100_000)),
    ...(await benchLife(netns, transport, 100_000)),
    ...(await benchLife(netns, transport, 1_000_000)),
  ]
}
