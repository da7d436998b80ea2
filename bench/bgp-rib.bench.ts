/**
 * The routing tables of BGP alone, without sockets: a feeder's UPDATEs go in, are decided, and come out as UPDATEs for
 * another peer; then everything is withdrawn. One attribute set, and 50,000. How that compares with other daemons, sockets
 * included, is what bgp.bench.ts measures.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  acceptAll,
  ByteWriter,
  createRib,
  defaultWireOptions,
  emptyUpdate,
  type Rib,
  type RibPeer,
  type Session,
  type UpdateMessage,
} from '@tortie/bgp'
import { type BenchRow, median } from './row.ts'

const perMessage = 800
const localAs = 64512

function peer(key: string, remoteAs: number, address: string): RibPeer {
  return {
    key,
    address,
    localAs,
    remoteAs,
    localId: '10.0.0.1',
    localAddress: { 4: '10.0.0.1' },
    client: false,
    nextHop: 'auto',
    allowLocalAs: 0,
    enforceFirstAs: false,
    gracefulShutdown: false,
    importFilter: acceptAll,
    exportFilter: acceptAll,
  }
}

function session(remoteAs: number, remoteId: string): Session {
  const wire = { ...defaultWireOptions, peer: 'external' as const }
  return {
    remoteAs,
    remoteId,
    peer: 'external',
    holdTime: 90,
    keepaliveTime: 30,
    families: [4],
    send: wire,
    receive: wire,
    routeRefresh: true,
    enhancedRouteRefresh: true,
  }
}

/** UPDATEs for `routes` distinct /24 and longer prefixes, in runs of equal attributes. */
function updates(
  routes: number,
  sets: number,
): { readonly announce: UpdateMessage[]; readonly withdraw: UpdateMessage[] } {
  const announce: UpdateMessage[] = []
  const withdraw: UpdateMessage[] = []
  const run = Math.ceil(routes / sets)
  for (let set = 0, at = 0; at < routes; set++) {
    const attributes = {
      origin: 0,
      asPath: [{ type: 2, asns: [64513, 65000 + (set % 500), 100_000 + set] }],
      nextHop: '10.0.0.2',
      communities: [(64513 << 16) | (set & 0xffff), 0x00010001],
    } as const
    for (const end = Math.min(routes, at + run); at < end; ) {
      const count = Math.min(perMessage, end - at)
      const words = new Uint32Array(count)
      for (let i = 0; i < count; i++) words[i] = ((1 << 24) + ((at + i) << 4)) >>> 0
      const nlri = { family: 4, count, words, lengths: new Uint8Array(count).fill(28), pathIds: undefined } as const
      announce.push({ ...emptyUpdate, nlri, attributes })
      withdraw.push({ ...emptyUpdate, withdrawn: nlri })
      at += count
    }
  }
  return { announce, withdraw }
}

interface Times {
  readonly receive: number
  readonly decide: number
  readonly output: number
  readonly withdraw: number
  readonly bytesPerPath: number
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  // What array buffers hold is given back after the round that finds them unused.
  for (let round = 0; round < 3; round++) gc()
}

function memory(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function measure(routes: number, sets: number): Times {
  const { announce, withdraw } = updates(routes, sets)
  const before = memory()
  const rib = createRib({ maxPaths: 16, resolveByDefault: { metric: 0 } })
  const from = rib.addPeer(peer('from', 64513, '10.0.0.2'))
  const to = rib.addPeer(peer('to', 64514, '10.0.0.3'))
  rib.open(from, session(64513, '10.0.0.2'))
  rib.open(to, session(64514, '10.0.0.3'))
  const writer = new ByteWriter(1 << 17)
  const receive = timed(() => announce.forEach((update) => void rib.receive(from, update)))
  const decide = timed(() => work(rib))
  const output = timed(() => drain(rib, to, writer))
  const bytesPerPath = (memory() - before) / routes
  const { sent } = rib.peerCounts(to)
  if (sent !== routes) throw new Error(`${sent} of ${routes} routes were sent`)
  const withdrawn = timed(() => {
    for (const update of withdraw) rib.receive(from, update)
    work(rib)
    drain(rib, to, writer)
  })
  if (rib.peerCounts(to).sent !== 0) throw new Error('routes are left')
  return { receive, decide, output, withdraw: withdrawn, bytesPerPath }
}

function timed(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function work(rib: Rib): void {
  while (rib.work(10_000));
}

function drain(rib: Rib, index: number, writer: ByteWriter): void {
  while (rib.output(index, writer.reset(), 65_536));
}

export async function run(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [routes, sets, runs] of [
    [100_000, 1, 5],
    [1_000_000, 1, 3],
    [1_000_000, 50_000, 3],
  ] as const) {
    const all = Array.from({ length: runs }, () => measure(routes, sets))
    const name = `bgp rib ${routes / 1000}k routes, ${sets} attribute sets`
    const row = (what: keyof Times, unit: string): BenchRow => ({
      name: `${name}: ${what}`,
      ours: median(all.map((times) => times[what])),
      unit,
    })
    rows.push(row('receive', 'ms'), row('decide', 'ms'), row('output', 'ms'), row('withdraw', 'ms'))
    rows.push(row('bytesPerPath', 'B'))
  }
  return rows
}
