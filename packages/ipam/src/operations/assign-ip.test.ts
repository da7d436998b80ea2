import { describe, expect, it } from 'vitest'
import { addPool, call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'
import type { AssignIpRequest } from './assign-ip.ts'

const assign = (cluster: TestCluster, address: string, change: Partial<AssignIpRequest> = {}): Promise<void> =>
  cluster.ipam().assignIp({ address, handle: 'h', host: 'node-1', attributes: { node: 'node-1' }, ...change }, call)

const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())

describe('a given address', () => {
  it.each(['10.65.0.77', 'fd80:24e2:f998:72d6::77'])(
    '%s is assigned in a block claimed for the host',
    async (address) => {
      const cluster = await createCluster()
      await assign(cluster, address)
      expect(await cluster.ipam().ipsByHandle('h', call)).toEqual([address])
      expect((await stateOf(cluster)).affinities).toEqual([expect.stringMatching(/^host:node-1 .* confirmed$/)])
    },
  )

  it('is assigned in a block of another host, unless affinity is strict', async () => {
    const cluster = await createCluster()
    await assign(cluster, '10.65.0.1', { host: 'node-2', handle: 'other' })
    await assign(cluster, '10.65.0.2')
    await cluster.ipam().setConfig({ strictAffinity: true }, call)
    await expect(assign(cluster, '10.65.0.3')).rejects.toThrow(
      'block 10.65.0.0/26 is affine to host:node-2, not to host:node-1',
    )
    expect(await stateOf(cluster)).toMatchObject({ overcounts: [], violations: [] })
  })

  it('is refused when it is assigned, and the handle counts nothing for it', async () => {
    const cluster = await createCluster()
    await assign(cluster, '10.65.0.1', { handle: 'other' })
    await expect(assign(cluster, '10.65.0.1')).rejects.toMatchObject({
      code: 'ipam/address-assigned',
      facts: { address: '10.65.0.1', block: '10.65.0.0/26', handle: 'other' },
    })
    expect((await stateOf(cluster)).handles).toEqual(['other {"10.65.0.0/26":1}'])
  })

  it('is refused while it rests', async () => {
    const cluster = await createCluster()
    const ipam = cluster.ipam()
    await ipam.setConfig({ ipCooldownSeconds: 60 }, call)
    await assign(cluster, '10.65.0.1')
    await ipam.releaseByHandle({ handle: 'h' }, call)
    await expect(assign(cluster, '10.65.0.1')).rejects.toThrow('Address already assigned')
    await expect(ipam.getAssignmentAttributes('10.65.0.1', call)).rejects.toMatchObject({ code: 'ipam/cooling-down' })
    await cluster.clock.advance(60_000)
    await assign(cluster, '10.65.0.1')
  })

  it('asks for no selector, mode or reservation of the pool, but for its use', async () => {
    const cluster = await createCluster({ pools: [] })
    await addPool(cluster.datastore, 'p', {
      cidr: '10.65.0.0/24',
      nodeSelector: 'has(nothing)',
      assignmentMode: 'Manual',
      allowedUses: ['Tunnel'],
    })
    const [metadata, spec] = [{ name: 'r' }, { reservedCIDRs: ['10.65.0.0/24'] }]
    await cluster.datastore.create({ apiVersion: 'projectcalico.org/v3', kind: 'IPReservation', metadata, spec }, call)
    await assign(cluster, '10.65.0.1')
    await assign(cluster, '10.65.0.2', { intendedUse: 'Tunnel' })
    await expect(assign(cluster, '10.65.0.3', { intendedUse: 'Workload' })).rejects.toThrow(
      'IPPool(p) is not for Workload; add Workload to its allowedUses or choose another pool',
    )
  })

  it.each<[string, Partial<AssignIpRequest>, string]>([
    ['10.9.0.1', {}, 'The provided IP address is not in a configured pool: 10.9.0.1'],
    ['ten', {}, 'address "ten" is no IP address'],
    ['10.65.0.1', { host: '' }, 'host "" must be the name of a Node'],
  ])('%s %j is refused: %s', async (address, change, message) => {
    await expect(assign(await createCluster(), address, change)).rejects.toThrow(message)
  })

  it('belongs to a virtual owner for load balancers', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', allowedUses: ['LoadBalancer'] }] })
    await assign(cluster, '10.65.0.1', { host: 'load-balancer', intendedUse: 'LoadBalancer' })
    expect((await stateOf(cluster)).blocks).toEqual(['10.65.0.0/26 virtual:load-balancer'])
  })

  it('is the answer again where the handle may hold only that one', async () => {
    const cluster = await createCluster()
    await assign(cluster, '10.65.0.1', { maxAllocations: 1 })
    await assign(cluster, '10.65.0.1', { maxAllocations: 1 })
    await expect(assign(cluster, '10.65.0.2', { maxAllocations: 1 })).rejects.toMatchObject({
      code: 'ipam/max-allocations',
    })
    expect(await stateOf(cluster)).toMatchObject({ overcounts: [], violations: [] })
  })
})
