import { crashAfter } from '@tortie/datastore/testing'
import type { IPPoolSpec, NodeSpec } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { call, createCluster, type TestCluster } from '../testing/cluster.ts'
import { inspect } from '../testing/invariants.ts'
import { type Tunnel, tunnelStep, tunnels } from '../tunnel/tunnel.ts'

const request = { node: 'node-1' }
const vxlan: Partial<IPPoolSpec> = { vxlanMode: 'Always' }
const both = [
  { cidr: '10.65.0.0/24', ...vxlan },
  { cidr: 'fd80::/112', ...vxlan },
]
const tunnelOf = (kind: string): Tunnel => tunnels.find((tunnel) => tunnel.kind === kind)!
const stateOf = ({ datastore, clock }: TestCluster) => inspect(datastore, clock.wallMs())
const nodeOf = ({ datastore }: TestCluster) => datastore.get({ kind: 'Node', name: 'node-1' }, call)

async function change(cluster: TestCluster, name: string, spec: Partial<IPPoolSpec>): Promise<void> {
  const pool = await cluster.datastore.get({ kind: 'IPPool', name }, call)
  await cluster.datastore.update({ ...pool, spec: { ...pool.spec, ...spec } }, call)
}

async function setNode(cluster: TestCluster, spec: NodeSpec): Promise<void> {
  const node = await nodeOf(cluster)
  await cluster.datastore.update({ ...node, spec }, call)
}

describe('the tunnel addresses of a node', () => {
  it('are those its pools ask for, and stay', async () => {
    const cluster = await createCluster({ pools: [...both, { cidr: '10.66.0.0/24', ipipMode: 'CrossSubnet' }] })
    const addresses = await cluster.ipam().ensureTunnelAddresses(request, call)
    expect(addresses).toEqual({
      ipip: expect.stringMatching(/^10\.66\.0\.\d+$/),
      vxlan: expect.stringMatching(/^10\.65\.0\.\d+$/),
      vxlanV6: expect.stringMatching(/^fd80::/),
    })
    expect((await nodeOf(cluster)).spec).toEqual({
      bgp: { ipv4IPIPTunnelAddr: addresses.ipip },
      ipv4VXLANTunnelAddr: addresses.vxlan,
      ipv6VXLANTunnelAddr: addresses.vxlanV6,
    })
    expect(await cluster.ipam().getAssignmentAttributes(addresses.vxlan!, call)).toMatchObject({
      handle: 'vxlan-tunnel-addr-node-1',
      attributes: { node: 'node-1', type: 'vxlanTunnelAddress' },
    })
    expect(await cluster.ipam().ensureTunnelAddresses(request, call)).toEqual(addresses)
    expect((await stateOf(cluster)).allocations).toHaveLength(3)
  })

  it('go with the pools, and the rest of the node stays', async () => {
    const cluster = await createCluster({ pools: both })
    await setNode(cluster, { bgp: { ipv4Address: '192.0.2.1/24' } })
    await change(cluster, 'pool-1', { ipipMode: 'Always' })
    await cluster.ipam().ensureTunnelAddresses(request, call)
    for (const name of ['pool-1', 'pool-2']) await change(cluster, name, { vxlanMode: 'Never', ipipMode: 'Never' })
    expect(await cluster.ipam().ensureTunnelAddresses(request, call)).toEqual({})
    expect((await nodeOf(cluster)).spec).toEqual({ bgp: { ipv4Address: '192.0.2.1/24' } })
    expect(await stateOf(cluster)).toMatchObject({ allocations: [], handles: [] })
  })

  it('of WireGuard want a key, and no encryption of host traffic', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24' }, { cidr: 'fd80::/112' }] })
    expect(await cluster.ipam().ensureTunnelAddresses(request, call)).toEqual({})
    const node = await nodeOf(cluster)
    await cluster.datastore.update({ ...node, status: { wireguardPublicKey: 'k', wireguardPublicKeyV6: 'k6' } }, call)
    const { wireguard, wireguardV6 } = await cluster.ipam().ensureTunnelAddresses(request, call)
    expect((await nodeOf(cluster)).spec.wireguard).toEqual({
      interfaceIPv4Address: wireguard,
      interfaceIPv6Address: wireguardV6,
    })
    await cluster.ipam().ensureTunnelAddresses({ ...request, wireguardHostEncryption: true }, call)
    expect((await nodeOf(cluster)).spec).toEqual({})
  })

  it('move when their pool is no longer the one', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', ...vxlan }, { cidr: '10.66.0.0/24' }] })
    await cluster.ipam().ensureTunnelAddresses(request, call)
    await change(cluster, 'pool-1', { vxlanMode: 'Never' })
    await change(cluster, 'pool-2', vxlan)
    expect((await cluster.ipam().ensureTunnelAddresses(request, call)).vxlan).toMatch(/^10\.66\./)
    expect((await stateOf(cluster)).allocations).toHaveLength(1)
  })

  it('are adopted when they are older than attributes, and left when they are another’s', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', ...vxlan }] })
    await cluster.ipam().assignIp({ address: '10.65.0.7', host: 'node-1' }, call)
    await setNode(cluster, { ipv4VXLANTunnelAddr: '10.65.0.7' })
    expect((await cluster.ipam().ensureTunnelAddresses(request, call)).vxlan).toBe('10.65.0.7')
    expect(await cluster.ipam().ipsByHandle('vxlan-tunnel-addr-node-1', call)).toEqual(['10.65.0.7'])
    await cluster
      .ipam()
      .assignIp({ address: '10.65.0.9', handle: 'pod', host: 'node-1', attributes: { pod: 'p' } }, call)
    await setNode(cluster, { ipv4VXLANTunnelAddr: '10.65.0.9' })
    const { vxlan: moved } = await cluster.ipam().ensureTunnelAddresses(request, call)
    expect(moved).not.toBe('10.65.0.9')
    expect(await cluster.ipam().ipsByHandle('pod', call)).toEqual(['10.65.0.9'])
  })

  it('are assigned anew when nobody holds them, or they rest', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24', ...vxlan }] })
    await cluster.ipam().setConfig({ ipCooldownSeconds: 60 }, call)
    const { vxlan: first } = await cluster.ipam().ensureTunnelAddresses(request, call)
    await cluster.ipam().releaseIps([{ address: first! }], call)
    const { vxlan: second } = await cluster.ipam().ensureTunnelAddresses(request, call)
    expect(second).not.toBe(first)
    await setNode(cluster, {})
    await cluster.ipam().ensureTunnelAddresses(request, call)
    expect((await stateOf(cluster)).allocations).toHaveLength(1)
  })

  it('without handle object are released by address when the node wants none', async () => {
    const cluster = await createCluster({ pools: [{ cidr: '10.65.0.0/24' }] })
    const handle = 'vxlan-tunnel-addr-node-1'
    await cluster.ipam().assignIp({ address: '10.65.0.7', handle, host: 'node-1' }, call)
    await cluster.datastore.delete({ kind: 'IPAMHandle', name: handle }, {}, call)
    await cluster.ipam().assignIp({ address: '10.65.0.8', host: 'node-1' }, call)
    await setNode(cluster, { ipv4VXLANTunnelAddr: '10.65.0.7', bgp: { ipv4IPIPTunnelAddr: '10.65.0.8' } })
    expect(await cluster.ipam().ensureTunnelAddresses(request, call)).toEqual({})
    expect((await stateOf(cluster)).allocations).toEqual([])
  })

  it('are none for a node that does not exist', async () => {
    const cluster = await createCluster({ pools: both })
    await expect(cluster.ipam().ensureTunnelAddresses({ node: 'node-9' }, call)).rejects.toThrow(
      'node "node-9" names a Node that does not exist',
    )
  })

  it('survive a crash at any point', async () => {
    for (let operations = 0; ; operations++) {
      const cluster = await createCluster({ pools: both })
      const view = crashAfter(operations, cluster.datastore)
      await cluster
        .ipam(view)
        .ensureTunnelAddresses(request, call)
        .catch(() => undefined)
      const addresses = await cluster.ipam().ensureTunnelAddresses(request, call)
      expect(Object.keys(addresses)).toEqual(['vxlan', 'vxlanV6'])
      expect(await stateOf(cluster)).toMatchObject({ allocations: { length: 2 }, overcounts: [], violations: [] })
      if (!view.crashed) break
    }
  })
})

