import { describe, expect, it } from 'vitest'
import type { Kind, ResourceOf } from '../index.ts'
import { apiVersion, findErrors, isModelError, kinds, type ModelError, validate, withDefaults } from '../index.ts'

type Loose = Record<string, unknown>

const make = <K extends Kind>(kind: K, spec: Loose, metadata: Loose = {}, status?: Loose): ResourceOf<K> =>
  ({
    apiVersion,
    kind,
    metadata: { name: 'x', ...(kinds[kind].namespaced && { namespace: 'ns' }), ...metadata },
    spec,
    ...(status && { status }),
  }) as unknown as ResourceOf<K>

type Case = readonly [kind: Kind, spec: Loose, path: string, reason: RegExp]

const endpoint = { node: 'n', orchestrator: 'cni', containerID: 'c', endpoint: 'eth0' }
const named = { name: 'n-cni-c-eth0' }
const block = {
  cidr: '10.0.0.0/31',
  affinity: 'host:n',
  allocations: [null, 0],
  unallocated: [0],
  attributes: [{}],
  sequenceNumber: 1n,
  deleted: false,
}
const affinity = { state: 'confirmed', node: 'n', type: 'host', cidr: '10.0.0.0/26', deleted: false }

describe('one field that is wrong', () => {
  it.each<Case>([
    ['IPPool', {}, 'spec.cidr', /is required/],
    ['IPPool', { cidr: '' }, 'spec.cidr', /must be specified/],
    ['IPPool', { cidr: '10.0.0.0' + '/33' }, 'spec.cidr', /valid subnet/],
    ['IPPool', { cidr: '10.0.0.1/16' }, 'spec.cidr', /strictly masked.*10\.0\.0\.0\/16/],
    ['IPPool', { cidr: '169.254.1.0/24' }, 'spec.cidr', /IPv4 Link Local/],
    ['IPPool', { cidr: '0.0.0.0/0' }, 'spec.cidr', /IPv4 Link Local/],
    ['IPPool', { cidr: 'fe80:1::/64' }, 'spec.cidr', /IPv6 Link Local/],
    ['IPPool', { cidr: '10.0.0.0/27' }, 'spec.cidr', /too small/],
    ['IPPool', { cidr: '10.0.0.0/16', blockSize: 19 }, 'spec.blockSize', /from 20 to 32/],
    ['IPPool', { cidr: '10.0.0.0/16', blockSize: 33 }, 'spec.blockSize', /from 20 to 32/],
    ['IPPool', { cidr: 'fd00::/64', blockSize: 64 }, 'spec.blockSize', /from 116 to 128/],
    ['IPPool', { cidr: '10.0.0.0/16', blockSize: 26.5 }, 'spec.blockSize', /whole number/],
    ['IPPool', { cidr: 'fd00::/64', ipipMode: 'Always' }, 'spec.ipipMode', /not supported on an IPv6/],
    ['IPPool', { cidr: '10.0.0.0/16', ipipMode: 'always' }, 'spec.ipipMode', /one of Never, Always, CrossSubnet/],
    ['IPPool', { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' }, 'spec.ipipMode', /both be enabled/],
    ['IPPool', { cidr: '10.0.0.0/16', nodeSelector: 'x' }, 'spec.nodeSelector', /invalid selector/],
    ['IPPool', { cidr: '10.0.0.0/16', nodeSelector: 'global()' }, 'spec.nodeSelector', /can only be used/],
    ['IPPool', { cidr: '10.0.0.0/16', namespaceSelector: 'all()' }, 'spec.namespaceSelector', /\[Workload\]/],
    ['IPPool', { cidr: '10.0.0.0/16', allowedUses: ['Pod'] }, 'spec.allowedUses[0]', /Workload, Tunnel, LoadBalancer/],
    [
      'IPPool',
      { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer', 'Tunnel'] },
      'spec.allowedUses',
      /same time.*Tunnel/,
    ],
    ['IPPool', { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], vxlanMode: 'Always' }, 'spec.ipipMode', /Neither/],
    [
      'IPPool',
      { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], disableBGPExport: true },
      'spec.disableBGPExport',
      /set to false/,
    ],
    [
      'IPPool',
      { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], nodeSelector: 'has(a)' },
      'spec.nodeSelector',
      /all\(\)/,
    ],
    ['IPPool', { cidr: '10.0.0.0/16', assignmentMode: 'x' }, 'spec.assignmentMode', /Automatic, Manual/],
    ['IPPool', { cidr: '10.0.0.0/16', natOutgoing: 'yes' }, 'spec.natOutgoing', /true or false/],
    ['IPReservation', { reservedCIDRs: ['x'] }, 'spec.reservedCIDRs[0]', /invalid CIDR/],
    ['NetworkSet', { nets: ['10.0.0.0/8', '1.2.3'] }, 'spec.nets[1]', /invalid CIDR/],
    ['GlobalNetworkSet', { nets: 'x' }, 'spec.nets', /must be a list/],
    ['Profile', { labelsToApply: { 'a b': 'c' } }, 'spec.labelsToApply[a b]', /alphanumeric/],
    ['Profile', { labelsToApply: { a: 'c d' } }, 'spec.labelsToApply.a', /label value/],
    ['Profile', { egress: [{ action: 'x' }] }, 'spec.egress[0].action', /one of/],
    ['Tier', { defaultAction: 'Allow' }, 'spec.defaultAction', /Deny, Pass/],
    ['Tier', { order: 1n }, 'spec.order', /must be a number/],
    ['Node', { bgp: {} }, 'spec.bgp', /should not be empty/],
    ['Node', { bgp: { ipv4Address: 'fd00::1/64' } }, 'spec.bgp.ipv4Address', /not an IPv4/],
    ['Node', { bgp: { ipv6Address: '10.0.0.1/24' } }, 'spec.bgp.ipv6Address', /not an IPv6/],
    ['Node', { bgp: { ipv4IPIPTunnelAddr: '10.0.0.1/24' } }, 'spec.bgp.ipv4IPIPTunnelAddr', /invalid address/],
    ['Node', { bgp: { routeReflectorClusterID: 'x' } }, 'spec.bgp.routeReflectorClusterID', /invalid address/],
    ['Node', { bgp: { asNumber: '1.2.3' } }, 'spec.bgp.asNumber', /4294967295/],
    ['Node', { vxlanTunnelMACAddr: 'x' }, 'spec.vxlanTunnelMACAddr', /invalid MAC/],
    ['Node', { ipv6VXLANTunnelAddr: '10.0.0.1' }, 'spec.ipv6VXLANTunnelAddr', /not an IPv6/],
    ['Node', { wireguard: { interfaceIPv4Address: 'x' } }, 'spec.wireguard.interfaceIPv4Address', /invalid address/],
    ['Node', { addresses: [{ address: 'x' }] }, 'spec.addresses[0].address', /invalid CIDR/],
    ['Node', { addresses: [{ address: '1.2.3.4', type: 'x' }] }, 'spec.addresses[0].type', /InternalIP/],
    ['Node', { orchRefs: [{ nodeName: 'n' }] }, 'spec.orchRefs[0].orchestrator', /is required/],
    ['Node', { interfaces: [{ name: 'e', addresses: ['x'] }] }, 'spec.interfaces[0].addresses[0]', /invalid CIDR/],
    ['IPAMConfiguration', { maxBlocksPerHost: 1_000_001 }, 'spec.maxBlocksPerHost', /at most 1000000/],
    ['IPAMConfig', { maxBlocksPerHost: -1 }, 'spec.maxBlocksPerHost', /at least 0/],
    ['IPAMConfig', { ipCooldownSeconds: 1201 }, 'spec.ipCooldownSeconds', /at most 1200/],
    ['IPAMConfig', { kubeVirtVMAddressPersistence: 'x' }, 'spec.kubeVirtVMAddressPersistence', /Enabled, Disabled/],
    ['IPAMBlock', { ...block, affinity: 'n' }, 'spec.affinity', /host:<node>/],
    ['IPAMBlock', { ...block, cidr: '10.0.0.1/31' }, 'spec.cidr', /host bits/],
    ['IPAMBlock', { ...block, allocations: [null] }, 'spec.allocations', /2 ordinals/],
    ['IPAMBlock', { ...block, cidr: '10.0.0.0/8' }, 'spec.allocations', /at most 4096/],
    ['IPAMBlock', { ...block, allocations: [1, null] }, 'spec.allocations[0]', /only 1 attributes/],
    ['IPAMBlock', { ...block, unallocated: [2] }, 'spec.unallocated[0]', /only 2 ordinals/],
    ['IPAMBlock', { ...block, sequenceNumber: 1 }, 'spec.sequenceNumber', /whole number/],
    ['IPAMBlock', { ...block, sequenceNumber: -1n }, 'spec.sequenceNumber', /at least 0/],
    ['IPAMBlock', { ...block, attributes: [{ releasedAt: 'x' }] }, 'spec.attributes[0].releasedAt', /RFC 3339/],
    ['BlockAffinity', { ...affinity, state: 'x' }, 'spec.state', /pendingDeletion/],
    ['BlockAffinity', { ...affinity, deleted: 'true' }, 'spec.deleted', /true or false/],
    ['BlockAffinity', { ...affinity, type: 'x' }, 'spec.type', /host, virtual/],
    [
      'IPAMHandle',
      { handleID: 'h', block: { '10.0.0.0/26': -1 }, deleted: false },
      'spec.block[10.0.0.0/26]',
      /least 0/,
    ],
    ['ClusterInformation', { datastoreReady: 'true' }, 'spec.datastoreReady', /true or false/],
  ])('%s %o', (kind, spec, path, reason) => {
    const metadata = kinds[kind].kind.match(/^(ClusterInformation|IPAMConfig)/) ? { name: 'default' } : {}
    const errors = findErrors(make(kind, spec, metadata))
    expect(errors.find((error) => error.path === path)?.reason).toMatch(reason)
  })
})

