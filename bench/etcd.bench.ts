/** The etcd store against a real etcd: listing, compare-and-swaps, watches, reconnects; against HTTP/2 alone. */
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { createDatastore, prefixRange } from '@tortie/datastore'
import { type EtcdStore, openEtcdStore } from '@tortie/datastore-etcd'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { EtcdClient, methods } from '../packages/datastore-etcd/src/client.ts'
import * as etcd from '../packages/datastore-etcd/src/protobuf/etcd.ts'
import { type EtcdServer, startEtcd } from '../packages/datastore-etcd/src/testing/etcd-server.ts'
import { startProxy } from '../packages/datastore-etcd/src/testing/proxy.ts'
import { type BenchRow, median, quantile } from './row.ts'

const call = { signal: new AbortController().signal }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const value = JSON.stringify({ padding: 'x'.repeat(486) })
const listed = 100_000
const pageSize = 5_000
const keyOf = (i: number): string => `/calico/bench/${String(i).padStart(6, '0')}`
const everything = prefixRange('/calico/bench/')

/** gRPC with nothing above it: bytes there, the number of bytes that came back. */
function bare(session: ClientHttp2Session, path: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    stream.on('end', () => resolve(length))
    stream.on('error', reject)
    stream.end(framed(body))
  })
}

function framed(body: Buffer): Buffer {
  const frame = Buffer.alloc(5 + body.length)
  frame.writeUInt32BE(body.length, 1)
  body.copy(frame, 5)
  return frame
}

async function inFlight(many: number, total: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < total) await work(next++)
  }
  await Promise.all(Array.from({ length: many }, one))
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Both by turns, so that what else the machine does meets both alike. */
async function inTurns(rounds: number, ours: () => Promise<number>, floor: () => Promise<number>) {
  const times: { readonly ours: number[]; readonly floor: number[] } = { ours: [], floor: [] }
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await ours(), await floor()]
    if (round === 0) continue // warming up
    times.ours.push(a)
    times.floor.push(b)
  }
  return { ours: median(times.ours), floor: median(times.floor) }
}

function row(
  name: string,
  unit: string,
  floorName: string,
  { ours, floor }: { ours: number; floor: number },
): BenchRow {
  return { name: `etcd: ${name}`, ours, unit, reference: { name: floorName, value: floor }, ratio: ours / floor }
}

async function swaps(store: EtcdStore, session: ClientHttp2Session): Promise<BenchRow[]> {
  const keys = Array.from({ length: 1_000 }, (_, i) => `/calico/swap/${i}`)
  const revisions: string[] = []
  await inFlight(100, keys.length, async (i) => {
    revisions[i] = await store.put(keys[i] ?? '', value, {}, call)
  })
  const bodies = keys.map((key) =>
    etcd.txnRequest.encode({
      compare: [{ key, result: etcd.compareResult.greater, target: etcd.compareTarget.create, createRevision: '0' }],
      success: [{ put: { key, value } }],
      failure: [{ range: { key } }],
    }),
  )
  const rows: BenchRow[] = []
  for (const many of [1, 10, 100]) {
    const total = many === 1 ? 1_000 : 3_000
    const rate = async (work: (i: number) => Promise<unknown>): Promise<number> =>
      (total * 1_000) / (await timed(() => inFlight(many, total, (i) => work(i % keys.length))))
    const swap = async (i: number): Promise<void> => {
      const outcome = await store.compareAndSwap(keys[i] ?? '', { revision: revisions[i] ?? '' }, value, call)
      if (!outcome.done) throw new Error('somebody else wrote')
      revisions[i] = outcome.revision
    }
    const both = await inTurns(
      5,
      () => rate(swap),
      async () => {
        const floor = await rate((i) => bare(session, '/etcdserverpb.KV/Txn', bodies[i] ?? Buffer.alloc(0)))
        for (const { key, revision } of (await store.list(prefixRange('/calico/swap/'), call)).entries)
          revisions[keys.indexOf(key)] = revision
        return floor
      },
    )
    rows.push(row(`compare-and-swap of 500 B, ${many} in flight`, '/s', 'the same transactions, bytes alone', both))
  }
  return rows
}

async function listing(store: EtcdStore, session: ClientHttp2Session): Promise<BenchRow> {
  const bodies = Array.from({ length: listed / pageSize }, (_, page) =>
    etcd.rangeRequest.encode({ key: keyOf(page * pageSize), rangeEnd: everything.to, limit: String(pageSize) }),
  )
  const both = await inTurns(
    5,
    () => timed(() => store.list(everything, call)),
    () =>
      timed(async () => {
        for (const body of bodies) await bare(session, '/etcdserverpb.KV/Range', body)
      }),
  )
  return row('list 100k keys of 500 B', 'ms', 'the same pages, bytes alone', both)
}

