import { loseAnswers, pauseBefore } from '@tortie/datastore/testing'
import { describe, expect, it } from 'vitest'
import { windowsReservation } from '../block/block.ts'
import type { Ipam } from '../ipam.ts'
import { addNode, addPool, call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'
import { type AutoAssignRequest, fulfilled, shortfall } from './auto-assign.ts'

let handles = 0
/** One request for `num4` addresses, by default for a handle of its own on node-1. */
async function assign(ipam: Ipam, num4: number, change: Partial<AutoAssignRequest> = {}): Promise<string[]> {
  const request = { num4, handle: `h.${handles++}`, host: 'node-1', intendedUse: 'Workload' as const, ...change }
  const { ipv4, ipv6 } = await ipam.autoAssign(request, call)
  return [...ipv4.addresses, ...ipv6.addresses]
}

const blocksOf = (addresses: readonly string[]): Set<string> =>
  new Set(addresses.map((address) => address.replace(/\d+\/(\d+)$/, (_, length: string) => `x/${length}`)))

const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())

describe('automatic assignment', () => {
  it('takes from one block until it is full, then claims another', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/28', blockSize: 30 }] })
    const addresses = await assign(cluster.ipam(), 6)
    expect(new Set(addresses).size).toBe(6)
    const { affinities, blocks } = await stateOf(cluster)
    expect(affinities).toHaveLength(2)
    expect(affinities.every((line) => line.startsWith('host:node-1') && line.endsWith('confirmed'))).toBe(true)
    expect(blocks.every((line) => line.endsWith('host:node-1'))).toBe(true)
  })

  it('stores what Calico stores', async () => {
    const cluster = await createCluster({ nodes: ['node-1'], pools: [{ cidr: '10.65.0.0/30', blockSize: 30 }] })
    await cluster.ipam().autoAssign(
      {
        num4: 1,
        handle: 'net.c1',
        host: 'node-1',
        intendedUse: 'Workload',
        attributes: { node: 'node-1', pod: 'web-0', namespace: 'default' },
      },
      call,
    )
    const [block] = (await cluster.datastore.list({ kind: 'IPAMBlock' }, call)).items
    const started = cluster.clock.wallNs()
    expect(block?.spec).toMatchObject({
      cidr: '10.65.0.0/30',
      affinity: 'host:node-1',
      affinityClaimTime: '2023-11-14T22:13:20Z',
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ handle_id: 'net.c1', secondary: { node: 'node-1', pod: 'web-0', namespace: 'default' } }],
      sequenceNumber: started + 1n,
      sequenceNumberForAllocation: { 0: started },
      deleted: false,
    })
    const [affinity] = (await cluster.datastore.list({ kind: 'BlockAffinity' }, call)).items
    expect(affinity?.spec).toEqual({
      state: 'confirmed',
      node: 'node-1',
      type: 'host',
      cidr: '10.65.0.0/30',
      deleted: false,
    })
    const [handle] = (await cluster.datastore.list({ kind: 'IPAMHandle' }, call)).items
    expect(handle?.spec).toEqual({ handleID: 'net.c1', block: { '10.65.0.0/30': 1 }, deleted: false })
  })

  it('needs few requests: eight for an address of a block that has room', async () => {
    const cluster = await createCluster()
    await assign(cluster.ipam(), 1)
    const requests: string[] = []
    const view = pauseBefore(async (operation) => {
      requests.push(operation)
    }, cluster.datastore)
    await assign(cluster.ipam(view), 1)
    // Configuration, reservations, Node, pools; affinities; block; handle; block.
    expect(requests).toEqual(['get', 'list', 'get', 'list', 'list', 'get', 'create', 'update'])
  })

  it('hosts start in blocks of their own', async () => {
    const nodes = Array.from({ length: 20 }, (_, i) => `node-${i}`)
    const cluster = await createCluster({ nodes, pools: [{ cidr: '10.65.0.0/16' }] })
    const blocks = await Promise.all(nodes.map((host) => assign(cluster.ipam(), 1, { host })))
    expect(blocksOf(blocks.flat().map((address) => address.replace(/\.\d+\//, '.0/'))).size).toBeGreaterThan(15)
    expect((await stateOf(cluster)).blocks).toHaveLength(20)
  })

  it('reuses addresses in the order in which they were released', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/30', blockSize: 30 }] })
    const ipam = cluster.ipam()
    const seen: string[] = []
    for (let i = 0; i < 8; i++) {
      const [address = ''] = await assign(ipam, 1, { handle: 'again' })
      seen.push(address)
      await ipam.releaseByHandle({ handle: 'again' }, call)
    }
    expect(seen.slice(0, 4)).toEqual(['10.65.0.0/30', '10.65.0.1/30', '10.65.0.2/30', '10.65.0.3/30'])
    expect(seen.slice(4)).toEqual(seen.slice(0, 4))
  })

  it('keeps away from reservations, and from blocks that are wholly reserved', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/29', blockSize: 30 }] })
    const reservedCIDRs = ['10.65.0.0/30', '10.65.0.5']
    const metadata = { name: 'r' }
    await cluster.datastore.create(
      { apiVersion: 'projectcalico.org/v3', kind: 'IPReservation', metadata, spec: { reservedCIDRs } },
      call,
    )
    const { ipv4 } = await cluster
      .ipam()
      .autoAssign({ num4: 9, handle: 'h', host: 'node-1', intendedUse: 'Workload' }, call)
    expect(ipv4.addresses).toEqual(['10.65.0.4/30', '10.65.0.6/30', '10.65.0.7/30'])
    expect(shortfall(ipv4)).toBe(
      'Assigned 3 out of 9 requested IPv4 addresses; No IPs available in pools: [10.65.0.0/29]',
    )
    expect(() => fulfilled(ipv4)).toThrowError(/No IPs available in pools.*add an IPPool or release addresses/)
  })

  it('leaves reserved addresses of a Windows host alone', async () => {
    const pools = [{ cidr: '10.65.0.0/24', blockSize: 26 }]
    const cluster = await createCluster({ pools })
    const addresses = await assign(cluster.ipam(), 240, { hostReservation: windowsReservation })
    expect(addresses).toHaveLength(240)
    expect(addresses.filter((address) => [0, 1, 2, 63].includes(Number(address.split(/[./]/)[3]) % 64))).toEqual([])
    const small = await createCluster({ pools: [{ cidr: '10.65.0.0/24', blockSize: 30 }] })
    await expect(assign(small.ipam(), 1, { hostReservation: windowsReservation })).rejects.toThrow(
      'their blockSize leaves no room beside the addresses reserved for the host',
    )
  })

  it('uses virtual owners for load balancers, without Node', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', allowedUses: ['LoadBalancer'] }] })
    await assign(cluster.ipam(), 1, { host: 'load-balancer', intendedUse: 'LoadBalancer' })
    expect((await stateOf(cluster)).affinities).toEqual([expect.stringMatching(/^virtual:load-balancer /)])
  })
})

