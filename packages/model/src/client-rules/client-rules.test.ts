import { describe, expect, it } from 'vitest'
import type { AnyResource, ClusterInformation, IPPool, Kind, ResourceOf } from '../index.ts'
import {
  apiVersion,
  defaultAllowProfile,
  findErrors,
  initialClusterInformation,
  initialTiers,
  isEnabledPool,
  isModelError,
  poolOverlaps,
  prepareCreate,
  prepareUpdate,
  present,
  timestampOf,
} from '../index.ts'

const ports = {
  clock: { wallMs: () => 1_700_000_000_999 },
  random: { uuid: () => 'f81d4fae-7dec-4d0a-a765-00a0c91e6bf6' },
}

const make = <K extends Kind>(kind: K, spec: object, metadata: object = {}): ResourceOf<K> =>
  ({ apiVersion, kind, metadata: { name: 'x', ...metadata }, spec }) as unknown as ResourceOf<K>

const pathsOf = (run: () => unknown): readonly string[] => {
  try {
    run()
  } catch (error) {
    if (isModelError(error, 'model/invalid')) return error.facts.fields.map(({ path }) => path)
    throw error
  }
  return []
}

const stored = { resourceVersion: '7', uid: 'u', creationTimestamp: '2026-08-10T12:00:00Z' }

describe('create', () => {
  it('makes uid and creationTimestamp, and keeps those that are given', () => {
    const made = prepareCreate(make('Tier', {}), ports)
    expect(made.metadata).toEqual({ name: 'x', uid: ports.random.uuid(), creationTimestamp: '2023-11-14T22:13:20Z' })
    const { uid, creationTimestamp } = stored
    expect(prepareCreate(make('Tier', {}, { uid, creationTimestamp }), ports).metadata).toMatchObject({
      uid,
      creationTimestamp,
    })
    expect(
      prepareCreate(make('Tier', {}, { creationTimestamp: null }), ports).metadata.creationTimestamp,
    ).not.toBeNull()
  })

  it('refuses a resourceVersion, and names what else is wrong', () => {
    const tier = make('Tier', { defaultAction: 'x' }, { resourceVersion: '1' })
    expect(pathsOf(() => prepareCreate(tier, ports))).toEqual(['metadata.resourceVersion', 'spec.defaultAction'])
  })

  it('does not change its argument', () => {
    const pool = Object.freeze({ ...make('IPPool', Object.freeze({ cidr: 'FD00::/64' })) })
    prepareCreate(pool, ports)
    expect(pool.spec).toEqual({ cidr: 'FD00::/64' })
  })

  it.each([[undefined], [null], [1], ['x'], [[]]])('refuses metadata %j', (metadata) => {
    const tier = { apiVersion, kind: 'Tier', metadata, spec: {} } as unknown as ResourceOf<'Tier'>
    expect(pathsOf(() => prepareCreate(tier, ports))[0]).toMatch(/^metadata/)
  })

  it.each([[1], ['x'], [[]]])('refuses spec %j', (spec) => {
    expect(pathsOf(() => prepareCreate(make('IPPool', spec as object), ports))).toEqual(['spec'])
  })
})

describe('update', () => {
  it('needs what a Get returns', () => {
    const tier = make('Tier', {})
    expect(pathsOf(() => prepareUpdate(tier, tier))).toEqual([
      'metadata.resourceVersion',
      'metadata.uid',
      'metadata.creationTimestamp',
    ])
    expect(prepareUpdate(make('Tier', { order: 5 }, stored), make('Tier', {}, stored)).spec.order).toBe(5)
  })
})

describe('policies', () => {
  const rule = { action: 'Allow' }
  it.each([
    [{}, ['Ingress']],
    [{ ingress: [rule] }, ['Ingress']],
    [{ egress: [rule] }, ['Egress']],
    [{ ingress: [], egress: [rule] }, ['Egress']],
    [{ ingress: [rule], egress: [rule] }, ['Ingress', 'Egress']],
    [{ types: [], egress: [rule] }, ['Egress']],
    [{ types: ['Ingress'], egress: [rule] }, ['Ingress']],
  ])('%j get types %j', (spec, types) => {
    expect(prepareCreate(make('GlobalNetworkPolicy', spec), ports).spec.types).toEqual(types)
    expect(prepareCreate(make('NetworkPolicy', spec, { namespace: 'ns' }), ports).spec.types).toEqual(types)
  })

  it('get their tier and its label, whatever label they had', () => {
    const labels = { 'projectcalico.org/tier': 'other', app: 'a' }
    const policy = prepareCreate(make('GlobalNetworkPolicy', { tier: 'platform' }, { labels }), ports)
    expect(policy.metadata.labels).toEqual({ 'projectcalico.org/tier': 'platform', app: 'a' })
    const plain = prepareUpdate(make('GlobalNetworkPolicy', {}, stored), make('GlobalNetworkPolicy', {}, stored))
    expect(plain.metadata.labels).toEqual({ 'projectcalico.org/tier': 'default' })
    expect(plain.spec.tier).toBe('default')
  })

  it('are shown with the label default when it is missing, even in another tier', () => {
    const shown = present(make('GlobalNetworkPolicy', { tier: 'platform' }))
    expect(shown.metadata.labels).toEqual({ 'projectcalico.org/tier': 'default' })
    const labelled = make('GlobalNetworkPolicy', {}, { labels: { 'projectcalico.org/tier': 'a' } })
    expect(present(labelled)).toBe(labelled)
  })
})

