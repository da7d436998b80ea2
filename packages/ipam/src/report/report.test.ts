import { parsePrefix } from '@tortie/ip'
import type { IPAMHandle, IPPool, Node, WorkloadEndpoint } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { takeOrdinals } from '../block/assign.ts'
import { type Block, newBlock, windowsReservation } from '../block/block.ts'
import { releaseHandle } from '../block/release.ts'
import { poolsOf } from '../pool/pool.ts'
import { reserve } from '../pool/reservations.ts'
import { addPool, call, createCluster } from '../testing/cluster.ts'
import { borrowedAddresses } from './allocations.ts'
import { type CheckInput, checkIpam, type IpamReport } from './check.ts'
import { planReportRelease } from './release-plan.ts'
import { utilizationOf } from './utilization.ts'

const apiVersion = 'projectcalico.org/v3'
const pool = (name: string, cidr: string, blockSize: number): IPPool => ({
  apiVersion,
  kind: 'IPPool',
  metadata: { name },
  spec: { cidr, blockSize },
})
const nowMs = Date.parse('2026-08-10T12:05:00Z')
const take = (block: Block, count: number, handle: string, attributes = {}): Block =>
  takeOrdinals(block, count, { handle, attributes }).block
const blockOf = (cidr: string, affinity: string | null = 'host:node-1'): Block => ({ ...newBlock(cidr, 1n), affinity })

describe('utilization', () => {
  const pools = poolsOf([pool('v4', '10.65.0.0/24', 26), pool('v6', 'fd80::/48', 122)])
  const blocks = [take(blockOf('10.65.0.0/26'), 10, 'a'), blockOf('fd80::/122', null), blockOf('10.9.0.0/26')]

  it('counts whole pools, and blocks that lie in none', () => {
    const [v4, v6, orphans] = utilizationOf(pools, blocks, reserve([]))
    expect(v4).toMatchObject({
      name: 'v4',
      cidr: '10.65.0.0/24',
      capacity: 256,
      inUse: 10,
      reserved: 0,
      available: 246,
    })
    expect(v4?.blocks).toEqual([
      { cidr: '10.65.0.0/26', affinity: 'host:node-1', capacity: 64, inUse: 10, reserved: 0, available: 54 },
    ])
    expect(v6).toMatchObject({ capacity: 2 ** 80, inUse: 0, available: 2 ** 80 })
    expect(orphans).toMatchObject({
      name: 'orphaned allocation blocks',
      cidr: '0.0.0.0/0',
      capacity: 0,
      orphaned: true,
    })
    expect(orphans?.blocks.map(({ cidr }) => cidr)).toEqual(['10.9.0.0/26'])
  })

  it('counts reserved addresses once, in use or not', () => {
    const reservations = reserve(['10.65.0.0/28', '10.65.0.4/32', '10.65.0.128/25'].map(parsePrefix))
    const [v4] = utilizationOf(pools, blocks, reservations)
    // 10 of the 16 reserved in the block are in use; 54 free ones, less the 6 reserved among them; one untouched block.
    expect(v4).toMatchObject({ inUse: 10, reserved: 144, available: 48 + 64 })
    expect(v4?.blocks[0]).toMatchObject({ inUse: 10, reserved: 16, available: 48 })
  })

  it('of some pools, by name or CIDR', () => {
    expect(utilizationOf(pools, blocks, reserve([]), ['v6', '10.65.0.0/24']).map(({ name }) => name)).toEqual([
      'v6',
      'v4',
    ])
    expect(() => utilizationOf(pools, blocks, reserve([]), ['none'])).toThrowError(
      'pools "none" is neither name nor CIDR of an IPPool',
    )
  })

  it('is read from the store', async () => {
    const cluster = await createCluster()
    await cluster.ipam().autoAssign({ num4: 3, handle: 'h', host: 'node-1', intendedUse: 'Workload' }, call)
    expect(await cluster.ipam().getUtilization({ pools: ['pool-1'] }, call)).toMatchObject([
      { inUse: 3, available: 253 },
    ])
  })
})

it('borrowed addresses are those of other nodes than the block’s', () => {
  const mixed = [
    ['a', { node: 'node-1', pod: 'p', namespace: 'n' }],
    ['b', { node: 'node-2', pod: 'web-0', namespace: 'n' }],
    ['c', { node: 'node-2', type: 'vxlanTunnelAddress' }],
    ['d', { node: 'node-2', 'vmi-name': 'vm', namespace: 'n', pod: 'virt' }],
    ['e', { node: 'node-2', service: 's', namespace: 'n', type: 'LoadBalancer' }],
    ['f', {}],
  ] as const
  const block = mixed.reduce((b, [handle, attributes]) => take(b, 1, handle, attributes), blockOf('10.65.0.0/29'))
  const { borrowed, withoutNode } = borrowedAddresses([releaseHandle(block, 'e', { cooldownSeconds: 60, nowMs }).block])
  expect(withoutNode).toBe(1)
  expect(borrowed.map(({ address, type, allocatedTo }) => [address, type, allocatedTo])).toEqual([
    ['10.65.0.1', 'pod', 'n/web-0'],
    ['10.65.0.2', 'vxlanTunnelAddress', 'node-2'],
    ['10.65.0.3', 'vmi', 'n/vm'],
  ])
  expect(borrowed[0]).toMatchObject({ borrowingNode: 'node-2', block: '10.65.0.0/29', blockOwner: 'node-1' })
  expect(borrowedAddresses([{ ...block, affinity: null }]).borrowed).toHaveLength(5)
})