/** 100k events of which a watcher knows none. */
async function catchingUp(store: EtcdStore, session: ClientHttp2Session, after: string): Promise<BenchRow> {
  const create = {
    key: everything.from,
    rangeEnd: everything.to,
    startRevision: String(BigInt(after) + 1n),
    fragment: true,
  }
  const body = framed(etcd.watchRequest.encode({ create }))
  const both = await inTurns(
    3,
    async () => {
      const ms = await timed(async () => {
        let count = 0
        for await (const { events } of store.watch(everything, after, call)) {
          count += events.length
          if (count >= listed) break
        }
      })
      return (listed * 1_000) / ms
    },
    async () => (listed * 1_000) / (await timed(() => bareWatch(session, body, listed * value.length))),
  )
  return row('watch, catching up', 'events/s', 'the same stream, bytes alone', both)
}

function bareWatch(session: ClientHttp2Session, body: Buffer, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.Watch/Watch',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length < bytes) return
      stream.close()
      resolve()
    })
    stream.on('error', reject)
    stream.write(body)
  })
}

async function latency(store: EtcdStore): Promise<BenchRow[]> {
  const key = '/calico/live'
  const watch = store.watch(prefixRange(key), await store.put(key, '', {}, call), call)[Symbol.asyncIterator]()
  await watch.next() // at once, with nothing
  const toWriter: number[] = []
  const toWatcher: number[] = []
  for (let i = 0; i < 1_000; i++) {
    const start = performance.now()
    const seen = watch.next().then(() => toWatcher.push(performance.now() - start))
    await store.put(key, `${i}`, {}, call)
    toWriter.push(performance.now() - start)
    await seen
  }
  await watch.return?.()
  return ([0.5, 0.99] as const).map((q) =>
    row(`write to watcher, p${q * 100}`, 'ms', 'write to its own answer', {
      ours: quantile(toWatcher, q),
      floor: quantile(toWriter, q),
    }),
  )
}

/** From a connection that is cut to the next event; and, when history was compacted meanwhile, to a snapshot of 100k. */
async function reconnects(server: EtcdServer, admin: EtcdStore): Promise<BenchRow[]> {
  await using proxy = await startProxy(server.port)
  const raw = await openEtcdStore({ endpoints: [proxy.endpoint], ...ports }, call)
  await using store = createDatastore(raw, ports)
  const tier = '/calico/resources/v3/projectcalico.org/tiers/a'
  const text = '{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"a"},"spec":{}}'
  const events = store.watch({ kind: 'Tier' }, {}, call)[Symbol.asyncIterator]()
  await events.next()
  const resume = async (): Promise<number> => {
    const waiting = events.next()
    await admin.put(tier, text, {}, call)
    await waiting
    const next = events.next()
    proxy.cut()
    return timed(async () => {
      await admin.put(tier, text, {}, call)
      await next
    })
  }
  const connecting = (): Promise<number> =>
    timed(async () => {
      const session = connect(proxy.endpoint)
      await bare(session, '/etcdserverpb.KV/Range', etcd.rangeRequest.encode({ key: tier }))
      session.destroy()
    })
  const resumed = await inTurns(15, resume, connecting)
  await events.return?.()
  const list = await timed(() => admin.list(everything, call))
  const relist = await timed(async () => {
    proxy.cut()
    await raw.list(everything, call)
  })
  return [
    row('cut to next event', 'ms', 'connect and one bare read', resumed),
    row('cut to a new listing of 100k', 'ms', 'that listing, uncut', { ours: relist, floor: list }),
  ]
}

/** 100 keys a transaction: etcd hands a watcher that is behind no more than 1,000 revisions in 100 ms. */
async function fill(server: EtcdServer): Promise<void> {
  const client = new EtcdClient({ endpoints: [server.endpoint], ...ports })
  await inFlight(4, listed / 100, (batch) => {
    const success = Array.from({ length: 100 }, (_, i) => ({ put: { key: keyOf(batch * 100 + i), value } }))
    return client.invoke(methods.txn, { success }, call)
  })
  client.close()
}

export async function run(): Promise<readonly BenchRow[]> {
  await using server = await startEtcd()
  await using store = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
  const session = connect(server.endpoint, { settings: { initialWindowSize: 1 << 20 } })
  await once(session, 'connect')
  session.setLocalWindowSize(4 << 20)
  try {
    const { revision } = await store.list(everything, call)
    await fill(server)
    return [
      await listing(store, session),
      await catchingUp(store, session, revision),
      ...(await swaps(store, session)),
      ...(await latency(store)),
      ...(await reconnects(server, store)),
    ]
  } finally {
    session.destroy()
  }
}
