import { describe, expect, it } from 'vitest'
import { call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'

const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())

/** Addresses `10.65.0.<last>` for handles of their own, in blocks of four. */
async function clusterWith(...last: readonly number[]): Promise<TestCluster> {
  const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/26', blockSize: 30 }] })
  for (const byte of last)
    await cluster.ipam().assignIp({ address: `10.65.0.${byte}`, handle: `h.${byte}`, host: 'node-1' }, call)
  return cluster
}

describe('release by address', () => {
  it('tells what was released and what was not assigned, each once', async () => {
    const cluster = await clusterWith(1, 2, 9)
    const options = ['10.65.0.1', '10.65.0.9', '10.65.0.1', '10.65.0.3', '10.65.0.40', '10.9.0.1', 'fd00::1']
    const result = await cluster.ipam().releaseIps(
      options.map((address) => ({ address })),
      call,
    )
    expect([...result.released].sort()).toEqual(['10.65.0.1', '10.65.0.9'])
    expect([...result.unallocated].sort()).toEqual(['10.65.0.3', '10.65.0.40', '10.9.0.1', 'fd00::1'])
    expect(result.failures).toEqual([])
    expect(await stateOf(cluster)).toMatchObject({ handles: ['h.2 {"10.65.0.0/30":1}'], violations: [] })
  })

  it('twice is no error', async () => {
    const cluster = await clusterWith(1)
    await cluster.ipam().releaseIps([{ address: '10.65.0.1' }], call)
    expect(await cluster.ipam().releaseIps([{ address: '10.65.0.1' }], call)).toEqual({
      released: [],
      unallocated: ['10.65.0.1'],
      failures: [],
    })
  })

  it('refuses the block of a mismatch, and releases in the others', async () => {
    const cluster = await clusterWith(1, 2, 9)
    const options = [
      { address: '10.65.0.1', handle: 'h.1' },
      { address: '10.65.0.2', handle: 'h.7' },
      { address: '10.65.0.9', handle: 'h.9' },
    ]
    const result = await cluster.ipam().releaseIps(options, call)
    expect(result.released).toEqual(['10.65.0.9'])
    expect(result.failures).toEqual([
      { block: '10.65.0.0/30', error: expect.objectContaining({ code: 'ipam/bad-handle' }) },
    ])
  })

  it('guards against an address that was given to another meanwhile', async () => {
    const cluster = await clusterWith(1)
    const [block] = (await cluster.datastore.list({ kind: 'IPAMBlock' }, call)).items
    const sequenceNumber = block!.spec.sequenceNumberForAllocation![1]!
    const ipam = cluster.ipam()
    const seen = { address: '10.65.0.1', handle: 'h.1', sequenceNumber }
    await ipam.releaseIps([seen], call)
    await ipam.assignIp({ address: '10.65.0.1', handle: 'h.1', host: 'node-1' }, call)
    expect(await ipam.releaseIps([seen], call)).toMatchObject({
      released: [],
      failures: [{ error: { code: 'ipam/bad-sequence-number' } }],
    })
    // The block was deleted and made anew in between: numbers still differ.
    await ipam.releaseByHandle({ handle: 'h.1' }, call)
    await ipam.removeHost('node-1', call)
    await cluster.clock.advance(1)
    await ipam.assignIp({ address: '10.65.0.1', handle: 'h.1', host: 'node-1' }, call)
    expect((await ipam.releaseIps([seen], call)).failures).toHaveLength(1)
  })

  it('works for pools that are gone', async () => {
    const cluster = await clusterWith(1)
    await cluster.datastore.delete({ kind: 'IPPool', name: 'pool-1' }, {}, call)
    expect((await cluster.ipam().releaseIps([{ address: '10.65.0.1' }], call)).released).toEqual(['10.65.0.1'])
    await expect(cluster.ipam().releaseIps([{ address: '10.65.0' }], call)).rejects.toThrow(
      'address "10.65.0" is no IP address',
    )
  })

  it('of the last address deletes a block that is nobody’s', async () => {
    const cluster = await clusterWith(1, 2)
    await cluster.ipam().removeHost('node-1', call)
    await cluster.ipam().releaseIps([{ address: '10.65.0.1' }], call)
    expect((await stateOf(cluster)).blocks).toEqual(['10.65.0.0/30 null'])
    await cluster.ipam().releaseIps([{ address: '10.65.0.2' }], call)
    expect(await stateOf(cluster)).toMatchObject({ blocks: [], handles: [] })
  })
})