describe('pools', () => {
  it('get a block size by their family and a canonical CIDR', () => {
    expect(prepareCreate(make('IPPool', { cidr: '10.0.0.0/16' }), ports).spec).toEqual({
      cidr: '10.0.0.0/16',
      vxlanMode: 'Never',
      ipipMode: 'Never',
      blockSize: 26,
      nodeSelector: 'all()',
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
    })
    expect(prepareCreate(make('IPPool', { cidr: 'FD00:0::/64', blockSize: 0 }), ports).spec).toMatchObject({
      cidr: 'fd00::/64',
      blockSize: 122,
    })
  })

  it('are shown with the defaults that the store may lack', () => {
    expect(present(make('IPPool', { cidr: '10.0.0.0/16', ipipMode: '' })).spec).toMatchObject({
      ipipMode: 'Never',
      blockSize: 26,
    })
    expect(present(make('IPPool', { cidr: 'bad' })).spec).toMatchObject({ cidr: 'bad', nodeSelector: 'all()' })
  })

  const pool = (spec: object) => make('IPPool', { cidr: '10.0.0.0/16', ...spec }, stored)
  it.each([
    ['another CIDR', {}, { cidr: '10.0.0.0/17' }, ['spec.cidr']],
    ['another block size', {}, { blockSize: 27 }, ['spec.blockSize']],
    ['both', {}, { cidr: '10.1.0.0/16', blockSize: 27 }, ['spec.cidr', 'spec.blockSize']],
    ['the same block size', {}, { blockSize: 26 }, []],
    ['another spelling', { cidr: 'fd00:0::/64' }, { cidr: 'FD00::/64' }, []],
    ['from LoadBalancer', { allowedUses: ['LoadBalancer'] }, {}, ['spec.allowedUses']],
    ['to LoadBalancer', {}, { allowedUses: ['LoadBalancer'] }, []],
    ['disabled', {}, { disabled: true }, []],
  ])('may change: %s', (_what, before, after, paths) => {
    expect(pathsOf(() => prepareUpdate(pool(after), pool(before)))).toEqual(paths)
  })

  it('overlap by name and network, disabled or not', () => {
    const others = [
      make('IPPool', { cidr: '10.0.1.0/24', disabled: true }, { name: 'a' }),
      make('IPPool', { cidr: '10.1.0.0/16' }, { name: 'b' }),
      make('IPPool', { cidr: '10.0.0.0/16' }),
      make('IPPool', { cidr: 'bad' }, { name: 'c' }),
      make('IPPool', { cidr: '::/0' }, { name: 'd' }),
    ]
    expect(poolOverlaps(pool({}), others)).toEqual([
      { path: 'spec.cidr', value: '10.0.0.0/16', reason: 'IPPool(x) CIDR overlaps with IPPool(a) CIDR 10.0.1.0/24' },
    ])
    expect(poolOverlaps(make('IPPool', { cidr: 'bad' }), others)).toEqual([])
  })

  it.each<[string, Partial<IPPool> & { readonly deleted?: boolean }, boolean]>([
    ['a plain one', {}, true],
    ['a disabled one', { spec: { cidr: '10.0.0.0/16', disabled: true } }, false],
    ['one without allocations', { status: { conditions: [{ type: 'Allocatable', status: 'False' }] } }, false],
    ['one that is allocatable', { status: { conditions: [{ type: 'Allocatable', status: 'True' }] } }, true],
    ['one being deleted', { metadata: { name: 'x', deletionTimestamp: '2026-08-10T12:00:00Z' } }, false],
  ])('%s is enabled or not', (_what, change, enabled) => {
    expect(isEnabledPool({ ...pool({}), ...change })).toBe(enabled)
  })
})

