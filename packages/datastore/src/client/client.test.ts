import { apiVersion, isModelError, type Kind, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import {
  blockKey,
  type Client,
  type ClientIpam,
  createClient,
  type Datastore,
  type DatastoreErrorCode,
  ensureInitialized,
  isDatastoreError,
} from '../index.ts'
import { memoryDatastore } from '../testing/index.ts'

const clock = virtualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
const ports = { clock, random: seededRandom(7) }

interface Setting {
  readonly datastore: Datastore
  readonly client: Client
  readonly asked: string[]
}

/** A client whose IPAM only notes what it is asked. */
async function setting(call: Call): Promise<Setting> {
  const datastore = memoryDatastore()
  const asked: string[] = []
  const ipam: ClientIpam = {
    async releasePoolAffinities(cidr) {
      const [pool] = (await datastore.list({ kind: 'IPPool' }, call)).items
      asked.push(`release blocks of ${cidr}, disabled: ${pool?.spec.disabled}`)
    },
    releaseIps: async (addresses) => asked.push(`release ${addresses.map(({ address }) => address).join(' ')}`),
    removeHost: async (node) => void asked.push(`remove ${node}`),
  }
  await ensureInitialized(datastore, {}, ports, call)
  return { datastore, client: createClient(datastore, { ...ports, ipam }), asked }
}

const refused = (code: DatastoreErrorCode) => (error: unknown) => isDatastoreError(error, code)
const policy = (spec: ResourceOf<'NetworkPolicy'>['spec'] = {}): ResourceOf<'NetworkPolicy'> => ({
  apiVersion,
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'prod' },
  spec,
})
const pool = (name: string, cidr: string, blockSize?: number): ResourceOf<'IPPool'> => ({
  apiVersion,
  kind: 'IPPool',
  metadata: { name },
  spec: { cidr, ...(blockSize !== undefined && { blockSize }) },
})

describe('policies', () => {
  it('get what Calico writes into them', async ({ signal }) => {
    const { client, datastore } = await setting({ signal })
    const created = await client.networkPolicies.create(policy({ egress: [{ action: 'Allow' }] }), { signal })
    expect(created).toMatchObject({
      metadata: { creationTimestamp: '2026-01-02T03:04:05Z', labels: { 'projectcalico.org/tier': 'default' } },
      spec: { tier: 'default', types: ['Egress'] },
    })
    expect(created.metadata.uid).toMatch(/^[0-9a-f]{8}-/)
    expect(await datastore.get({ kind: 'NetworkPolicy', namespace: 'prod', name: 'p' }, { signal })).toEqual(created)
  })

  it('need their tier when they are made, not when they are changed', async ({ signal }) => {
    const { client } = await setting({ signal })
    await expect(client.networkPolicies.create(policy({ tier: 'none' }), { signal })).rejects.toThrow(
      'resource does not exist: Tier(none)',
    )
    const created = await client.networkPolicies.create(policy(), { signal })
    const moved = await client.networkPolicies.update(
      { ...created, spec: { ...created.spec, tier: 'none' } },
      { signal },
    )
    expect(moved.metadata.labels).toEqual({ 'projectcalico.org/tier': 'none' })
  })

  it('show the tier label that old ones lack, in reads and watches', async ({ signal }) => {
    const { client, datastore } = await setting({ signal })
    await datastore.create(policy({ tier: 'kube-admin' }), { signal })
    const labels = { 'projectcalico.org/tier': 'default' }
    const key = { namespace: 'prod', name: 'p' }
    expect((await client.networkPolicies.get(key, { signal })).metadata.labels).toEqual(labels)
    expect((await client.networkPolicies.list({}, { signal })).items[0]?.metadata.labels).toEqual(labels)
    for await (const event of client.networkPolicies.watch({}, {}, { signal })) {
      expect(event).toMatchObject({ type: 'snapshot', items: [{ metadata: { labels } }] })
      break
    }
  })

  it('are refused with every wrong field, and nothing is written', async ({ signal }) => {
    const { client } = await setting({ signal })
    const wrong = policy({ selector: 'a ==', ingress: [{ action: 'Allow', source: { nets: ['10.0.0.1'] } }] })
    await expect(client.networkPolicies.create(wrong, { signal })).rejects.toSatisfy(
      (error) => isModelError(error, 'model/invalid') && error.facts.fields.length === 2,
    )
    expect((await client.networkPolicies.list({}, { signal })).items).toEqual([])
  })
})