describe('when blocks run out', () => {
  const pools = [{ cidr: '10.65.0.0/29', blockSize: 30 }]

  it('borrows from other hosts', async () => {
    const cluster = await createCluster({ pools })
    await assign(cluster.ipam(), 5, { host: 'node-2' })
    expect(await assign(cluster.ipam(), 3)).toHaveLength(3)
    expect(await cluster.ipam().listBorrowed(call)).toMatchObject({ withoutNode: 8 })
    expect((await stateOf(cluster)).affinities.every((line) => line.startsWith('host:node-2'))).toBe(true)
  })

  it('does not borrow with strict affinity', async () => {
    const cluster = await createCluster({ pools })
    const ipam = cluster.ipam()
    await ipam.setConfig({ strictAffinity: true }, call)
    await assign(ipam, 5, { host: 'node-2' })
    const { ipv4 } = await ipam.autoAssign({ num4: 1, handle: 'h', host: 'node-1', intendedUse: 'Workload' }, call)
    expect(shortfall(ipv4)).toBe(
      'Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled',
    )
  })

  it('claims nothing with autoAllocateBlocks off', async () => {
    const cluster = await createCluster({ pools })
    const ipam = cluster.ipam()
    await ipam.setConfig({ strictAffinity: true, autoAllocateBlocks: false }, call)
    expect(await assign(ipam, 1)).toEqual([])
    await ipam.claimAffinity({ cidr: '10.65.0.0/30', owner: { type: 'host', name: 'node-1' } }, call)
    expect(await assign(ipam, 9)).toHaveLength(4)
  })

  it.each<[string, number, number, number]>([
    ['the configuration’s', 2, 0, 2],
    ['the request’s', 0, 1, 1],
    ['the stricter of both', 3, 1, 1],
    ['20 where there is none', 0, 0, 20],
  ])('stops at the block limit: %s', async (_, configured, requested, limit) => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', blockSize: 30 }] })
    const ipam = cluster.ipam()
    if (configured > 0) await ipam.setConfig({ strictAffinity: true, maxBlocksPerHost: configured }, call)
    expect(await assign(ipam, 4 * limit, { maxBlocks: requested })).toHaveLength(4 * limit)
    await expect(assign(ipam, 1, { maxBlocks: requested })).rejects.toThrow(
      `Need to allocate an IPAM block but could not - limit of ${limit} blocks reached for this node (node-1, IPv4)`,
    )
  })

  it('gives back what it took before it met the limit', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', blockSize: 30 }] })
    await expect(assign(cluster.ipam(), 9, { maxBlocks: 2 })).rejects.toMatchObject({ code: 'ipam/block-limit' })
    expect(await stateOf(cluster)).toMatchObject({ allocations: [], handles: [] })
  })

  it('takes an empty block of another host after a minute, not before', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/32', blockSize: 32 }] })
    const ipam = cluster.ipam()
    await assign(ipam, 1, { host: 'node-2', handle: 'theirs' })
    await ipam.releaseByHandle({ handle: 'theirs' }, call)
    await ipam.setConfig({ strictAffinity: true }, call)
    expect(await assign(ipam, 1)).toEqual([])
    await cluster.clock.advance(60_000)
    expect(await assign(ipam, 1)).toEqual(['10.65.0.0/32'])
    expect((await stateOf(cluster)).affinities).toEqual(['host:node-1 10.65.0.0/32 confirmed'])
  })

  it('takes an empty block that is nobody’s', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/32', blockSize: 32 }] })
    const ipam = cluster.ipam()
    await ipam.setConfig({ ipCooldownSeconds: 30 }, call)
    await assign(ipam, 1, { host: 'node-2', handle: 'theirs' })
    await ipam.removeHost('node-2', call)
    await ipam.releaseByHandle({ handle: 'theirs' }, call)
    expect((await stateOf(cluster)).blocks).toEqual(['10.65.0.0/32 null'])
    await cluster.clock.advance(61_000)
    expect(await assign(ipam, 1)).toEqual(['10.65.0.0/32'])
    expect((await stateOf(cluster)).blocks).toEqual(['10.65.0.0/32 host:node-1'])
  })
})

