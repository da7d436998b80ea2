/** Addresses assigned and released, on the in-memory and the embedded store, against the store operations alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatastore, createMemoryState, type Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createIpam, type Ipam } from '@tortie/ipam'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { type BenchRow, median } from './row.ts'

const call = { signal: new AbortController().signal }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const apiVersion = 'projectcalico.org/v3'

async function prepare(datastore: Datastore, pools: readonly { cidr: string; blockSize?: number }[]): Promise<Ipam> {
  await datastore.create({ apiVersion, kind: 'Node', metadata: { name: 'node-1' }, spec: {} }, call)
  for (const [index, spec] of pools.entries())
    await datastore.create({ apiVersion, kind: 'IPPool', metadata: { name: `pool-${index}` }, spec }, call)
  return createIpam({ datastore, ...ports })
}

/** Median time of `work` over `runs`, milliseconds. */
async function time(runs: number, work: (run: number) => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    await work(run)
    times.push(performance.now() - start)
  }
  return median(times)
}

let handles = 0
const assign = async (ipam: Ipam, handle: string, num4 = 1): Promise<number> => {
  const request = { num4, handle, host: 'node-1', intendedUse: 'Workload', attributes: { node: 'node-1' } } as const
  return (await ipam.autoAssign(request, call)).ipv4.addresses.length
}

/** Assign and release, one after the other, as a node does when pods come and go. */
async function churn(ipam: Ipam, count: number): Promise<void> {
  const first = handles
  handles += count
  for (let i = 0; i < count; i++) await assign(ipam, `h.${first + i}`)
  for (let i = 0; i < count; i++) await ipam.releaseByHandle({ handle: `h.${first + i}` }, call)
}

/** What the store does for one address taken and released, with values of the same size and no thought. */
async function bareOperations(datastore: Datastore, count: number): Promise<void> {
  const [found] = (await datastore.list({ kind: 'IPAMBlock' }, call)).items
  if (!found) throw new Error('no block to write')
  let block = found
  const key = { kind: 'IPAMBlock', name: block.metadata.name } as const
  const rewrite = async (): Promise<void> => {
    await datastore.get(key, call)
    block = await datastore.update({ ...block }, call)
  }
  const readConfig = (): Promise<unknown> =>
    datastore.get({ kind: 'IPAMConfig', name: 'default' }, call).catch(() => undefined)
  for (let i = 0; i < count; i++) {
    await readConfig()
    await datastore.list({ kind: 'IPReservation' }, call)
    await datastore.get({ kind: 'Node', name: 'node-1' }, call)
    await datastore.list({ kind: 'IPPool' }, call)
    await datastore.list({ kind: 'BlockAffinity', namePrefix: 'host:node-1:' }, call)
    const handleID = `bare.${handles++}`
    const spec = { handleID, block: { [block.spec.cidr]: 1 }, deleted: false }
    await datastore.create({ apiVersion, kind: 'IPAMHandle', metadata: { name: handleID }, spec }, call)
    await rewrite()
    await readConfig()
    await datastore.get({ kind: 'IPAMHandle', name: handleID }, call)
    await rewrite()
    await datastore.delete({ kind: 'IPAMHandle', name: handleID }, {}, call)
  }
}

async function churnRow(name: string, datastore: Datastore, count: number, runs: number): Promise<BenchRow> {
  const ipam = await prepare(datastore, [{ cidr: '10.65.0.0/16' }])
  await assign(ipam, 'first')
  for (let i = 0; i < 20; i++) {
    await churn(ipam, count)
    await bareOperations(datastore, count)
  }
  const ours = (1_000 * count) / (await time(runs, () => churn(ipam, count)))
  const bare = (1_000 * count) / (await time(runs, () => bareOperations(datastore, count)))
  const reference = { name: 'its store operations alone', value: bare }
  return { name, ours, unit: 'addresses assigned and released/s', reference, ratio: ours / bare }
}

/** A host's first address where `hosts` others have a block each. */
async function firstAddress(hosts: number): Promise<BenchRow> {
  const datastore = createDatastore(createMemoryState().open(), ports)
  const ipam = await prepare(datastore, [{ cidr: '10.0.0.0/8' }])
  const owner = { type: 'host', name: 'x' } as const
  await ipam.claimAffinity({ cidr: '10.0.0.0/14', owner }, call)
  if (hosts !== 4_096) throw new Error('a /14 has 4,096 blocks of 64')
  const ours = await time(9, async (run) => {
    const name = `new-${run}`
    await datastore.create({ apiVersion, kind: 'Node', metadata: { name }, spec: {} }, call)
    await ipam.autoAssign({ num4: 1, handle: name, host: name, intendedUse: 'Workload' }, call)
  })
  return { name: `ipam: first address of a host, ${hosts.toLocaleString('en')} blocks in use`, ours, unit: 'ms' }
}

/** Calico's own performance cases; its tests ask for less than 5 s each. */
async function calicoCases(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const blockSize of [32, 26, 20]) {
    const datastore = createDatastore(createMemoryState().open(), ports)
    const pools = Array.from({ length: blockSize === 20 ? 50 : 100 }, (_, i) => ({ cidr: `10.${i}.0.0/16`, blockSize }))
    const ipam = await prepare(datastore, pools)
    const ours = await time(9, async () => void (await assign(ipam, `c.${handles++}`)))
    rows.push({ name: `ipam: 1 address, ${pools.length} pools /16 of blocks /${blockSize}`, ours, unit: 'ms' })
  }
  return rows
}

export async function run(): Promise<readonly BenchRow[]> {
  const path = mkdtempSync(join(tmpdir(), 'tortie-bench-'))
  try {
    const memory = createDatastore(createMemoryState().open(), ports)
    await using embedded = await openEmbedded({ path, ...ports }, call)
    return [
      await churnRow('ipam: in memory', memory, 50, 31),
      await churnRow('ipam: embedded store, durable', embedded, 10, 15),
      await firstAddress(4_096),
      ...(await calicoCases()),
    ]
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}
