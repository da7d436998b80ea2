import { describe, expect, it } from 'vitest'
import type { Kind, ResourceOf } from '../index.ts'
import { apiVersion, findErrors, withDefaults } from '../index.ts'

const make = <K extends Kind>(kind: K, spec: object, name = 'default'): ResourceOf<K> =>
  ({ apiVersion, kind, metadata: { name }, spec }) as unknown as ResourceOf<K>

const reasonAt = (kind: Kind, spec: object, path: string, name?: string): string | undefined =>
  findErrors(make(kind, spec, name)).find((error) => error.path === path)?.reason

const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
const advertised = { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: [] }] }
const secret = { secretKeyRef: { name: 's', key: 'k' } }

describe('BGPConfiguration', () => {
  it.each<[object, string, RegExp]>([
    [{ logSeverityScreen: 'loud' }, 'spec.logSeverityScreen', /Trace, Debug, Info/],
    [{ nodeToNodeMeshEnabled: 'no' }, 'spec.nodeToNodeMeshEnabled', /true or false/],
    [{ asNumber: '1.65536' }, 'spec.asNumber', /4294967295/],
    [{ asNumber: -1 }, 'spec.asNumber', /4294967295/],
    [{ serviceLoadBalancerIPs: [{ cidr: 'x' }] }, 'spec.serviceLoadBalancerIPs[0].cidr', /invalid CIDR/],
    [{ serviceExternalIPs: [{ cidr: '10.0.0.1/8' }] }, 'spec.serviceExternalIPs[0].cidr', /10\.0\.0\.0\/8/],
    [{ serviceClusterIPs: [{ cidr: 'fd00::1/8' }] }, 'spec.serviceClusterIPs[0].cidr', /invalid CIDR/],
    [{ serviceClusterIPs: ['10.0.0.0/8'] }, 'spec.serviceClusterIPs[0]', /must be an object/],
    [{ serviceLoadBalancerAggregation: 'x' }, 'spec.serviceLoadBalancerAggregation', /Enabled, Disabled/],
    [{ communities: [{ name: 'a', value: '1:2' }] }, 'spec.communities', /not used in prefixAdvertisements/],
    [{ ...advertised, communities: [{ value: '1:2' }] }, 'spec.communities[0].name', /is required/],
    [{ ...advertised, communities: [{ name: 'A', value: '1:2' }] }, 'spec.communities[0].name', /lower case/],
    [{ ...advertised, communities: [{ name: 'a'.repeat(254), value: '1:2' }] }, 'spec.communities[0].name', /253/],
    [{ ...advertised, communities: [{ name: 'a', value: '1' }] }, 'spec.communities[0].value', /aa:nn or aa:nn:mm/],
    [{ ...advertised, communities: [{ name: 'a', value: '1:65536' }] }, 'spec.communities[0].value', /16 bit value/],
    [{ ...advertised, communities: [{ name: 'a', value: '1:2:4294967296' }] }, 'spec.communities[0].value', /32 bit/],
    [{ ...advertised, communities: [{ name: 'a', value: `1:${'0'.repeat(39)}` }] }, 'spec.communities[0].value', /40/],
    [{ ...advertised, communities: many(501, { name: 'a', value: '1:2' }) }, 'spec.communities', /at most 500/],
    [{ prefixAdvertisements: [{ cidr: 'x', communities: [] }] }, 'spec.prefixAdvertisements[0].cidr', /invalid CIDR/],
    [{ prefixAdvertisements: [{ communities: [] }] }, 'spec.prefixAdvertisements[0].cidr', /is required/],
    [{ prefixAdvertisements: [{ cidr: '10.0.0.0/8' }] }, 'spec.prefixAdvertisements[0].communities', /is required/],
    [
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['1:2', 'a'] }] },
      'spec.prefixAdvertisements[0].communities[1]',
      /community used is invalid or not defined/,
    ],
    [
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: many(51, '1:2') }] },
      'spec.prefixAdvertisements[0].communities',
      /at most 50/,
    ],
    [{ prefixAdvertisements: many(501, advertised.prefixAdvertisements[0]) }, 'spec.prefixAdvertisements', /most 500/],
    [{ listenPort: 65_536 }, 'spec.listenPort', /at most 65535/],
    [{ listenPort: -1 }, 'spec.listenPort', /at least 1/],
    [{ nodeMeshPassword: { secretKeyRef: { name: 's' } } }, 'spec.nodeMeshPassword.secretKeyRef.key', /is required/],
    [
      { nodeToNodeMeshEnabled: false, nodeMeshPassword: secret },
      'spec.nodeMeshPassword',
      /cannot be set when nodeToNodeMeshEnabled is false/,
    ],
    [
      { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '10s' },
      'spec.nodeMeshMaxRestartTime',
      /cannot be set when nodeToNodeMeshEnabled is false/,
    ],
    [{ nodeMeshMaxRestartTime: '10' }, 'spec.nodeMeshMaxRestartTime', /1m30s/],
    [{ bindMode: 'nodeIP' }, 'spec.bindMode', /None, NodeIP/],
    [{ ignoredInterfaces: ['*'] }, 'spec.ignoredInterfaces[0]', /not all interfaces/],
    [{ ignoredInterfaces: ['eth0', 'a b'] }, 'spec.ignoredInterfaces[1]', /1 to 15/],
    [{ localWorkloadPeeringIPV4: 'fd00::1' }, 'spec.localWorkloadPeeringIPV4', /not an IPv4/],
    [{ localWorkloadPeeringIPV6: '10.0.0.1' }, 'spec.localWorkloadPeeringIPV6', /not an IPv6/],
    [{ programClusterRoutes: 'x' }, 'spec.programClusterRoutes', /EnabledIPIPOnly, EnabledNoEncapOnly/],
    [{ ipv4NormalRoutePriority: 0 }, 'spec.ipv4NormalRoutePriority', /at least 1/],
    [{ ipv6NormalRoutePriority: 2_147_483_647 }, 'spec.ipv6NormalRoutePriority', /at most 2147483646/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt('BGPConfiguration', spec, path)).toMatch(reason)
  })

  it.each<[string, unknown]>([
    ['nodeToNodeMeshEnabled', true],
    ['asNumber', 64_512],
    ['serviceLoadBalancerIPs', [{ cidr: '10.0.0.0/8' }]],
    ['serviceExternalIPs', [{ cidr: '10.0.0.1' }]],
    ['serviceClusterIPs', [{ cidr: 'fd00::/8' }]],
    ['nodeMeshPassword', secret],
    ['nodeMeshMaxRestartTime', '10s'],
  ])('has %s only when it is the default one', (field, value) => {
    expect(findErrors(make('BGPConfiguration', { [field]: value }))).toEqual([])
    for (const operation of ['create', 'update'] as const)
      expect(findErrors(make('BGPConfiguration', { [field]: value }, 'node.n'), { operation })).toEqual([
        { path: `spec.${field}`, value, reason: expect.stringMatching(/^Cannot set .* non default BGP Configuration/) },
      ])
  })

  it('is written with defaults, zeros left out', () => {
    const spec = { listenPort: 0, serviceClusterIPs: [], nodeMeshMaxRestartTime: '90s', asNumber: '1.10' }
    expect(withDefaults(make('BGPConfiguration', spec)).spec).toEqual({
      logSeverityScreen: 'Info',
      serviceLoadBalancerAggregation: 'Enabled',
      nodeMeshMaxRestartTime: '1m30s',
      asNumber: 65_546,
    })
  })

  it('uses communities by name or value', () => {
    const spec = {
      communities: [{ name: 'blue', value: '65535:65535' }],
      prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['blue', '1:2:3'] }],
    }
    expect(findErrors(make('BGPConfiguration', spec))).toEqual([])
  })
})