describe('pools', () => {
  it('that select the node no more lose its empty blocks', async () => {
    const cluster = await createCluster({ nodes: [], pools: [] })
    await addNode(cluster.datastore, 'node-1', { rack: 'a' })
    await addPool(cluster.datastore, 'a', { cidr: '10.65.0.0/24', nodeSelector: 'rack == "a"' })
    await addPool(cluster.datastore, 'b', { cidr: '10.66.0.0/24', nodeSelector: 'rack == "b"' })
    const ipam = cluster.ipam()
    const [used = ''] = await assign(ipam, 1)
    const node = await cluster.datastore.get({ kind: 'Node', name: 'node-1' }, call)
    await cluster.datastore.update({ ...node, metadata: { ...node.metadata, labels: { rack: 'b' } } }, call)
    expect(await assign(ipam, 1)).toEqual([expect.stringMatching(/^10\.66\./)])
    expect((await stateOf(cluster)).affinities).toHaveLength(2)
    await ipam.releaseIps([{ address: used.split('/')[0]! }], call)
    expect((await stateOf(cluster)).affinities).toEqual([expect.stringMatching(/10\.66\./)])
  })

  it('that are disabled keep their addresses and give no more', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24' }] })
    const ipam = cluster.ipam()
    const [address = ''] = await assign(ipam, 1, { handle: 'h' })
    const pool = await cluster.datastore.get({ kind: 'IPPool', name: 'pool-1' }, call)
    await cluster.datastore.update({ ...pool, spec: { ...pool.spec, disabled: true } }, call)
    await expect(assign(ipam, 1)).rejects.toThrow('there is no enabled IPv4 IPPool; create one')
    expect(await ipam.releaseIps([{ address: address.split('/')[0]! }], call)).toMatchObject({ failures: [] })
  })

  it('that are asked for are used in order', async () => {
    const cluster = await createCluster({
      pools: [
        { cidr: '10.65.0.0/30', blockSize: 30 },
        { cidr: '10.66.0.0/30', blockSize: 30 },
      ],
    })
    const addresses = await assign(cluster.ipam(), 6, { pools4: ['10.66.0.0/30', '10.65.0.0/30'] })
    expect(addresses.map((address) => address.slice(0, 5))).toEqual([...Array(4).fill('10.66'), '10.65', '10.65'])
  })
})