describe('a workload endpoint', () => {
  it.each<[Loose, string, RegExp]>([
    [{ node: 'N' }, 'spec.node', /lower case/],
    [{ containerID: '-' }, 'spec.containerID', /container id/],
    [{ ipNetworks: ['10.0.0.0/24'] }, 'spec.ipNetworks[0]', /multiple addresses.*\/32/],
    [{ ipNetworks: ['fd00::/64'] }, 'spec.ipNetworks[0]', /\/128/],
    [{ ipNetworks: ['x'] }, 'spec.ipNetworks[0]', /invalid CIDR/],
    [{ ipNATs: [{ internalIP: '10.0.0.1', externalIP: 'fd00::1' }] }, 'spec.ipNATs[0].externalIP', /mismatched/],
    [{ ipNATs: [{ internalIP: '10.0.0.1', externalIP: '1.1.1.1' }] }, 'spec.ipNATs[0].internalIP', /ipNetworks/],
    [{ ipv4Gateway: 'fd00::1' }, 'spec.ipv4Gateway', /not an IPv4/],
    [{ ipv6Gateway: '10.0.0.1' }, 'spec.ipv6Gateway', /not an IPv6/],
    [{ interfaceName: 'a'.repeat(16) }, 'spec.interfaceName', /1 to 15/],
    [{ mac: 'x' }, 'spec.mac', /invalid MAC/],
    [{ profiles: ['A'] }, 'spec.profiles[0]', /lower case/],
    [{ ports: [{ name: 'a', protocol: 'ICMP', port: 1 }] }, 'spec.ports[0].protocol', /does not support ports/],
    [{ ports: [{ protocol: 'TCP', port: 1 }] }, 'spec.ports[0].name', /must not be empty/],
    [{ ports: [{ name: 'a', protocol: 'TCP', port: 0 }] }, 'spec.ports[0].port', /at least 1/],
    [{ allowSpoofedSourcePrefixes: ['x'] }, 'spec.allowSpoofedSourcePrefixes[0]', /invalid CIDR/],
    [{ qosControls: { ingressBandwidth: -1 } }, 'spec.qosControls.ingressBandwidth', /at least 0/],
    [{ qosControls: { dscp: 'x' } }, 'spec.qosControls.dscp', /AF11/],
  ])('%o', (spec, path, reason) => {
    const errors = findErrors(make('WorkloadEndpoint', { ...endpoint, ...spec }, named))
    expect(errors.find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it('has the name that its spec makes', () => {
    expect(findErrors(make('WorkloadEndpoint', endpoint, named))).toEqual([])
    expect(findErrors(make('WorkloadEndpoint', endpoint, { name: 'x' }))).toEqual([
      { path: 'metadata.name', value: 'x', reason: expect.stringContaining('n-cni-c-eth0') },
    ])
    expect(findErrors(make('WorkloadEndpoint', {}, named))[0]?.reason).toMatch(/node is missing/)
  })
})

describe('metadata', () => {
  it.each<[Kind, Loose, string, RegExp]>([
    ['IPPool', { name: undefined }, 'metadata.name', /is required/],
    ['IPPool', { name: '' }, 'metadata.name', /lower case alphanumeric/],
    ['IPPool', { name: 'A' }, 'metadata.name', /lower case alphanumeric/],
    ['IPPool', { name: 'a..b' }, 'metadata.name', /lower case alphanumeric/],
    ['IPPool', { name: 'a'.repeat(254) }, 'metadata.name', /too long by 1 bytes/],
    ['IPPool', { name: `a${'-'.repeat(1e5)}` }, 'metadata.name', /too long/],
    ['IPPool', { namespace: 'ns' }, 'metadata.namespace', /belongs to no namespace/],
    ['NetworkSet', { namespace: undefined }, 'metadata.namespace', /is required: NetworkSet belongs to a namespace/],
    ['NetworkSet', { namespace: 'a/b' }, 'metadata.namespace', /DNS label/],
    ['Tier', { name: 'a.b' }, 'metadata.name', /without dots/],
    ['Tier', { name: 'a'.repeat(64) }, 'metadata.name', /too long by 1/],
    ['NetworkPolicy', { name: 'a.b.c' }, 'metadata.name', /at most one dot/],
    ['GlobalNetworkPolicy', { name: 'knp.default.a' }, 'metadata.name', /at most one dot/],
    ['ClusterInformation', {}, 'metadata.name', /name it 'default'/],
    ['IPAMConfiguration', {}, 'metadata.name', /name it 'default'/],
    ['IPAMHandle', { name: 'a/b' }, 'metadata.name', /slash/],
    ['IPPool', { labels: { 'a/b/c': 'd' } }, 'metadata.labels[a/b/c]', /one slash/],
    ['IPPool', { labels: { 'A/b': 'd' } }, 'metadata.labels[A/b]', /DNS name/],
    ['IPPool', { labels: { '-a': 'd' } }, 'metadata.labels[-a]', /alphanumeric/],
    ['IPPool', { labels: { [`a${'b'.repeat(63)}`]: 'd' } }, `metadata.labels.a${'b'.repeat(63)}`, /63/],
    ['IPPool', { labels: { a: 'b '.repeat(40) } }, 'metadata.labels.a', /63/],
    ['IPPool', { labels: { a: 1 } }, 'metadata.labels.a', /must be text/],
    ['IPPool', { annotations: { 'a b': '' } }, 'metadata.annotations[a b]', /alphanumeric/],
    ['IPPool', { annotations: { a: 'é'.repeat(131_072) } }, 'metadata.annotations', /too large by 1 bytes/],
    ['IPPool', { creationTimestamp: 'yesterday' }, 'metadata.creationTimestamp', /RFC 3339/],
    ['IPPool', { ownerReferences: [{}] }, 'metadata.ownerReferences[0].uid', /is required/],
    [
      'NetworkSet',
      { labels: { 'projectcalico.org/namespace': 'a' } },
      'metadata.labels[projectcalico.org/namespace]',
      /not a valid label/,
    ],
    [
      'GlobalNetworkSet',
      { labels: { 'projectcalico.org/namespace': 'a' } },
      'metadata.labels[projectcalico.org/namespace]',
      /not a valid label/,
    ],
  ])('%s %o', (kind, metadata, path, reason) => {
    const spec =
      kind === 'IPPool'
        ? { cidr: '10.0.0.0/16' }
        : kind === 'IPAMHandle'
          ? { handleID: 'h', block: {}, deleted: false }
          : {}
    const errors = findErrors(make(kind, spec, metadata))
    expect(errors.map((error) => error.path)).toEqual(expect.arrayContaining([path]))
    expect(errors.find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it.each<[Kind, string]>([
    ['NetworkPolicy', 'a.b'],
    ['NetworkPolicy', 'knp.default.a.b.c'],
    ['NetworkPolicy', 'ossg.default.a'],
    ['GlobalNetworkPolicy', 'default.a'],
    ['Profile', 'kns.default'],
    ['FelixConfiguration', 'node.host.example.org'],
    ['ClusterInformation', 'default'],
  ])('%s may be called %s', (kind, name) => {
    expect(findErrors(make(kind, {}, { name }))).toEqual([])
  })

  it('of other names may be updated where only new ones are bound', () => {
    expect(findErrors(make('ClusterInformation', {}), { operation: 'update' })).toEqual([])
    expect(findErrors(make('IPAMConfiguration', {}), { operation: 'update' })).not.toEqual([])
  })

  it('labels, annotations and null timestamps that are fine', () => {
    const metadata = {
      labels: { 'projectcalico.org/x': '', 'a.b-c_d': 'Z' },
      annotations: { 'K8S.io/Any': 'any text, even {}' },
      creationTimestamp: null,
    }
    expect(findErrors(make('Tier', {}, metadata))).toEqual([])
  })
})

describe('the built-in tiers', () => {
  it.each([
    ['default', { order: 1 }, 'spec.order'],
    ['default', { defaultAction: 'Pass' }, 'spec.defaultAction'],
    ['kube-admin', { order: 1000 }, 'spec.defaultAction'],
    ['kube-baseline', { defaultAction: 'Pass' }, 'spec.order'],
  ])('%s is not %o', (name, spec, path) => {
    expect(findErrors(make('Tier', spec, { name })).map((error) => error.path)).toEqual([path])
  })

  it('are as they are', () => {
    expect(findErrors(make('Tier', {}, { name: 'default' }))).toEqual([])
    expect(findErrors(make('Tier', { order: 1e7, defaultAction: 'Pass' }, { name: 'kube-baseline' }))).toEqual([])
  })
})

describe('messages', () => {
  const thrown = (run: () => unknown): ModelError => {
    try {
      run()
    } catch (error) {
      if (isModelError(error, 'model/invalid') || isModelError(error, 'model/unknown-kind')) return error
      throw error
    }
    throw new Error('nothing was thrown')
  }

  it('say what Calico says of one field', () => {
    const error = thrown(() => validate(make('IPPool', { cidr: '169.254.0.0/16' })))
    expect(error.message).toBe(
      "error with field spec.cidr = '169.254.0.0/16' (IP pool range overlaps with IPv4 Link Local range 169.254.0.0/16)",
    )
    expect(error).toMatchObject({ code: 'model/invalid', retryable: false, facts: { subject: 'IPPool(x)' } })
  })

  it('say what Calico says of several', () => {
    const error = thrown(() => validate(make('Tier', { order: 'x', defaultAction: 'y' }, { name: 'A' })))
    expect(error.message.split('\n')).toEqual([
      'error with the following fields:',
      expect.stringMatching(/^- {2}metadata\.name = 'A' \(name must consist/),
      "-  spec.order = 'x' (must be a number)",
      "-  spec.defaultAction = 'y' (must be one of Deny, Pass)",
    ])
  })

  it('cut long values', () => {
    const error = thrown(() => validate(make('Tier', {}, { name: 'a'.repeat(1e5) })))
    expect(error.message.length).toBeLessThan(400)
  })

  it.each([undefined, null, 1, 'x', {}, { kind: 'Pod' }, { kind: 'constructor' }, []])(
    'name the known kinds for %o',
    (value) => {
      expect(thrown(() => validate(value as never)).message).toMatch(/write one of BGPConfiguration.*WorkloadEndpoint$/)
    },
  )

  it('name the group and version', () => {
    const tier = { ...make('Tier', {}), apiVersion: 'v1' } as unknown as ResourceOf<'Tier'>
    expect(thrown(() => validate(tier)).message).toContain("apiVersion = 'v1' (must be projectcalico.org/v3)")
  })
})

describe('unknown fields', () => {
  const spec = { cidr: '10.0.0.0/16', newField: { a: [1, null] }, natOutGoing: true }
  it('survive', () => {
    const pool = withDefaults(make('IPPool', spec, { managedFields: [1] }))
    expect(pool).toMatchObject({ spec, metadata: { managedFields: [1] } })
  })

  it('can be refused', () => {
    const rules = { ingress: [{ action: 'Allow', source: { net: 'x' } }] }
    expect(
      findErrors(make('IPPool', spec, { lables: {} }), { unknownFields: 'reject' }).map(({ path }) => path),
    ).toEqual(['metadata.lables', 'spec.newField', 'spec.natOutGoing'])
    expect(findErrors(make('NetworkPolicy', rules), { unknownFields: 'reject' })).toMatchObject([
      { path: 'spec.ingress[0].source.net', reason: expect.stringMatching(/unknown field/) },
    ])
    expect(findErrors(make('Tier', {}, { labels: { any: 'x' } }), { unknownFields: 'reject' })).toEqual([])
  })
})

describe('what is written', () => {
  it('leaves out what means nothing and keeps what means something', () => {
    const pool = withDefaults(
      make('IPPool', { cidr: '10.0.0.0/16', natOutgoing: false, namespaceSelector: null, allowedUses: [] }),
    )
    expect(Object.keys(pool.spec)).not.toContain('natOutgoing')
    expect(pool.spec.allowedUses).toEqual(['Workload', 'Tunnel'])
    const felix = withDefaults(
      make('FelixConfiguration', { failsafeInboundHostPorts: [], ipipEnabled: false, vxlanMTU: 0, ipipMTU: null }),
    )
    expect(felix.spec).toMatchObject({ failsafeInboundHostPorts: [], ipipEnabled: false, vxlanMTU: 0 })
    expect(Object.keys(felix.spec)).not.toContain('ipipMTU')
  })

  it('is spelled as Calico spells it', () => {
    const node = withDefaults(make('Node', { bgp: { asNumber: '1.10' } }))
    expect(node.spec.bgp?.asNumber).toBe(65_546)
    const policy = withDefaults(
      make('NetworkPolicy', {
        egress: [{ action: 'Deny', protocol: '6', destination: { ports: ['80', '1:1', '2:3', 'a'] } }],
      }),
    )
    expect(policy.spec.egress?.[0]).toEqual({
      action: 'Deny',
      protocol: 6,
      destination: { ports: [80, 1, '2:3', 'a'] },
    })
    const felix = withDefaults(
      make('FelixConfiguration', { reportingInterval: '90s', iptablesLockProbeInterval: '0.5ms' }),
    )
    expect(felix.spec).toMatchObject({ reportingInterval: '1m30s', iptablesLockProbeInterval: '0.5ms' })
    const pool = withDefaults(make('IPPool', { cidr: 'FD00:0:0::/64' }))
    expect(pool.spec.cidr).toBe('fd00::/64')
  })

  it('takes a missing spec for an empty one', () => {
    const tier = { apiVersion, kind: 'Tier', metadata: { name: 'x' } } as unknown as ResourceOf<'Tier'>
    expect(withDefaults(tier).spec).toEqual({ order: 1_000_000, defaultAction: 'Deny' })
  })
})