describe('check', () => {
  const node = (name: string, spec: Node['spec']): Node => ({ apiVersion, kind: 'Node', metadata: { name }, spec })
  const endpoint = (name: string, ...ipNetworks: string[]): WorkloadEndpoint => ({
    apiVersion,
    kind: 'WorkloadEndpoint',
    metadata: { name, namespace: 'default' },
    spec: { ipNetworks },
  })
  const handle = (handleID: string): IPAMHandle => ({
    apiVersion,
    kind: 'IPAMHandle',
    metadata: { name: handleID, uid: `uid-${handleID}`, resourceVersion: '7' },
    spec: { handleID, block: {}, deleted: false },
  })
  const resource = (spec: Block) => ({ apiVersion, kind: 'IPAMBlock', metadata: { name: 'b' }, spec }) as const
  const inputOf = (change: Partial<CheckInput>): CheckInput => ({
    clusterInformation: {
      apiVersion,
      kind: 'ClusterInformation',
      metadata: { name: 'default', resourceVersion: '42' },
      spec: { clusterGUID: 'guid', clusterType: 'k8s', datastoreReady: false },
    },
    blocks: [],
    pools: poolsOf([pool('v4', '10.65.0.0/24', 29), pool('v6', 'fd80::/64', 125)]),
    nodes: [],
    endpoints: [],
    handles: [],
    version: 'v1',
    nowMs,
    ...change,
  })

  it('finds nothing in a sound cluster', () => {
    const windows = { ...newBlock('10.65.0.8/29', 1n, windowsReservation), affinity: 'host:win' }
    const result = checkIpam(
      inputOf({
        blocks: [
          resource(take(take(take(blockOf('10.65.0.0/29'), 1, 'pod'), 1, 'tunnel'), 1, 'svc')),
          resource(take(blockOf('fd80::/125'), 2, 'six')),
          resource(windows),
        ],
        endpoints: [endpoint('e', '10.65.0.0/32', 'fd80:0::0/128')],
        nodes: [node('node-1', { ipv4VXLANTunnelAddr: '10.65.0.1', ipv6VXLANTunnelAddr: 'fd80::1' })],
        services: new Map([['Service(default/web)', ['10.65.0.2']]]),
        handles: ['pod', 'tunnel', 'svc', 'six'].map(handle),
      }),
    )
    expect(result).toMatchObject({ problems: 0, missingHandles: [], severalOwners: [], handlesInUse: 4, inUse: 9 })
    expect(result.report).toMatchObject({
      clusterGUID: 'guid',
      datastoreLocked: true,
      clusterInformationRevision: '42',
    })
    expect(result.report.allocations['10.65.0.0']).toEqual([
      { ip: '10.65.0.0', handle: 'pod', sequenceNumber: 1n, inUse: true, owners: ['WorkloadEndpoint(default/e)'] },
    ])
    expect(result.report).not.toHaveProperty('leakedHandles')
  })

  it('finds each kind of problem', () => {
    const leaked = take(blockOf('10.65.0.0/29'), 2, 'lost', {
      node: 'node-1',
      pod: 'p',
      namespace: 'n',
      timestamp: 't',
    })
    const resting = releaseHandle(take(leaked, 1, 'done'), 'done', { cooldownSeconds: 60, nowMs }).block
    const broken = { ...blockOf('10.65.0.16/29'), unallocated: [1] }
    const unreadable = { ...blockOf('10.65.0.24/29'), allocations: [9, ...Array(7).fill(null)] }
    const result = checkIpam(
      inputOf({
        blocks: [resource(resting), resource(broken), resource(unreadable)],
        endpoints: [endpoint('a', '10.65.0.1/32'), endpoint('b', '10.65.0.1', '10.65.0.77', '192.0.2.1', 'none')],
        handles: [handle('stale')],
      }),
    )
    expect(result).toMatchObject({
      leaked: ['10.65.0.0'],
      inUseUnallocated: [{ address: '10.65.0.77', owners: ['WorkloadEndpoint(default/b)'] }],
      inUseOutsidePools: [{ address: '192.0.2.1' }],
      leakedHandles: ['stale'],
      badBlocks: [{ block: '10.65.0.16/29' }, { block: '10.65.0.24/29' }],
      problems: 6,
      missingHandles: ['lost'],
      severalOwners: [{ address: '10.65.0.1' }],
      nodes: [{ node: 'node-1', allocations: 2 }],
    })
    expect(result.report.allocations['10.65.0.2']).toMatchObject([{ coolingDown: true, inUse: false }])
    expect(result.report.allocations['10.65.0.0']).toMatchObject([{ pod: 'p', namespace: 'n', creationTimestamp: 't' }])
    expect(result.report.leakedHandles).toEqual([{ ID: 'stale', UID: 'uid-stale', Revision: '7' }])
    expect(result).toMatchObject({
      blocks: [{ cidr: '10.65.0.0/29', affinity: 'host:node-1' }, {}, {}],
      allocations: [{ address: '10.65.0.0', handle: 'lost' }, { address: '10.65.0.1' }, { coolingDown: true }],
      activePools: ['10.65.0.0/24', 'fd80::/64'],
    })
    expect(result.uses.map(({ address, owner, by }) => `${address} ${owner} ${by}`)).toEqual([
      '10.65.0.1 WorkloadEndpoint(default/a) workload',
      '10.65.0.1 WorkloadEndpoint(default/b) workload',
      '10.65.0.77 WorkloadEndpoint(default/b) workload',
      '192.0.2.1 WorkloadEndpoint(default/b) workload',
    ])
  })

  it('reads everything from the store', async () => {
    const cluster = await createCluster()
    await cluster.ipam().assignIp({ address: '10.65.0.1', handle: 'h', host: 'node-1' }, call)
    await addPool(cluster.datastore, 'off', { cidr: '10.66.0.0/24', disabled: true })
    const result = await cluster.ipam().check({ version: 'v1' }, call)
    expect(result).toMatchObject({ leaked: ['10.65.0.1'], problems: 1, missingHandles: [] })
    expect(result.report).toMatchObject({ datastoreLocked: false, clusterGUID: '' })
  })
})

