import { crashAfter } from '@tortie/datastore/testing'
import { describe, expect, it } from 'vitest'
import { windowsReservation } from '../block/block.ts'
import type { Allocation } from '../report/allocations.ts'
import { call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'
import { type CollectInput, type Collector, type CollectPlan, createCollector } from './collector.ts'

type Facts = Partial<Pick<CollectInput, 'nodeState' | 'usage' | 'keepsBlocks'>>

const grace = 600_000
const minute = 60_000

async function plan(cluster: TestCluster, collector: Collector, facts: Facts = {}): Promise<CollectPlan> {
  const stored = await cluster.ipam().readForCollection(call)
  return collector.plan({ ...stored, nodeState: () => 'exists', usage: () => 'used', ...facts })
}

async function run(cluster: TestCluster, collector: Collector, facts: Facts = {}): Promise<CollectPlan> {
  const planned = await plan(cluster, collector, facts)
  expect((await cluster.ipam().collect(planned, call)).failures).toEqual([])
  return planned
}

const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())
const leaked = (): 'leaked' => 'leaked'

async function clusterWith(
  ...assignments: readonly (readonly [address: string, handle: string, attributes: Readonly<Record<string, string>>])[]
): Promise<TestCluster> {
  const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/26', blockSize: 30 }] })
  for (const [address, handle, attributes] of assignments) {
    const host = attributes.node ?? 'node-1'
    await cluster.ipam().assignIp({ address, handle, attributes, host }, call)
  }
  return cluster
}

const pod = { node: 'node-1', pod: 'web-0', namespace: 'default' }
const tunnel = { node: 'node-1', type: 'vxlanTunnelAddress' }

describe('leaked addresses', () => {
  it('of existing nodes are released once they looked leaked for the grace period', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod], ['10.65.0.2', 'b', pod])
    const collector = createCollector({ leakGraceMs: grace })
    const usage = ({ handle }: Allocation) => (handle === 'a' ? ('leaked' as const) : ('used' as const))
    expect(await run(cluster, collector, { usage })).toMatchObject({ releases: [], candidates: 1 })
    await cluster.clock.advance(grace - 1)
    expect((await run(cluster, collector, { usage })).releases).toEqual([])
    await cluster.clock.advance(1)
    expect(await run(cluster, collector, { usage })).toMatchObject({
      releases: [{ address: '10.65.0.1' }],
      candidates: 0,
    })
    expect(await stateOf(cluster)).toMatchObject({ allocations: ['10.65.0.0/30+2 b'], overcounts: [], violations: [] })
  })

  it('are forgotten as candidates when they are used again, or given to another', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod])
    const collector = createCollector({ leakGraceMs: grace })
    await run(cluster, collector, { usage: leaked })
    await cluster.clock.advance(grace)
    await run(cluster, collector)
    expect((await run(cluster, collector, { usage: leaked })).releases).toEqual([])
    await cluster.ipam().releaseByHandle({ handle: 'a' }, call)
    await cluster.ipam().assignIp({ address: '10.65.0.1', handle: 'a', host: 'node-1', attributes: pod }, call)
    await cluster.clock.advance(grace)
    expect((await run(cluster, collector, { usage: leaked })).releases).toEqual([])
  })

  it('are never released without a grace period', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod])
    const collector = createCollector()
    for (let i = 0; i < 3; i++) {
      expect(await run(cluster, collector, { usage: leaked })).toMatchObject({ releases: [], candidates: 1 })
      await cluster.clock.advance(grace)
    }
  })

  it('of virtual machines wait five minutes at least', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', { ...pod, 'vmi-name': 'vm' }])
    const collector = createCollector({ leakGraceMs: minute })
    await run(cluster, collector, { usage: leaked })
    await cluster.clock.advance(4 * minute)
    expect((await run(cluster, collector, { usage: leaked })).releases).toEqual([])
    await cluster.clock.advance(minute)
    expect((await run(cluster, collector, { usage: leaked })).releases).toHaveLength(1)
  })

  it('stay while another address of the handle is used', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod], ['10.65.0.2', 'a', pod])
    const collector = createCollector({ leakGraceMs: 1 })
    const usage = ({ address }: Allocation) => (address === '10.65.0.1' ? ('leaked' as const) : ('unknown' as const))
    for (let i = 0; i < 3; i++) {
      expect((await run(cluster, collector, { usage })).releases).toEqual([])
      await cluster.clock.advance(grace)
    }
  })

  it('are not the host’s reserved ones, nor those of nodes of which nothing is known', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/26', blockSize: 29 }] })
    const request = { host: 'node-1', families: [4] as const, hostReservation: windowsReservation }
    await cluster.ipam().ensureBlock(request, call)
    await cluster
      .ipam()
      .autoAssign({ num4: 1, handle: 'a', host: 'node-1', intendedUse: 'Workload', attributes: pod }, call)
    const collector = createCollector({ leakGraceMs: 1 })
    for (const state of ['unknown', 'exists', 'exists'] as const) {
      const nodeState = () => state
      const { releases } = await plan(cluster, collector, { nodeState, usage: leaked })
      expect(releases.length).toBeLessThanOrEqual(1)
      if (state === 'unknown') expect(releases).toEqual([])
      await cluster.clock.advance(10)
    }
  })
})