describe('updates', () => {
  it('need what a Get gives, and the revision of it', async ({ signal }) => {
    const { client } = await setting({ signal })
    const created = await client.networkPolicies.create(policy(), { signal })
    await expect(client.networkPolicies.update(policy(), { signal })).rejects.toThrow('metadata.resourceVersion')
    await client.networkPolicies.update(created, { signal })
    await expect(client.networkPolicies.update(created, { signal })).rejects.toSatisfy(refused('Conflict'))
    await expect(
      client.networkPolicies.update({ ...created, metadata: { ...created.metadata, name: 'q' } }, { signal }),
    ).rejects.toSatisfy(refused('DoesNotExist'))
  })

  it('by apply create, or write spec and labels over what is there', async ({ signal }) => {
    const { client } = await setting({ signal })
    const first = await client.networkPolicies.apply(policy(), { signal })
    const second = await client.networkPolicies.apply(policy({ order: 5 }), { signal })
    expect(second.metadata).toMatchObject({ uid: first.metadata.uid })
    expect(second.spec).toMatchObject({ order: 5 })
    const stale = { ...policy(), metadata: { ...policy().metadata, resourceVersion: first.metadata.resourceVersion! } }
    await expect(client.networkPolicies.apply(stale, { signal })).rejects.toSatisfy(refused('Conflict'))
  })
})

describe('tiers', () => {
  it('stay while policies are in them, and the built-in ones always', async ({ signal }) => {
    const { client } = await setting({ signal })
    const metadata = { name: 'security' }
    await client.tiers.create({ apiVersion, kind: 'Tier', metadata, spec: {} }, { signal })
    await client.networkPolicies.create(policy({ tier: 'security' }), { signal })
    await expect(client.tiers.delete(metadata, {}, { signal })).rejects.toThrow(
      'operation delete is not supported on Tier(security): Cannot delete a non-empty tier: NetworkPolicy(prod/p) is in it; delete its policies first',
    )
    await client.networkPolicies.delete({ namespace: 'prod', name: 'p' }, {}, { signal })
    expect(await client.tiers.delete(metadata, {}, { signal })).toMatchObject({ spec: { order: 1_000_000 } })
    for (const name of ['default', 'kube-admin', 'kube-baseline'])
      await expect(client.tiers.delete({ name }, {}, { signal })).rejects.toSatisfy(refused('Unsupported'))
  })
})