describe('BGPPeer', () => {
  it.each<[object, string, RegExp]>([
    [{ node: 'A' }, 'spec.node', /lower case/],
    [{ node: 'a'.repeat(254) }, 'spec.node', /at most 253/],
    [{ nodeSelector: 'x' }, 'spec.nodeSelector', /invalid selector/],
    [{ node: 'a', nodeSelector: 'all()' }, 'spec.node', /node and nodeSelector cannot both be set/],
    [{ peerIP: '10.0.0' }, 'spec.peerIP', /invalid address.*\[<IPv6>\]:<port>/],
    [{ peerIP: '10.0.0.1:0' }, 'spec.peerIP', /1 to 65535/],
    [{ peerIP: '10.0.0.1:65536' }, 'spec.peerIP', /1 to 65535/],
    [{ peerIP: '[10.0.0.1]:179' }, 'spec.peerIP', /only IPv6/],
    [{ peerIP: '10.0.0.1/24' }, 'spec.peerIP', /invalid address/],
    [{ peerIP: `fd00::${'0'.repeat(60)}1` }, 'spec.peerIP', /at most 64/],
    [{ peerIP: '10.0.0.1', peerSelector: 'all()' }, 'spec.peerIP', /peerIP and peerSelector cannot both be set/],
    [{ peerSelector: '(' }, 'spec.peerSelector', /invalid selector/],
    [{ peerSelector: 'all()', asNumber: 1 }, 'spec.asNumber', /must be empty when peerSelector is set/],
    [{ asNumber: 'x' }, 'spec.asNumber', /4294967295/],
    [{ localASNumber: 4_294_967_296 }, 'spec.localASNumber', /4294967295/],
    [{ keepOriginalNextHop: true, nextHopMode: 'Self' }, 'spec.keepOriginalNextHop', /use nextHopMode instead/],
    [{ nextHopMode: 'keep' }, 'spec.nextHopMode', /Auto, Self, Keep/],
    [{ password: { secretKeyRef: {} } }, 'spec.password.secretKeyRef.key', /is required/],
    [{ sourceAddress: 'x' }, 'spec.sourceAddress', /UseNodeIP, None/],
    [{ maxRestartTime: '1' }, 'spec.maxRestartTime', /1m30s/],
    [{ keepaliveTime: 5 }, 'spec.keepaliveTime', /must be text/],
    [{ numAllowedLocalASNumbers: 1.5 }, 'spec.numAllowedLocalASNumbers', /whole number/],
    [{ numAllowedLocalASNumbers: 2 ** 31 }, 'spec.numAllowedLocalASNumbers', /at most 2147483647/],
    [{ ttlSecurity: 256 }, 'spec.ttlSecurity', /at most 255/],
    [{ peerIP: '10.0.0.1', reachableBy: 'x' }, 'spec.reachableBy', /invalid address/],
    [{ reachableBy: '10.0.0.1' }, 'spec.reachableBy', /must be empty when peerIP is empty/],
    [{ peerIP: '[fd00::1]:179', reachableBy: '10.0.0.1' }, 'spec.reachableBy', /address family mismatched/],
    [{ filters: ['A'] }, 'spec.filters[0]', /lower case/],
    [{ localWorkloadSelector: '!' }, 'spec.localWorkloadSelector', /invalid selector/],
    [{ localWorkloadSelector: 'all()' }, 'spec.asNumber', /is required when localWorkloadSelector is set/],
    [{ localWorkloadSelector: 'all()', asNumber: 1, peerIP: '10.0.0.1' }, 'spec.peerIP', /must be empty when localW/],
    [{ localWorkloadSelector: 'all()', peerSelector: 'all()' }, 'spec.peerSelector', /must be empty when localW/],
    [{ reversePeering: 'x' }, 'spec.reversePeering', /Auto, Manual/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt('BGPPeer', spec, path)).toMatch(reason)
  })

  it.each<object>([
    {},
    { node: 'n', peerIP: '10.0.0.1:1179', asNumber: 64_513, reachableBy: '10.0.0.2', filters: ['f.g'] },
    { nodeSelector: 'has(rack)', peerIP: '[fd00::1]:179', asNumber: 1, reachableBy: 'fd00::2', ttlSecurity: 0 },
    { nodeSelector: 'all()', peerSelector: 'has(rr)', reversePeering: 'Manual', keepOriginalNextHop: true },
    { localWorkloadSelector: 'has(router)', asNumber: 65_000, password: secret, sourceAddress: 'None' },
  ])('may be %o, and is written so', (spec) => {
    expect(withDefaults(make('BGPPeer', spec), { unknownFields: 'reject' }).spec).toEqual(spec)
  })
})

