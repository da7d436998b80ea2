import { type Datastore, isDatastoreError } from '@tortie/datastore'
import { Crash, crashAfter, loseAnswers } from '@tortie/datastore/testing'
import { describe, expect, it } from 'vitest'
import type { Ipam } from './ipam.ts'
import { addNode, addPool, call, createCluster, type TestCluster } from './testing/cluster.ts'
import { inspect } from './testing/invariants.ts'

/** One operation whose every crash point is stepped through. */
interface Scenario {
  readonly name: string
  readonly prepare?: (ipam: Ipam, cluster: TestCluster) => Promise<unknown>
  readonly work: (ipam: Ipam) => Promise<unknown>
}

const use = 'Workload' as const
const assign = (ipam: Ipam, handle: string, num4: number, host = 'node-1', num6 = 0) =>
  ipam.autoAssign({ num4, num6, handle, host, intendedUse: use, attributes: { node: host } }, call)
const host = (name: string) => ({ type: 'host' as const, name })

const scenarios: readonly Scenario[] = [
  { name: 'first addresses of a host, both families', work: (ipam) => assign(ipam, 'h.1', 1, 'node-1', 1) },
  {
    name: 'another address in the same block',
    prepare: (ipam) => assign(ipam, 'h.0', 1),
    work: (ipam) => assign(ipam, 'h.1', 1),
  },
  { name: 'addresses of several blocks', work: (ipam) => assign(ipam, 'h.1', 9) },
  {
    name: 'another address for the same handle',
    prepare: (ipam) => assign(ipam, 'h.1', 1),
    work: (ipam) => assign(ipam, 'h.1', 2),
  },
  {
    name: 'a borrowed address',
    prepare: (ipam) => assign(ipam, 'h.0', 61, 'node-2'),
    work: (ipam) => assign(ipam, 'h.1', 3),
  },
  {
    name: 'a block reclaimed from another host',
    prepare: async (ipam, cluster) => {
      await assign(ipam, 'h.0', 64, 'node-2')
      await ipam.releaseByHandle({ handle: 'h.0' }, call)
      await cluster.clock.advance(120_000)
    },
    work: (ipam) => assign(ipam, 'h.1', 2),
  },
  { name: 'a given address in a new block', work: (ipam) => assignIp(ipam, '10.65.0.5') },
  {
    name: 'a given address in a block of another host',
    prepare: (ipam) => assign(ipam, 'h.0', 64, 'node-2').then(() => ipam.releaseByHandle({ handle: 'h.0' }, call)),
    work: (ipam) => assignIp(ipam, '10.65.0.5'),
  },
  {
    name: 'release by handle',
    prepare: (ipam) => assign(ipam, 'h.1', 9),
    work: (ipam) => ipam.releaseByHandle({ handle: 'h.1' }, call),
  },
  {
    name: 'release by address',
    prepare: async (ipam) => {
      await assignIp(ipam, '10.65.0.5')
      await assignIp(ipam, '10.65.0.9')
    },
    work: (ipam) => ipam.releaseIps([{ address: '10.65.0.5' }, { address: '10.65.0.9' }], call),
  },
  {
    name: 'release of the last address of a block that is nobody’s',
    prepare: async (ipam) => {
      await assignIp(ipam, '10.65.0.5')
      await ipam.releaseHostAffinities({ owner: host('node-1'), mustBeEmpty: false }, call)
    },
    work: (ipam) => ipam.releaseByHandle({ handle: 'h.1' }, call),
  },
  { name: 'claims', work: (ipam) => ipam.claimAffinity({ cidr: '10.65.0.0/29', owner: host('node-1') }, call) },
  {
    name: 'an empty block given up',
    prepare: (ipam) => ipam.claimAffinity({ cidr: '10.65.0.0/30', owner: host('node-1') }, call),
    work: (ipam) => ipam.releaseHostAffinities({ owner: host('node-1'), mustBeEmpty: true }, call),
  },
  {
    name: 'a used block given up',
    prepare: (ipam) => assign(ipam, 'h.1', 1),
    work: (ipam) => ipam.removeHost('node-1', call),
  },
  {
    name: 'a pool emptied of affinities',
    prepare: (ipam) => assign(ipam, 'h.1', 5),
    work: (ipam) => ipam.releasePoolAffinities('10.65.0.0/26', call),
  },
  {
    name: 'release while the pool selects the node no more',
    prepare: async (ipam, { datastore }) => {
      await assign(ipam, 'h.1', 2)
      const pool = await datastore.get({ kind: 'IPPool', name: 'pool-1' }, call)
      await datastore.update({ ...pool, spec: { ...pool.spec, nodeSelector: 'has(other)' } }, call)
    },
    work: (ipam) => ipam.releaseByHandle({ handle: 'h.1' }, call),
  },
  { name: 'a block for a Windows host', work: (ipam) => ipam.ensureBlock({ host: 'node-1', families: [4] }, call) },
  {
    name: 'configuration',
    work: (ipam) => ipam.setConfig({ strictAffinity: true, maxBlocksPerHost: 3 }, call),
  },
]