describe('staged policies', () => {
  it.each(['stagedNetworkPolicies', 'stagedGlobalNetworkPolicies'] as const)(
    '%s need their tier, keep it, and show its label',
    async (collection) => {
      const { signal } = new AbortController()
      const { client, datastore } = await setting({ signal })
      const kind = collection === 'stagedNetworkPolicies' ? 'StagedNetworkPolicy' : 'StagedGlobalNetworkPolicy'
      const key = { name: 'p', ...(kind === 'StagedNetworkPolicy' && { namespace: 'prod' }) }
      const staged = (tier: string) =>
        ({ apiVersion, kind, metadata: key, spec: { tier } }) as ResourceOf<'StagedNetworkPolicy'>
      const policies = client.of(kind as 'StagedNetworkPolicy')
      await expect(policies.create(staged('security'), { signal })).rejects.toThrow('does not exist: Tier(security)')
      const metadata = { name: 'security' }
      await client.tiers.create({ apiVersion, kind: 'Tier', metadata, spec: {} }, { signal })
      expect(await policies.create(staged('security'), { signal })).toMatchObject({
        metadata: { labels: { 'projectcalico.org/tier': 'security' } },
        spec: { stagedAction: 'Set', types: ['Ingress'] },
      })
      await expect(client.tiers.delete(metadata, {}, { signal })).rejects.toThrow(`${kind}(`)
      await policies.delete(key, {}, { signal })
      await client.tiers.delete(metadata, {}, { signal })
      await datastore.create(staged('other'), { signal })
      for await (const event of client[collection].watch({}, {}, { signal })) {
        expect(event).toMatchObject({ items: [{ metadata: { labels: { 'projectcalico.org/tier': 'default' } } }] })
        break
      }
    },
  )

  it('of Kubernetes know no tiers', async ({ signal }) => {
    const { client } = await setting({ signal })
    const metadata = { name: 'p', namespace: 'prod' }
    const sknp = { apiVersion, kind: 'StagedKubernetesNetworkPolicy', metadata, spec: {} } as const
    const { spec, metadata: made } = await client.stagedKubernetesNetworkPolicies.create(sknp, { signal })
    expect([spec, made.labels]).toEqual([{ stagedAction: 'Set' }, undefined])
  })
})

it('peers name filters that are there, when they are made and when they are changed', async ({ signal }) => {
  const { client } = await setting({ signal })
  const peer = (filters: string[]) =>
    ({
      apiVersion,
      kind: 'BGPPeer',
      metadata: { name: 'p' },
      spec: { peerIP: '192.0.2.9', asNumber: 1, filters },
    }) as const
  await client.bgpFilters.create({ apiVersion, kind: 'BGPFilter', metadata: { name: 'in' }, spec: {} }, { signal })
  const missing = 'spec.filters = \'["out","up"]\' (BGPFilter(s) not found; create them first)'
  await expect(client.bgpPeers.create(peer(['in', 'out', 'up']), { signal })).rejects.toThrow(missing)
  const created = await client.bgpPeers.create(peer(['in']), { signal })
  const changed = { ...created, spec: peer(['out', 'up']).spec }
  await expect(client.bgpPeers.update(changed, { signal })).rejects.toThrow(missing)
  expect((await client.bgpPeers.get({ name: 'p' }, { signal })).spec.filters).toEqual(['in'])
})

describe('pools', () => {
  it('do not overlap', async ({ signal }) => {
    const { client } = await setting({ signal })
    expect(await client.ipPools.create(pool('a', '10.0.0.0/16'), { signal })).toMatchObject({ spec: { blockSize: 26 } })
    await expect(client.ipPools.create(pool('b', '10.0.128.0/20'), { signal })).rejects.toThrow(
      'IPPool(b) CIDR overlaps with IPPool(a) CIDR 10.0.0.0/16',
    )
    await client.ipPools.create(pool('c', '10.1.0.0/16'), { signal })
  })

  it('have the block size of blocks that an earlier pool left', async ({ signal }) => {
    const { client, datastore } = await setting({ signal })
    const spec = { cidr: '10.0.0.64/26', allocations: [], unallocated: [], attributes: [], sequenceNumber: 0n }
    const { name } = blockKey(spec.cidr)
    await datastore.create(
      { apiVersion, kind: 'IPAMBlock', metadata: { name }, spec: { ...spec, deleted: false } },
      { signal },
    )
    await expect(client.ipPools.create(pool('a', '10.0.0.0/16', 27), { signal })).rejects.toThrow(
      '10.0.0.64/26 is in use',
    )
    await client.ipPools.create(pool('a', '10.0.0.0/16', 26), { signal })
    await client.ipPools.create(pool('b', 'fd00::/112', 122), { signal })
  })

  it('are disabled and emptied before they go', async ({ signal }) => {
    const { client, asked } = await setting({ signal })
    await client.ipPools.create(pool('a', '10.0.0.0/16'), { signal })
    const before = clock.monotonicMs()
    await clock.drive(client.ipPools.delete({ name: 'a' }, {}, { signal }))
    expect(clock.monotonicMs() - before).toBe(500)
    expect(asked).toEqual(['release blocks of 10.0.0.0/16, disabled: true'])
    expect((await client.ipPools.list({}, { signal })).items).toEqual([])
  })

  it('are deleted at the revision that was seen, if one is given', async ({ signal }) => {
    const { client, asked } = await setting({ signal })
    const { metadata } = await client.ipPools.create(pool('a', '10.0.0.0/16'), { signal })
    await expect(client.ipPools.delete({ name: 'a' }, { revision: '1' }, { signal })).rejects.toSatisfy(
      refused('Conflict'),
    )
    expect(asked).toEqual([])
    await clock.drive(client.ipPools.delete({ name: 'a' }, { revision: metadata.resourceVersion! }, { signal }))
  })

  it('keep CIDR and block size', async ({ signal }) => {
    const { client } = await setting({ signal })
    const created = await client.ipPools.create(pool('a', '10.0.0.0/16'), { signal })
    await expect(
      client.ipPools.update({ ...created, spec: { ...created.spec, cidr: '10.1.0.0/16', blockSize: 27 } }, { signal }),
    ).rejects.toThrow(/CIDR cannot be modified[\s\S]*BlockSize cannot be modified/)
  })
})