describe('the decision for an address that the node has', () => {
  const own = { node: 'node-1', type: 'vxlanTunnelAddress' }
  it.each([
    ['its own in a wanted pool', { handle: 'h', attributes: own, inWantedPool: true }, 'keep'],
    ['its own in another pool', { handle: 'h', attributes: own, inWantedPool: false }, 'replace'],
    ['one without attributes and handle', { attributes: {}, inWantedPool: true }, 'adopt'],
    ['one without attributes, with a handle', { handle: 'h', attributes: {}, inWantedPool: true }, 'assign'],
    ['another node’s', { handle: 'h', attributes: { ...own, node: 'node-2' }, inWantedPool: true }, 'assign'],
    ['another tunnel’s', { attributes: { ...own, type: 'ipipTunnelAddress' }, inWantedPool: true }, 'assign'],
  ] as const)('%s', (_, state, step) => {
    expect(tunnelStep(tunnelOf('vxlan'), 'node-1', '10.65.0.1', { kind: 'held', ...state })).toBe(step)
  })

  it('that nobody holds, or for none', () => {
    expect(tunnelStep(tunnelOf('vxlan'), 'node-1', '10.65.0.1', { kind: 'missing' })).toBe('replace')
    expect(tunnelStep(tunnelOf('vxlan'), 'node-1', undefined, { kind: 'missing' })).toBe('replace')
  })
})

it('every tunnel writes what it reads, and clears it without a trace', () => {
  for (const tunnel of tunnels) {
    const written = tunnel.write({ addresses: [] }, '192.0.2.1')
    expect(tunnel.read(written)).toBe('192.0.2.1')
    expect(tunnel.write(written, undefined)).toEqual({ addresses: [] })
    expect(tunnel.handle('n')).toMatch(/-tunnel-addr-n$/)
  }
})
