import { spawnSync } from 'node:child_process'
import { emptyNat, type Route as ProgramRoute, type RoutingProgram } from '@tortie/dataplane'
import { createHostnet, defaultHostnetConfig } from '@tortie/hostnet'
import { createMonitor, createSysctl, enterNetns, openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import {
  createMessageWriter,
  createRtnetlink,
  encodeRequest,
  linkBy,
  type NetlinkTransport,
  type Request,
  type Route,
  routes,
} from '@tortie/netlink'
import { silentLog } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { type BenchRow, median } from './row.ts'

const call = { signal: new AbortController().signal }
const count = 100_000
const gateway = '10.0.0.2'
const destinations = Array.from({ length: count }, (_, i) => `20.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`)

/** Times of several runs; `prepare` is not counted. */
async function time(runs: number, work: () => unknown, prepare: () => unknown = () => undefined): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    await prepare()
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return median(times)
}

function ipBatch(netns: TestNetns, verb: 'add' | 'del'): void {
  const input = destinations.map((dst) => `route ${verb} ${dst} via ${gateway}\n`).join('')
  const { status, stderr } = enterNetns(netns, () => spawnSync('ip', ['-batch', '-'], { input, encoding: 'utf8' }))
  if (status !== 0) throw new Error(`ip -batch: ${stderr}`)
}

/** What the kernel takes for the same messages, encoded before and 1,000 at a time. */
function encoded(requests: readonly Request[]): Uint8Array[] {
  return Array.from({ length: requests.length / 1000 }, (_, chunk) => {
    const writer = createMessageWriter(1 << 17)
    for (let i = 0; i < 1000; i++) encodeRequest(writer, requests[chunk * 1000 + i] as Request, i + 1, i === 999)
    return writer.bytes
  })
}

async function benchRaw(netns: TestNetns, transport: NetlinkTransport): Promise<BenchRow[]> {
  const rt = createRtnetlink(transport)
  const oif = rt.findSync(linkBy({ name: 'eth0' }))?.index ?? 0
  const of = (dst: string): Route => ({ dst, gateway, oif, protocol: 80 })
  const adds = destinations.map((dst): Request => ({ kind: 'route', verb: 'add', route: of(dst) }))
  const deletes = destinations.map((dst): Request => ({ kind: 'route', verb: 'delete', route: { dst, protocol: 80 } }))
  const clear = (): Promise<void> => rt.run(deletes, call)
  const add = await time(
    5,
    () => rt.run(adds, call),
    async () => {
      if (rt.readSync(routes({ protocol: 80 })).length > 0) await clear()
    },
  )
  const datagrams = encoded(adds)
  const kernel = await time(
    5,
    () => {
      for (const bytes of datagrams) transport.exchangeSync(bytes)
    },
    clear,
  )
  const read = await time(7, () => rt.read(routes({ family: 4, table: 254 }), call))
  const show = await time(3, () => netns.run('ip', '-4', 'route', 'show'))
  const remove = await time(5, clear, () =>
    rt.readSync(routes({ protocol: 80 })).length === 0 ? rt.run(adds, call) : 0,
  )
  const ipAdd = await time(
    3,
    () => ipBatch(netns, 'add'),
    () => rt.readSync(routes({ protocol: 3 })).length > 1 && ipBatch(netns, 'del'),
  )
  const ipDelete = await time(1, () => ipBatch(netns, 'del'))
  const set = (name: string, ours: number, against: string, value: number): BenchRow => ({
    name,
    ours,
    unit: 'ms',
    reference: { name: against, value },
    ratio: ours / value,
  })
  return [
    { name: 'routes: added a second', ours: (count / add) * 1000, unit: '1/s' },
    set('routes: add 100k', add, 'ip -batch', ipAdd),
    set('routes: add 100k, against the kernel alone', add, 'kernel', kernel),
    set('routes: delete 100k', remove, 'ip -batch', ipDelete),
    set('routes: read 100k', read, 'ip route show', show),
  ]
}

function programOf(routes: ReadonlyMap<string, ProgramRoute>): RoutingProgram {
  return { workloads: new Map(), vteps: new Map(), routes, node: { ipv4: '10.0.0.1' }, nat: emptyNat }
}

async function benchHostnet(netns: TestNetns, route: NetlinkTransport): Promise<BenchRow[]> {
  const monitor = createMonitor({ protocol: 0, netns })
  const ports = { route, monitor, sysctl: createSysctl(netns), clock: systemClock, log: silentLog }
  await using hostnet = createHostnet(ports, defaultHostnetConfig)
  const remote = (via: string): ProgramRoute => ({ kind: 'no-encap', via, node: 'b' })
  const routes = new Map(destinations.map((dst) => [dst, remote(gateway)]))
  const whole = programOf(routes)
  const changed = programOf(new Map(routes).set(destinations[0] ?? '', remote('10.0.0.3')))
  const first = await time(1, () => hostnet.apply(whole, call))
  const one = await time(
    9,
    () => hostnet.apply(changed, call),
    () => hostnet.apply(whole, call),
  )
  await hostnet.apply(whole, call)
  const resync = await time(5, () => hostnet.resync(call))
  await using restarted = createHostnet(ports, defaultHostnetConfig)
  const adopt = await time(1, () => restarted.apply(whole, call))
  const row = (name: string, ours: number): BenchRow => ({ name: `hostnet: ${name}`, ours, unit: 'ms' })
  return [
    row('first apply of 100k routes', first),
    row('one change among 100k routes', one),
    row('dump, diff and report of 100k routes (resync)', resync),
    row('takeover of 100k equal routes by a new process', adopt),
  ]
}

/** In a namespace of its own. Needs root and iproute2. */
export async function run(): Promise<BenchRow[]> {
  using netns = createTestNetns('route-bench')
  netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
  using transport = openNetlink({ netns, protocol: 0 })
  return [...(await benchRaw(netns, transport)), ...(await benchHostnet(netns, transport))]
}
