import { describe, expect, it } from 'vitest'
import { windowsReservation } from '../block/block.ts'
import { call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'

const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())
const host = (name: string) => ({ type: 'host' as const, name })
const pools = [
  { cidr: '10.65.0.0/26', blockSize: 29 },
  { cidr: 'fd80::/120', blockSize: 123 },
]

describe('claiming', () => {
  it('takes every block of a CIDR, and tells which are others’', async () => {
    const cluster = await createCluster({ pools })
    const ipam = cluster.ipam()
    await ipam.claimAffinity({ cidr: '10.65.0.8/29', owner: host('node-2') }, call)
    expect(await ipam.claimAffinity({ cidr: '10.65.0.0/27', owner: host('node-1') }, call)).toEqual({
      claimed: ['10.65.0.0/29', '10.65.0.16/29', '10.65.0.24/29'],
      failed: ['10.65.0.8/29'],
    })
    expect((await stateOf(cluster)).affinities).toHaveLength(4)
    expect((await ipam.claimAffinity({ cidr: 'fd80::/122', owner: host('node-1') }, call)).claimed).toHaveLength(2)
  })

  it('again changes nothing', async () => {
    const cluster = await createCluster({ pools })
    const claim = { cidr: '10.65.0.0/29', owner: { type: 'virtual' as const, name: 'x' } }
    await cluster.ipam().claimAffinity(claim, call)
    const before = await cluster.datastore.list({ kind: 'IPAMBlock' }, call)
    expect(await cluster.ipam().claimAffinity(claim, call)).toEqual({ claimed: ['10.65.0.0/29'], failed: [] })
    expect((await cluster.datastore.list({ kind: 'IPAMBlock' }, call)).items).toEqual(before.items)
  })

  it.each([
    ['10.9.0.0/29', 'not in a configured pool: 10.9.0.0/29'],
    ['10.65.0.0/30', 'cidr "10.65.0.0/30" is smaller than a block of IPPool(pool-1), which is a /29'],
    ['10.65', 'cidr "10.65" is no CIDR'],
  ])('refuses %s', async (cidr, message) => {
    const cluster = await createCluster({ pools })
    await expect(cluster.ipam().claimAffinity({ cidr, owner: host('node-1') }, call)).rejects.toThrow(message)
  })
})

describe('giving up', () => {
  async function clusterWithBlocks(): Promise<TestCluster> {
    const cluster = await createCluster({ pools })
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.0/28', owner: host('node-1') }, call)
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.16/29', owner: host('node-2') }, call)
    await cluster.ipam().assignIp({ address: '10.65.0.9', handle: 'h', host: 'node-1' }, call)
    return cluster
  }

  it('a CIDR: empty blocks go, used ones become nobody’s, others’ stay', async () => {
    const cluster = await clusterWithBlocks()
    await cluster.ipam().releaseAffinity({ cidr: '10.65.0.0/26', owner: host('node-1'), mustBeEmpty: false }, call)
    expect(await stateOf(cluster)).toMatchObject({
      blocks: ['10.65.0.16/29 host:node-2', '10.65.0.8/29 null'],
      affinities: ['host:node-2 10.65.0.16/29 confirmed'],
      allocations: ['10.65.0.8/29+1 h'],
    })
  })

  it('only if empty: says what is in use, and leaves it', async () => {
    const cluster = await clusterWithBlocks()
    const release = { cidr: '10.65.0.0/28', owner: host('node-1'), mustBeEmpty: true }
    await expect(cluster.ipam().releaseAffinity(release, call)).rejects.toThrow(
      'block 10.65.0.8/29 must be empty but 1 of its addresses are in use; release them first',
    )
    expect((await stateOf(cluster)).affinities).toContain('host:node-1 10.65.0.8/29 confirmed')
  })

  it('one block, whoever has it', async () => {
    const cluster = await clusterWithBlocks()
    await cluster.ipam().releaseBlockAffinity({ cidr: '10.65.0.16/29', mustBeEmpty: true }, call)
    await cluster.ipam().releaseBlockAffinity({ cidr: '10.65.0.56/29', mustBeEmpty: true }, call)
    expect((await stateOf(cluster)).affinities).toHaveLength(2)
  })

  it('all of a host: goes on after one that is in use, and throws', async () => {
    const cluster = await clusterWithBlocks()
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.32/29', owner: host('node-1') }, call)
    await expect(
      cluster.ipam().releaseHostAffinities({ owner: host('node-1'), mustBeEmpty: true }, call),
    ).rejects.toMatchObject({ code: 'ipam/block-not-empty' })
    expect((await stateOf(cluster)).affinities).toEqual([
      'host:node-1 10.65.0.8/29 confirmed',
      'host:node-2 10.65.0.16/29 confirmed',
    ])
  })

  it('all of a pool, of every type of owner', async () => {
    const cluster = await clusterWithBlocks()
    await cluster.ipam().claimAffinity({ cidr: '10.65.0.48/29', owner: { type: 'virtual', name: 'lb' } }, call)
    await cluster.ipam().releasePoolAffinities('10.65.0.0/26', call)
    expect(await stateOf(cluster)).toMatchObject({ affinities: [], blocks: ['10.65.0.8/29 null'] })
  })

  it('an affinity without block, and one whose block is another’s', async () => {
    const cluster = await clusterWithBlocks()
    const { datastore } = cluster
    for (const key of ['10-65-0-0-29', '10-65-0-8-29']) {
      const block = await datastore.get({ kind: 'IPAMBlock', name: key }, call)
      if (key === '10-65-0-0-29') await datastore.delete({ kind: 'IPAMBlock', name: key }, {}, call)
      else await datastore.update({ ...block, spec: { ...block.spec, affinity: 'host:node-2' } }, call)
    }
    await cluster.ipam().releaseHostAffinities({ owner: host('node-1'), mustBeEmpty: true }, call)
    expect((await stateOf(cluster)).affinities).toEqual(['host:node-2 10.65.0.16/29 confirmed'])
  })
})

describe('a block of the host', () => {
  it('is ensured per family, once', async () => {
    const cluster = await createCluster({ pools })
    const request = { host: 'node-1', families: [4, 6] as const, hostReservation: windowsReservation }
    const blocks = await cluster.ipam().ensureBlock(request, call)
    expect(blocks).toEqual({ ipv4: expect.stringMatching(/\/29$/), ipv6: expect.stringMatching(/\/123$/) })
    expect(await cluster.ipam().ensureBlock(request, call)).toEqual(blocks)
    expect((await stateOf(cluster)).blocks).toHaveLength(2)
  })

  it('is missed by name', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/30', blockSize: 30 }] })
    await cluster.ipam().ensureBlock({ host: 'node-2', families: [4] }, call)
    await expect(cluster.ipam().ensureBlock({ host: 'node-1', families: [4] }, call)).rejects.toThrow(
      'no IPv4 pool is qualified for node-1: no block is left for node-1 in pool-1',
    )
  })
})