it('the profile that allows everything is always there and cannot be changed', async ({ signal }) => {
  const { client } = await setting({ signal })
  const name = 'projectcalico-default-allow'
  const profile = await client.profiles.get({ name }, { signal })
  expect(profile).toMatchObject({ metadata: { resourceVersion: '1' }, spec: { ingress: [{ action: 'Allow' }] } })
  expect((await client.profiles.list({}, { signal })).items).toEqual([profile])
  const { resourceVersion: _, ...metadata } = profile.metadata
  await expect(client.profiles.create({ ...profile, metadata }, { signal })).rejects.toSatisfy(refused('AlreadyExists'))
  await expect(client.profiles.update(profile, { signal })).rejects.toSatisfy(refused('Unsupported'))
  await expect(client.profiles.delete({ name }, {}, { signal })).rejects.toSatisfy(refused('Unsupported'))
})

const endpoint = (node: string, pod: string, ip: string): ResourceOf<'WorkloadEndpoint'> => ({
  apiVersion,
  kind: 'WorkloadEndpoint',
  metadata: { name: '', namespace: 'prod' },
  spec: { orchestrator: 'k8s', node, pod, endpoint: 'eth0', ipNetworks: [`${ip}/32`], interfaceName: 'cali1' },
})

it('endpoints are named after what they are, and labelled so', async ({ signal }) => {
  const { client } = await setting({ signal })
  const { metadata } = await client.workloadEndpoints.create(endpoint('node-1', 'web-0', '10.0.0.1'), { signal })
  expect(metadata).toMatchObject({
    name: 'node--1-k8s-web--0-eth0',
    labels: { 'projectcalico.org/namespace': 'prod', 'projectcalico.org/orchestrator': 'k8s' },
  })
})