function assignIp(ipam: Ipam, address: string): Promise<void> {
  return ipam.assignIp({ address, handle: 'h.1', host: 'node-1' }, call)
}

/** 16 IPv4 blocks of 4 addresses. */
async function clusterFor({ prepare }: Scenario): Promise<TestCluster> {
  const pools = [
    { cidr: '10.65.0.0/26', blockSize: 30 },
    { cidr: 'fd80:24e2:f998:72d6::/122', blockSize: 126 },
  ]
  const cluster = await createCluster({ pools })
  await prepare?.(cluster.ipam(), cluster)
  return cluster
}

/** After the crash another process tries again, then everything is released: nothing may be left. */
async function recover(cluster: TestCluster, { work }: Scenario): Promise<void> {
  const ipam = cluster.ipam()
  await work(ipam).catch((error: { code?: string }) => {
    // It may have been done already.
    if (!['ipam/unknown-handle', 'ipam/address-assigned'].includes(error.code ?? '')) throw error
  })
  expect((await inspect(cluster.datastore, cluster.clock.wallMs())).violations).toEqual([])
  for (const { spec } of (await cluster.datastore.list({ kind: 'IPAMHandle' }, call)).items)
    await ipam.releaseByHandle({ handle: spec.handleID }, call)
  for (const name of ['node-1', 'node-2']) await ipam.removeHost(name, call)
  const { allocations, handles, blocks, affinities } = await inspect(cluster.datastore, cluster.clock.wallMs())
  expect({ allocations, handles, blocks, affinities }).toEqual({
    allocations: [],
    handles: [],
    blocks: [],
    affinities: [],
  })
}

describe('a crash between any two store operations', () => {
  it.each(scenarios)('$name', async (scenario) => {
    let crashes = 0
    for (;;) {
      const cluster = await clusterFor(scenario)
      const view = crashAfter(crashes, cluster.datastore)
      const outcome = await scenario.work(cluster.ipam(view)).then(
        () => undefined,
        (error: unknown) => error,
      )
      const state = await inspect(cluster.datastore, cluster.clock.wallMs())
      expect(state.violations, `after ${crashes} operations`).toEqual([])
      await worksForOthers(cluster, state.allocations)
      await recover(cluster, scenario)
      if (!view.crashed) break
      // Releases by address, and clean-up, report or log what they could not finish.
      if (outcome !== undefined) expect(outcome).toBeInstanceOf(Crash)
      crashes++
    }
    expect(crashes).toBeGreaterThan(1)
  })
})

/** Whatever the crash left, another host is given addresses that nobody holds. */
async function worksForOthers({ datastore, clock, ...cluster }: TestCluster, held: readonly string[]): Promise<void> {
  await cluster
    .ipam()
    .autoAssign({ num4: 1, handle: 'other', host: 'node-2', intendedUse: use }, call)
    .catch((error: { code?: string }) => expect(error.code).toBe('ipam/no-qualified-pool'))
  const { allocations } = await inspect(datastore, clock.wallMs())
  expect(allocations).toEqual(expect.arrayContaining([...held]))
}

describe('an answer lost after any write', () => {
  it.each(scenarios)('$name', async (scenario) => {
    for (let lost = 0; ; lost++) {
      const cluster = await clusterFor(scenario)
      let happened = false
      const view: Datastore = loseAnswers((write) => {
        happened ||= write === lost
        return write === lost
      }, cluster.datastore)
      const outcome = await scenario.work(cluster.ipam(view)).then(
        () => undefined,
        (error: unknown) => error,
      )
      const state = await inspect(cluster.datastore, cluster.clock.wallMs())
      expect(state.violations, `answer ${lost} lost`).toEqual([])
      // An assignment that failed has kept nothing.
      if (outcome !== undefined && /address/.test(scenario.name) && !/release/.test(scenario.name)) {
        expect(isDatastoreError(outcome, 'Unavailable')).toBe(true)
        expect(state.overcounts).toEqual([])
        const before = await clusterFor(scenario)
        expect(state.allocations).toEqual((await inspect(before.datastore, before.clock.wallMs())).allocations)
      }
      await recover(cluster, scenario)
      if (!happened) break
    }
  })
})

it('is able to go on with other pools and nodes after a crash', async () => {
  const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/30', blockSize: 30 }] })
  await expect(assign(cluster.ipam(crashAfter(9, cluster.datastore)), 'h.1', 4)).rejects.toThrow(Crash)
  await addNode(cluster.datastore, 'node-3')
  await addPool(cluster.datastore, 'more', { cidr: '10.66.0.0/24' })
  expect((await assign(cluster.ipam(), 'h.2', 1, 'node-3')).ipv4.addresses).toEqual([
    expect.stringMatching(/^10\.66\.0\./),
  ])
})