describe('a node that is gone', () => {
  const nodeState = (node: string) => (node === 'node-1' ? ('gone' as const) : ('exists' as const))

  it('loses workloads, tunnels and blocks at once', async () => {
    const cluster = await clusterWith(
      ['10.65.0.1', 'a', pod],
      ['10.65.0.2', 't', tunnel],
      ['10.65.0.9', 'o', { node: 'node-2' }],
    )
    await run(cluster, createCollector(), { nodeState, usage: ({ handle }) => (handle === 'o' ? 'used' : 'leaked') })
    expect(await stateOf(cluster)).toMatchObject({
      allocations: ['10.65.0.8/30+1 o'],
      affinities: ['host:node-2 10.65.0.8/30 confirmed'],
      handles: ['o {"10.65.0.8/30":1}'],
    })
  })

  it('keeps tunnels and blocks while a workload seems to be there', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod], ['10.65.0.2', 't', tunnel])
    expect(await run(cluster, createCollector(), { nodeState })).toMatchObject({ releases: [], affinities: [] })
  })

  it('loses empty blocks too, and used ones when they are empty', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'b', { ...pod, node: 'node-2' }])
    const owner = { type: 'host' as const, name: 'node-1' }
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.16/29', owner }, call)
    await run(cluster, createCollector(), { nodeState })
    expect((await stateOf(cluster)).affinities).toEqual(['host:node-2 10.65.0.0/30 confirmed'])
  })
})

describe('blocks', () => {
  it('that are unused for the grace period go, but for the last of a node', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/26', blockSize: 30 }] })
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.0/28', owner: { type: 'host', name: 'node-1' } }, call)
    const collector = createCollector({ leakGraceMs: grace })
    expect((await run(cluster, collector)).affinities).toEqual([])
    await cluster.clock.advance(grace)
    expect((await plan(cluster, collector, { keepsBlocks: () => true })).affinities).toEqual([])
    expect((await run(cluster, collector)).affinities).toHaveLength(3)
    expect((await stateOf(cluster)).blocks).toHaveLength(1)
    await cluster.clock.advance(grace)
    expect((await run(cluster, collector)).affinities).toEqual([])
  })

  it('are written when addresses have rested enough, and deleted when they are then empty and nobody’s', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod], ['10.65.0.9', 'b', pod])
    await cluster.ipam().setConfig({ ipCooldownSeconds: 60 }, call)
    await cluster
      .ipam()
      .releaseAffinity({ cidr: '10.65.0.8/30', owner: { type: 'host', name: 'node-1' }, mustBeEmpty: false }, call)
    for (const handle of ['a', 'b']) await cluster.ipam().releaseByHandle({ handle }, call)
    const collector = createCollector()
    expect((await run(cluster, collector)).blocks).toEqual([])
    await cluster.clock.advance(minute)
    expect((await run(cluster, collector)).blocks).toEqual(['10.65.0.0/30', '10.65.0.8/30'])
    expect((await stateOf(cluster)).blocks).toEqual(['10.65.0.0/30 host:node-1'])
    expect((await run(cluster, collector)).blocks).toEqual([])
    expect(await cluster.ipam().getUtilization({}, call)).toMatchObject([{ inUse: 0 }])
  })
})

describe('what crashes leave', () => {
  it('is collected without anyone trying again, from every crash point of an assignment', async () => {
    for (let operations = 0; ; operations++) {
      const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/28', blockSize: 30 }] })
      const view = crashAfter(operations, cluster.datastore)
      const request = { num4: 5, handle: 'h', host: 'node-1', intendedUse: 'Workload' as const, attributes: pod }
      await cluster
        .ipam(view)
        .autoAssign(request, call)
        .catch(() => undefined)
      const collector = createCollector({ leakGraceMs: grace })
      const facts = { usage: leaked, nodeState: () => 'exists' as const }
      for (let i = 0; i < 3; i++) {
        await run(cluster, collector, facts)
        await cluster.clock.advance(grace)
      }
      await run(cluster, collector, { ...facts, nodeState: () => 'gone' as const })
      expect(await stateOf(cluster), `after ${operations} operations`).toMatchObject({
        allocations: [],
        handles: [],
        blocks: [],
        affinities: [],
        violations: [],
      })
      if (!view.crashed) break
    }
  })

  it('handles that count too much are put right only when they did not change since', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod])
    const handle = await cluster.datastore.get({ kind: 'IPAMHandle', name: 'a' }, call)
    await cluster.datastore.update({ ...handle, spec: { ...handle.spec, block: { '10.65.0.0/30': 3 } } }, call)
    const collector = createCollector()
    expect((await run(cluster, collector)).handles).toEqual([])
    await cluster.ipam().assignIp({ address: '10.65.0.2', handle: 'a', host: 'node-1', attributes: pod }, call)
    expect((await run(cluster, collector)).handles).toEqual([])
    expect((await run(cluster, collector)).handles).toEqual([{ handle: 'a', cidr: '10.65.0.0/30' }])
    expect((await stateOf(cluster)).handles).toEqual(['a {"10.65.0.0/30":2}'])
  })

  it('handles of a report are forgotten unless they changed', async () => {
    const cluster = await clusterWith(['10.65.0.1', 'a', pod])
    const { metadata } = await cluster.datastore.get({ kind: 'IPAMHandle', name: 'a' }, call)
    const handles = [
      { ID: 'a', UID: '', Revision: metadata.resourceVersion! },
      { ID: 'a', UID: '', Revision: '1' },
    ]
    expect(await cluster.ipam().forgetHandles(handles, call)).toEqual({ forgotten: ['a'], skipped: ['a'] })
  })
})