describe('nodes', () => {
  it('take everything with them that is theirs', async ({ signal }) => {
    const { client, datastore, asked } = await setting({ signal })
    const spec = {
      bgp: { ipv4Address: '192.0.2.1/24', ipv4IPIPTunnelAddr: '10.0.0.9' },
      ipv6VXLANTunnelAddr: 'fd00::9',
    }
    for (const name of ['node', 'node-1'])
      await client.nodes.create({ apiVersion, kind: 'Node', metadata: { name }, spec }, { signal })
    await client.workloadEndpoints.create(endpoint('node', 'a', '10.0.0.1'), { signal })
    await client.workloadEndpoints.create(endpoint('node-1', 'b', '10.0.0.2'), { signal })
    const felix = { apiVersion, kind: 'FelixConfiguration', metadata: { name: 'node.node' }, spec: {} } as const
    await client.felixConfigurations.create(felix, { signal })
    const bgp = { apiVersion, kind: 'BGPConfiguration', metadata: { name: 'node.node' }, spec: {} } as const
    await client.bgpConfigurations.create(bgp, { signal })
    for (const node of ['node', 'node-1']) {
      const peer = { apiVersion, kind: 'BGPPeer', metadata: { name: `of-${node}` } } as const
      await client.bgpPeers.create({ ...peer, spec: { node, peerIP: '192.0.2.9', asNumber: 1 } }, { signal })
      const hep = { apiVersion, kind: 'HostEndpoint', metadata: { name: `of-${node}` } } as const
      await client.hostEndpoints.create({ ...hep, spec: { node, interfaceName: '*' } }, { signal })
    }
    await client.nodes.delete({ name: 'node' }, {}, { signal })
    expect(asked).toEqual(['release 10.0.0.1 10.0.0.9 fd00::9', 'remove node'])
    const left = async (kind: Kind): Promise<string[]> =>
      (await datastore.list({ kind }, { signal })).items.map(({ metadata }) => metadata.name)
    expect(await left('Node')).toEqual(['node-1'])
    expect(await left('WorkloadEndpoint')).toEqual(['node--1-k8s-b-eth0'])
    expect(await left('FelixConfiguration')).toEqual([])
    expect(await left('BGPConfiguration')).toEqual([])
    expect(await left('BGPPeer')).toEqual(['of-node-1'])
    expect(await left('HostEndpoint')).toEqual(['of-node-1'])
    await expect(client.nodes.delete({ name: 'node' }, {}, { signal })).rejects.toSatisfy(refused('DoesNotExist'))
  })

  it('stay when there is no IPAM to release their addresses', async ({ signal }) => {
    const client = createClient(memoryDatastore(), ports)
    await expect(client.nodes.delete({ name: 'n' }, {}, { signal })).rejects.toSatisfy(refused('Unsupported'))
  })
})

describe('initialisation', () => {
  it('makes identity and tiers, once', async ({ signal }) => {
    const { client, datastore } = await setting({ signal })
    const { spec } = await client.clusterInformation.get({ name: 'default' }, { signal })
    expect(spec).toMatchObject({ datastoreReady: true, clusterGUID: expect.stringMatching(/^[0-9a-f]{32}$/) })
    const before = await datastore.list({ kind: 'Tier' }, { signal })
    expect(before.items.map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-admin', 'kube-baseline'])
    await ensureInitialized(datastore, {}, ports, { signal })
    expect(await datastore.list({ kind: 'Tier' }, { signal })).toEqual(before)
  })

  it('adds version and type, and leaves a locked store locked', async ({ signal }) => {
    const { client, datastore } = await setting({ signal })
    const info = await client.clusterInformation.get({ name: 'default' }, { signal })
    await client.clusterInformation.update({ ...info, spec: { ...info.spec, datastoreReady: false } }, { signal })
    await ensureInitialized(datastore, { version: 'v3.31.0', clusterType: 'k8s,bgp' }, ports, { signal })
    await ensureInitialized(datastore, { clusterType: 'bgp,other' }, ports, { signal })
    expect((await client.clusterInformation.get({ name: 'default' }, { signal })).spec).toEqual({
      ...info.spec,
      datastoreReady: false,
      calicoVersion: 'v3.31.0',
      clusterType: 'k8s,bgp,other',
    })
  })

  it('can be done by all nodes at once', async ({ signal }) => {
    const datastore = memoryDatastore()
    const options = { clusterType: 'k8s' }
    await clock.drive(
      Promise.all(Array.from({ length: 5 }, () => ensureInitialized(datastore, options, ports, { signal }))),
    )
    expect((await datastore.list({ kind: 'ClusterInformation' }, { signal })).items).toHaveLength(1)
  })
})