describe('workload endpoints', () => {
  const spec = { node: 'n-1', orchestrator: 'cni', containerID: 'c', endpoint: 'eth0' }
  it('get their name and labels', () => {
    const labels = { 'projectcalico.org/namespace': 'lie', app: 'a' }
    const made = prepareCreate(make('WorkloadEndpoint', spec, { name: '', namespace: 'ns', labels }), ports)
    expect(made.metadata).toMatchObject({
      name: 'n--1-cni-c-eth0',
      labels: { 'projectcalico.org/namespace': 'ns', 'projectcalico.org/orchestrator': 'cni', app: 'a' },
    })
  })

  it('need not mention it', () => {
    const nameless = {
      ...make('WorkloadEndpoint', spec),
      metadata: { namespace: 'ns' },
    } as unknown as ResourceOf<'WorkloadEndpoint'>
    expect(prepareCreate(nameless, ports).metadata.name).toBe('n--1-cni-c-eth0')
    const bad = { ...nameless, spec: { ...spec, mac: 'x' } }
    expect(pathsOf(() => prepareCreate(bad, ports))).toEqual(['spec.mac'])
  })

  it('must not have another', () => {
    expect(pathsOf(() => prepareCreate(make('WorkloadEndpoint', spec, { namespace: 'ns' }), ports))).toEqual([
      'metadata.name',
    ])
    expect(pathsOf(() => prepareCreate(make('WorkloadEndpoint', {}, { name: '', namespace: 'ns' }), ports))).toContain(
      'spec',
    )
  })

  it('write out the name, host port and host address of ports', () => {
    const made = prepareCreate(
      make(
        'WorkloadEndpoint',
        { ...spec, ports: [{ protocol: 'UDP', port: 53, hostPort: 53 }] },
        { name: '', namespace: 'ns' },
      ),
      ports,
    )
    expect(made.spec.ports).toEqual([{ name: '', protocol: 'UDP', port: 53, hostPort: 53, hostIP: '' }])
  })
})

describe('FelixConfiguration', () => {
  const defaults = {
    floatingIPs: 'Disabled',
    nftablesMode: 'Auto',
    nftablesFlowTableOffload: 'Disabled',
    bpfConnectTimeLoadBalancing: 'TCP',
    bpfHostNetworkedNATWithoutCTLB: 'Enabled',
  }
  it.each([
    [{}, defaults],
    [{ floatingIPs: 'Enabled' }, { ...defaults, floatingIPs: 'Enabled' }],
    [
      { bpfConnectTimeLoadBalancingEnabled: true },
      {
        ...defaults,
        bpfConnectTimeLoadBalancingEnabled: true,
        bpfConnectTimeLoadBalancing: 'Enabled',
        bpfHostNetworkedNATWithoutCTLB: 'Disabled',
      },
    ],
    [
      { bpfConnectTimeLoadBalancingEnabled: false, bpfConnectTimeLoadBalancing: 'TCP' },
      {
        ...defaults,
        bpfConnectTimeLoadBalancingEnabled: false,
        bpfConnectTimeLoadBalancing: 'Disabled',
        bpfHostNetworkedNATWithoutCTLB: 'Disabled',
      },
    ],
  ])('%j is written as %j', (spec, written) => {
    expect(prepareCreate(make('FelixConfiguration', spec, { name: 'node.n' }), ports).spec).toEqual(written)
  })
})

describe('what every datastore holds', () => {
  it('are tiers that validate', () => {
    expect(initialTiers().map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-admin', 'kube-baseline'])
    const made: AnyResource[] = initialTiers().map((tier) => prepareCreate(tier, ports))
    expect(made.flatMap((tier) => findErrors(tier))).toEqual([])
  })

  const cluster = (spec: ClusterInformation['spec']) => make('ClusterInformation', spec, { name: 'default' })
  it.each<[string, ClusterInformation['spec'] | undefined, ClusterInformation['spec']]>([
    ['nothing', undefined, { clusterGUID: 'g', calicoVersion: 'v1', clusterType: 'a,b', datastoreReady: true }],
    ['an empty one', {}, { clusterGUID: 'g', calicoVersion: 'v1', clusterType: 'a,b', datastoreReady: true }],
    [
      'one that is locked',
      { clusterGUID: 'other-form', datastoreReady: false, clusterType: 'b,c' },
      { clusterGUID: 'other-form', calicoVersion: 'v1', clusterType: 'b,c,a', datastoreReady: false },
    ],
  ])('is made of %s', (_what, before, after) => {
    const facts = { version: 'v1', type: 'a,b', guid: 'g' }
    const made = initialClusterInformation(facts, before && cluster(before))
    expect(made.spec).toEqual(after)
    expect(findErrors(made)).toEqual([])
    expect(initialClusterInformation(facts, made)).toBe(made)
  })

  it('needs neither version nor type', () => {
    expect(initialClusterInformation({ guid: 'g' }).spec).toEqual({ clusterGUID: 'g', datastoreReady: true })
  })

  it('is the profile that allows everything', () => {
    expect(findErrors(defaultAllowProfile)).toEqual([])
  })
})

it('times have whole seconds', () => {
  expect(timestampOf(0)).toBe('1970-01-01T00:00:00Z')
  expect(timestampOf(1_754_827_200_999.7)).toBe('2025-08-10T12:00:00Z')
})