describe('bad requests', () => {
  it.each<[Partial<AutoAssignRequest>, string]>([
    [{ num4: -1 }, 'num4 "-1" must be a whole number, 0 or more'],
    [{ num6: 1.5 }, 'num6 "1.5" must be a whole number, 0 or more'],
    [{ intendedUse: '' as 'Workload' }, 'intendedUse "" must be Workload, Tunnel or LoadBalancer'],
    [{ host: ' ' }, 'host " " must be the name of a Node'],
    [{ host: 'node-9' }, 'host "node-9" names a Node that does not exist; start the agent on it or create the Node'],
    [{ handle: 'a/b' }, 'handle "a/b" must be text without "/"'],
    [{ pools4: ['10.9.0.0/16'] }, 'pools4: the given pool (10.9.0.0/16) does not exist, or is not enabled'],
    [{ num4: 0, num6: 1, pools6: ['10.65.0.0/24'] }, 'pools6 "10.65.0.0/24" must be the CIDR of an IPv6 pool'],
  ])('%j', async (change, message) => {
    const cluster = await createCluster()
    await expect(assign(cluster.ipam(), 1, change)).rejects.toThrow(message)
    expect((await stateOf(cluster)).blocks).toEqual([])
  })

  it('for IPv6 give the IPv4 address back', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24' }] })
    await expect(assign(cluster.ipam(), 1, { num6: 1 })).rejects.toThrow('there is no enabled IPv6 IPPool; create one')
    expect(await stateOf(cluster)).toMatchObject({ allocations: [], handles: [] })
  })
})

describe('a handle that may hold only so many', () => {
  it('is given what it holds', async () => {
    const cluster = await createCluster()
    const ipam = cluster.ipam()
    const only = { handle: 'net.vmi.default.vm', maxAllocations: 1 }
    const [first = '', six = ''] = await assign(ipam, 1, { num6: 1, ...only })
    const bare = (address: string): string => address.split('/')[0]!
    expect(await assign(ipam, 1, { num6: 1, ...only })).toEqual([`${bare(first)}/32`, `${bare(six)}/128`])
    await expect(assign(ipam, 2, only)).rejects.toMatchObject({ code: 'ipam/max-allocations' })
    expect((await stateOf(cluster)).allocations).toHaveLength(2)
  })
})

describe('cancellation', () => {
  it('throws the reason and keeps nothing, wherever it comes', async () => {
    for (let at = 0; ; at++) {
      const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/28', blockSize: 30 }] })
      const controller = new AbortController()
      let operations = 0
      const view = pauseBefore(async () => {
        if (operations++ === at) controller.abort(new Error('deadline'))
      }, cluster.datastore)
      const request = { num4: 6, handle: 'h', host: 'node-1', intendedUse: 'Workload' as const }
      const outcome = await cluster
        .ipam(view)
        .autoAssign(request, controller)
        .catch((error: Error) => error.message)
      if (!controller.signal.aborted) break
      expect(outcome).toBe('deadline')
      expect(await stateOf(cluster)).toMatchObject({ allocations: [], overcounts: [], violations: [] })
    }
  })

  it('does not hide that the store is away', async () => {
    const cluster = await createCluster()
    const away = loseAnswers(() => true, cluster.datastore)
    await expect(assign(cluster.ipam(away), 1)).rejects.toMatchObject({ code: 'Unavailable' })
  })
})
