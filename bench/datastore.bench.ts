/** The embedded store: durable compare-and-swaps, watch latency between processes, listing; against SQLite and inotify alone. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { createDatastore, formatKey, type RawStore } from '@tortie/datastore'
import { openEmbedded, openEmbeddedStore } from '@tortie/datastore-embedded'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { startChild } from '../packages/datastore-embedded/src/testing/processes.ts'
import { type BenchRow, median, quantile } from './row.ts'

const call = { signal: new AbortController().signal }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
/** 500 bytes that differ: what is the same is not written again. */
const valueText = (i: number): string => JSON.stringify({ n: i, padding: 'x'.repeat(480) })

/** Times per second of each, medians of slices that take turns: a disk has good and bad seconds. */
async function rates<N extends string>(works: Readonly<Record<N, (i: number) => unknown>>): Promise<Record<N, number>> {
  const measured = Object.fromEntries(Object.keys(works).map((name) => [name, []])) as unknown as Record<N, number[]>
  let i = 0
  for (let slice = 0; slice < 15; slice++) {
    for (const name of Object.keys(works) as N[]) {
      const start = performance.now()
      const first = i
      while (performance.now() - start < 150) await works[name](i++)
      measured[name].push(((i - first) * 1_000) / (performance.now() - start))
    }
  }
  return Object.fromEntries(Object.entries(measured).map(([name, all]) => [name, median(all as number[])])) as Record<
    N,
    number
  >
}

/** The least that SQLite needs for one durable write: one table, one statement. */
function openBare(path: string): (i: number) => void {
  const db = new DatabaseSync(join(path, 'bare.db'))
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE kv (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID',
  )
  const upsert = db.prepare('INSERT INTO kv VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v')
  return (i) => void upsert.run(`/${i % 1_000}`, valueText(i))
}

async function writes(path: string): Promise<BenchRow[]> {
  const bare = openBare(path)
  const file = openSync(join(path, 'flush'), 'w')
  const flush = (): void => {
    writeSync(file, valueText(0), 0)
    fdatasyncSync(file)
  }
  const raw = await openEmbeddedStore({ path: join(path, 'raw'), ...ports }, call)
  const revisions = new Map<string, string>()
  const swap = async (i: number): Promise<void> => {
    const key = `/${i % 1_000}`
    const revision = revisions.get(key)
    const outcome = await raw.compareAndSwap(key, revision === undefined ? 'absent' : { revision }, valueText(i), call)
    if (outcome.done) revisions.set(key, outcome.revision)
  }
  const typed = await openEmbedded({ path: join(path, 'typed'), ...ports }, call)
  let tier = await typed.create({ ...tierOf('a'), spec: { order: 0 } }, call)
  const update = async (i: number): Promise<void> => {
    tier = await typed.update({ ...tier, spec: { order: i } }, call)
  }
  const measured = await rates({ bare, flush, swap, update })
  const reference = { name: 'one SQLite upsert', value: measured.bare }
  closeSync(file)
  await raw[Symbol.asyncDispose]()
  await typed[Symbol.asyncDispose]()
  const row = (name: string, ours: number, against: { name: string; value: number }): BenchRow => {
    return { name, ours, unit: '/s', reference: against, ratio: ours / against.value }
  }
  return [
    row('embedded store: durable compare-and-swap, 500 B', measured.swap, reference),
    row('embedded store: durable update of a resource', measured.update, reference),
    row('one SQLite upsert, durable', measured.bare, { name: 'write and fdatasync', value: measured.flush }),
  ]
}

const tierOf = (name: string) => ({ apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name } }) as const

/** Three processes that never stop, on one key and on keys of their own. */
async function contention(path: string): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [name, keyOf] of [
    ['distinct keys', (i: number) => `/own/${i}`],
    ['one key', () => '/shared'],
  ] as const) {
    const children = [0, 1, 2].map((i) => startChild('increment', join(path, name), '1000000', keyOf(i)))
    await Promise.all(children.map((child) => child.next()))
    const before = children.reduce((sum, { lines }) => sum + lines.length, 0)
    const start = performance.now()
    await delay(2_000)
    const done = children.reduce((sum, { lines }) => sum + lines.length, 0) - before
    rows.push({
      name: `embedded store: 3 processes, ${name}`,
      ours: (done * 1_000) / (performance.now() - start),
      unit: '/s',
    })
    await Promise.all(children.map((child) => child.kill()))
  }
  return rows
}

/** From before the write to the reader's event, at about 100 writes a second, by one clock for all processes. */
async function latency(
  path: string,
  role: 'watch' | 'hear',
  write: (i: number) => Promise<void> | void,
): Promise<number[]> {
  using child = startChild(role, path, '/')
  if ((await child.next()) !== 'ready') throw new Error('the child did not start')
  const delays: number[] = []
  for (let i = 0; i < 300; i++) {
    await delay(8 + systemRandom.next() * 4)
    const before = process.hrtime.bigint()
    await write(i)
    const [, at = '0'] = (await child.next()).split(' ')
    delays.push(Number(BigInt(at) - before) / 1e6)
  }
  return delays
}