describe('release by handle', () => {
  it('releases in every block, exactly what is the handle’s', async () => {
    const cluster = await clusterWith(1, 9)
    for (const byte of [2, 10, 20])
      await cluster.ipam().assignIp({ address: `10.65.0.${byte}`, handle: 'many', host: 'node-1' }, call)
    expect(await cluster.ipam().ipsByHandle('many', call)).toEqual(['10.65.0.2', '10.65.0.10', '10.65.0.20'])
    await cluster.ipam().releaseByHandle({ handle: 'many' }, call)
    expect((await stateOf(cluster)).allocations).toEqual(['10.65.0.0/30+1 h.1', '10.65.0.8/30+1 h.9'])
    await expect(cluster.ipam().releaseByHandle({ handle: 'many' }, call)).rejects.toThrow(
      'handle many does not exist: it holds no address',
    )
  })

  it('with a sequence number leaves what was given later, and the handle that finds it', async () => {
    const cluster = await clusterWith(1)
    const [block] = (await cluster.datastore.list({ kind: 'IPAMBlock' }, call)).items
    const sequenceNumber = block!.spec.sequenceNumberForAllocation![1]!
    await cluster.ipam().assignIp({ address: '10.65.0.2', handle: 'h.1', host: 'node-1' }, call)
    await cluster.ipam().releaseByHandle({ handle: 'h.1', sequenceNumber }, call)
    expect(await cluster.ipam().ipsByHandle('h.1', call)).toEqual(['10.65.0.2'])
    expect((await stateOf(cluster)).handles).toEqual(['h.1 {"10.65.0.0/30":1}'])
  })

  it('puts right a count that a crash, or Calico, left too high', async () => {
    const cluster = await clusterWith(1)
    const handle = await cluster.datastore.get({ kind: 'IPAMHandle', name: 'h.1' }, call)
    const block = { '10.65.0.0/30': 5, '10.65.0.60/30': 1 }
    await cluster.datastore.update({ ...handle, spec: { ...handle.spec, block } }, call)
    await cluster.ipam().releaseByHandle({ handle: 'h.1' }, call)
    expect(await stateOf(cluster)).toMatchObject({ allocations: [], handles: [] })
  })

  it('lets addresses rest during a cooldown, and frees them after', async () => {
    const cluster = await clusterWith()
    const ipam = cluster.ipam()
    await ipam.setConfig({ ipCooldownSeconds: 30 }, call)
    const assign = async () =>
      (await ipam.autoAssign({ num4: 1, handle: 'h', host: 'node-1', intendedUse: 'Workload' }, call)).ipv4.addresses[0]
    const first = await assign()
    await ipam.releaseByHandle({ handle: 'h' }, call)
    expect(await stateOf(cluster)).toMatchObject({ allocations: [], handles: [] })
    const others = [await assign(), await assign(), await assign()]
    expect(others).not.toContain(first)
    await cluster.clock.advance(30_000)
    expect(await assign()).toBe(first)
  })
})

it('addresses of a handle whose block cannot be read are passed over', async () => {
  const cluster = await clusterWith(1, 9)
  await cluster.ipam().assignIp({ address: '10.65.0.20', handle: 'h.1', host: 'node-1' }, call)
  const block = await cluster.datastore.get({ kind: 'IPAMBlock', name: '10-65-0-0-30' }, call)
  await cluster.datastore.update({ ...block, spec: { ...block.spec, attributes: [] } }, call)
  expect(await cluster.ipam().ipsByHandle('h.1', call)).toEqual(['10.65.0.20'])
})