describe('release from reports', () => {
  const reportOf = (change: Partial<IpamReport> = {}): IpamReport => ({
    version: 'v1',
    clusterGUID: 'guid',
    datastoreLocked: true,
    clusterInformationRevision: '42',
    clusterType: '',
    allocations: {
      '10.0.0.1': [{ ip: '10.0.0.1', handle: 'a', sequenceNumber: 5n, inUse: false, owners: [] }],
      '10.0.0.2': [{ ip: '10.0.0.2', inUse: false, owners: [] }],
      '10.0.0.3': [{ ip: '10.0.0.3', inUse: true, owners: ['x'] }],
      '10.0.0.4': [{ ip: '10.0.0.4', inUse: false, coolingDown: true, owners: [] }],
    },
    leakedHandles: [
      { ID: 'h1', UID: 'u1', Revision: '1' },
      { ID: 'h2', UID: 'u2', Revision: '2' },
    ],
    ...change,
  })
  const current = { version: 'v1', clusterGUID: 'guid', clusterInformationRevision: '42', datastoreLocked: true }

  it('releases what leaked in every one of them', () => {
    const later = reportOf({
      clusterInformationRevision: '40',
      datastoreLocked: false,
      allocations: { '10.0.0.1': [{ ip: '10.0.0.1', handle: 'a', sequenceNumber: 6n, inUse: false, owners: [] }] },
      leakedHandles: [
        { ID: 'h1', UID: 'u1', Revision: '1' },
        { ID: 'h2', UID: 'u2', Revision: '3' },
      ],
    })
    expect(planReportRelease([reportOf(), later], current, false)).toEqual({
      addresses: [{ address: '10.0.0.1', handle: 'a', sequenceNumber: 6n }],
      handles: [{ ID: 'h1', UID: 'u1', Revision: '1' }],
      warnings: [],
    })
    expect(planReportRelease([], current, false)).toEqual({ addresses: [], handles: [], warnings: [] })
  })

  it('takes handles of stores that have no uid for them', () => {
    const leakedHandles = [{ ID: 'h', UID: null, Revision: '1' }]
    const reports = [reportOf({ leakedHandles }), reportOf({ leakedHandles: [{ ID: 'h', UID: '', Revision: '1' }] })]
    expect(planReportRelease(reports, current, false).handles).toHaveLength(1)
  })

  it.each<[Partial<IpamReport>, Partial<typeof current>, boolean, string]>([
    [{ clusterGUID: 'other' }, {}, true, 'report "1" is of another cluster (other)'],
    [{ version: 'v0' }, {}, false, 'report "1" was made by version v0, this is v1; make a new one, or use --force'],
    [{}, { datastoreLocked: false }, false, 'report "1" may be out of date: the datastore is not locked; lock it and'],
    [{ clusterInformationRevision: '41' }, {}, true, 'report "1" was made before the cluster changed'],
  ])('refuses %j in a cluster of %j, forced %s', (change, cluster, force, message) => {
    expect(() => planReportRelease([reportOf(change)], { ...current, ...cluster }, force)).toThrowError(message)
  })

  it('by force takes other versions and unlocked datastores, and says so', () => {
    const plan = planReportRelease([reportOf({ version: 'v0' })], { ...current, datastoreLocked: false }, true)
    expect(plan.addresses).toHaveLength(2)
    expect(plan.warnings).toEqual([
      'report "1" was made by version v0, this is v1',
      'report "1" may be out of date: the datastore is not locked',
    ])
  })
})