async function watches(path: string): Promise<BenchRow[]> {
  const store = await openEmbeddedStore({ path: join(path, 'watched'), ...ports }, call)
  const bell = openSync(join(path, 'bell'), 'w')
  const ours = await latency(join(path, 'watched'), 'watch', async (i) => {
    await store.compareAndSwap('/a', i === 0 ? 'absent' : 'present', `${i}`, call)
  })
  const alone = await latency(join(path, 'bell'), 'hear', () => void writeSync(bell, '.', 0))
  await store[Symbol.asyncDispose]()
  closeSync(bell)
  return (
    [
      [0.5, 'p50'],
      [0.99, 'p99'],
    ] as const
  ).map(([q, name]) => {
    const reference = { name: 'a byte and inotify alone', value: quantile(alone, q) }
    const measured = quantile(ours, q)
    return {
      name: `embedded store: durable write to watcher, ${name}`,
      ours: measured,
      unit: 'ms',
      reference,
      ratio: measured / reference.value,
    }
  })
}

const listed = 100_000

/** Rows as a writer would have left them, but in one transaction. */
function fill(file: string): void {
  const db = new DatabaseSync(file)
  const log = db.prepare('INSERT INTO log (key, deleted) VALUES (?, 0)')
  const kv = db.prepare('INSERT INTO kv (key, rev, value) VALUES (?, ?, ?)')
  db.exec('BEGIN')
  for (let i = 0; i < listed; i++) {
    const name = `node-${i % 5_000}-k8s-pod--${i}-eth0`
    const key = formatKey({ kind: 'WorkloadEndpoint', namespace: `ns-${i % 100}`, name })
    kv.run(key, log.run(key).lastInsertRowid, endpointText(name, i))
  }
  db.exec('COMMIT')
  db.close()
}

function endpointText(name: string, i: number): string {
  const labels = {
    'projectcalico.org/namespace': `ns-${i % 100}`,
    'projectcalico.org/orchestrator': 'k8s',
    app: `app-${i % 500}`,
    tier: 'web',
  }
  const ip = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`
  return JSON.stringify({
    kind: 'WorkloadEndpoint',
    apiVersion: 'projectcalico.org/v3',
    metadata: {
      name,
      namespace: `ns-${i % 100}`,
      uid: systemRandom.uuid(),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels,
    },
    spec: {
      orchestrator: 'k8s',
      workload: `pod-${i}`,
      node: `node-${i % 5_000}`,
      containerID: 'f'.repeat(64),
      pod: `pod-${i}`,
      endpoint: 'eth0',
      ipNetworks: [ip],
      profiles: ['kns.ns', 'ksa.ns.default'],
      interfaceName: `cali${i.toString(16)}`,
      mac: 'ee:ee:ee:ee:ee:ee',
    },
  })
}

async function timed(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return median(times)
}

async function listing(path: string): Promise<BenchRow[]> {
  const at = join(path, 'listed')
  const raw: RawStore = await openEmbeddedStore({ path: at, ...ports }, call)
  fill(join(at, 'tortie.db'))
  const typed = createDatastore(raw, ports)
  const db = new DatabaseSync(join(at, 'tortie.db'))
  const select = db.prepare('SELECT value FROM kv')
  const all = (): string[] => select.all().map((row) => String(row.value))
  const texts = all()
  const rows: BenchRow[] = []
  for (const [name, work, floor, floorName] of [
    ['raw', () => raw.list({ from: '/', to: '0' }, call), all, 'SELECT of the values'],
    [
      'as resources',
      () => typed.list({ kind: 'WorkloadEndpoint' }, call),
      () => all().map((text) => JSON.parse(text)),
      'SELECT and JSON.parse',
    ],
  ] as const) {
    const reference = { name: floorName, value: await timed(7, floor) }
    const ours = await timed(7, work)
    rows.push({
      name: `embedded store: list 100k, ${name}`,
      ours,
      unit: 'ms',
      reference,
      ratio: ours / reference.value,
    })
  }
  if (texts.length !== listed) throw new Error('not everything was listed')
  db.close()
  await raw[Symbol.asyncDispose]()
  const open = await timed(31, async () =>
    (await openEmbeddedStore({ path: at, ...ports }, call))[Symbol.asyncDispose](),
  )
  return [...rows, { name: 'embedded store: open and close', ours: open, unit: 'ms' }]
}

export async function run(): Promise<readonly BenchRow[]> {
  const path = mkdtempSync(join(tmpdir(), 'tortie-bench-'))
  try {
    return [...(await writes(path)), ...(await contention(path)), ...(await watches(path)), ...(await listing(path))]
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}