describe('BGPFilter', () => {
  const accept = { action: 'Accept' }
  const operate = (operation: object) => ({ ...accept, operations: [operation] })
  it.each<[object, string, RegExp]>([
    [{}, '.action', /is required; write one of Accept, Reject/],
    [{ action: 'Allow' }, '.action', /Accept, Reject/],
    [{ ...accept, cidr: '10.0.0.1/8', matchOperator: 'In' }, '.cidr', /10\.0\.0\.0\/8/],
    [{ ...accept, cidr: 'fd00::/8', matchOperator: 'In' }, '.cidr', /not an IPv4/],
    [{ ...accept, cidr: '10.0.0.0/8' }, '.matchOperator', /must both be set or both be empty/],
    [{ ...accept, matchOperator: 'In' }, '.cidr', /must both be set or both be empty/],
    [{ ...accept, cidr: '10.0.0.0/8', matchOperator: 'in' }, '.matchOperator', /Equal, NotEqual, In, NotIn/],
    [{ ...accept, prefixLength: { min: 8 } }, '.prefixLength', /cidr is required/],
    [{ ...accept, cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { min: -1 } }, '.prefixLength.min', /least 0/],
    [{ ...accept, cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { max: 33 } }, '.prefixLength.max', /most 32/],
    [{ ...accept, source: 'x' }, '.source', /RemotePeers/],
    [{ ...accept, interface: 'a b' }, '.interface', /interface pattern/],
    [{ ...accept, interface: 'a'.repeat(16) }, '.interface', /1 to 15/],
    [{ ...accept, peerType: 'ebgp' }, '.peerType', /eBGP, iBGP/],
    [{ ...accept, communities: {} }, '.communities.values', /is required/],
    [{ ...accept, communities: { values: [] } }, '.communities.values', /at least 1 entries/],
    [{ ...accept, communities: { values: ['1:2', '1:3'] } }, '.communities.values', /at most 1 entries/],
    [{ ...accept, communities: { values: ['1:65536'] } }, '.communities.values[0]', /16 bit/],
    [{ ...accept, communities: { values: ['01:2'] } }, '.communities.values[0]', /leading zeros/],
    [{ ...accept, communities: { values: [`1:${'0'.repeat(31)}`] } }, '.communities.values[0]', /at most 32/],
    [{ ...accept, asPathPrefix: ['x'] }, '.asPathPrefix[0]', /4294967295/],
    [{ ...accept, priority: 0 }, '.priority', /at least 1/],
    [{ action: 'Reject', operations: [{ setPriority: { value: 1 } }] }, '.operations', /only be used with action Acc/],
    [{ ...accept, operations: many(11, { setPriority: { value: 1 } }) }, '.operations', /at most 10/],
    [operate({}), '.operations[0]', /exactly one of addCommunity, prependASPath, setPriority/],
    [operate({ setPriority: { value: 1 }, addCommunity: { value: '1:2' } }), '.operations[0]', /exactly one of/],
    [operate({ setPriority: {} }), '.operations[0].setPriority.value', /is required/],
    [operate({ setPriority: { value: 2_147_483_647 } }), '.operations[0].setPriority.value', /at most 2147483646/],
    [operate({ addCommunity: { value: '1' } }), '.operations[0].addCommunity.value', /aa:nn/],
    [operate({ prependASPath: { prefix: [] } }), '.operations[0].prependASPath.prefix', /at least 1/],
    [operate({ prependASPath: { prefix: many(11, 1) } }), '.operations[0].prependASPath.prefix', /at most 10/],
    [operate({ prependASPath: { prefix: [-1] } }), '.operations[0].prependASPath.prefix[0]', /4294967295/],
  ])('has no rule %o', (rule, path, reason) => {
    for (const direction of ['exportV4', 'importV4'])
      expect(reasonAt('BGPFilter', { [direction]: [accept, rule] }, `spec.${direction}[1]${path}`)).toMatch(reason)
  })

  it.each(['exportV6', 'importV6'])('has IPv6 in %s', (direction) => {
    const rule = { ...accept, cidr: 'fd00::/8', matchOperator: 'In', prefixLength: { min: 48, max: 128 } }
    expect(findErrors(make('BGPFilter', { [direction]: [rule] }))).toEqual([])
    const at = `spec.${direction}[0]`
    expect(reasonAt('BGPFilter', { [direction]: [{ ...rule, cidr: '10.0.0.0/8' }] }, `${at}.cidr`)).toMatch(
      /not an IPv6/,
    )
    const long = { [direction]: [{ ...rule, prefixLength: { max: 129 } }] }
    expect(reasonAt('BGPFilter', long, `${at}.prefixLength.max`)).toMatch(/at most 128/)
  })

  it('may use all there is', () => {
    const rule = {
      cidr: '10.0.0.0/8',
      prefixLength: { min: 16, max: 24 },
      source: 'RemotePeers',
      interface: 'cali*',
      matchOperator: 'NotIn',
      peerType: 'eBGP',
      communities: { values: ['65535:0'] },
      asPathPrefix: [65_000, 65_001],
      priority: 1024,
      action: 'Accept',
      operations: [
        { addCommunity: { value: '1:2:3' } },
        { prependASPath: { prefix: [1] } },
        { setPriority: { value: 5 } },
      ],
    }
    const spec = { exportV4: [rule, { action: 'Reject', interface: '*' }] }
    expect(withDefaults(make('BGPFilter', spec), { unknownFields: 'reject' }).spec).toEqual(spec)
  })
})
