import type { ResourceOf } from '@tortie/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTopology, type TopologyChange, type TopologyOptions } from './topology.ts'
import { vtepMac } from './vtep.ts'

const options: TopologyOptions = { node: 'a', ipv6: true, programNoEncap: true, sourceSpoofing: false }
const meta = (name: string) => ({ name })
const base = { apiVersion: 'projectcalico.org/v3' } as const

function node(name: string, ipv4Address: string, more: ResourceOf<'Node'>['spec'] = {}): ResourceOf<'Node'> {
  return { ...base, kind: 'Node', metadata: meta(name), spec: { bgp: { ipv4Address }, ...more } }
}
function pool(name: string, cidr: string, more: Partial<ResourceOf<'IPPool'>['spec']> = {}): ResourceOf<'IPPool'> {
  return { ...base, kind: 'IPPool', metadata: meta(name), spec: { cidr, ...more } } as ResourceOf<'IPPool'>
}
function block(cidr: string, owner: string | null, held: readonly (string | null)[] = []): ResourceOf<'IPAMBlock'> {
  return {
    ...base,
    kind: 'IPAMBlock',
    metadata: meta(cidr.replace('/', '-')),
    spec: {
      cidr,
      affinity: owner && `host:${owner}`,
      allocations: Array.from({ length: 64 }, (_, i) => (held[i] == null ? null : i)),
      unallocated: [],
      attributes: held.map((by) => ({ handle_id: 'h', secondary: by ? { node: by } : {} })),
      sequenceNumber: 1n,
      deleted: false,
    },
  }
}
const put = (item: unknown): TopologyChange => ({ type: 'put', item: item as never })

function programOf(changes: readonly TopologyChange[], given: Partial<TopologyOptions> = {}) {
  const topology = createTopology({ ...options, ...given })
  for (const change of changes) topology.apply(change)
  return { program: topology.flush()!, topology }
}

describe('routes', () => {
  const nodes = [put(node('a', '10.9.0.1/24')), put(node('b', '10.9.0.2/24')), put(node('c', '10.8.0.1/24'))]

  it('sends the block of a neighbour on the same subnet to its address, and drops what nobody holds in an own block', () => {
    const { program } = programOf([
      ...nodes,
      put(pool('p', '10.65.0.0/16')),
      put(block('10.65.0.0/26', 'a')),
      put(block('10.65.0.64/26', 'b')),
    ])
    expect(Object.fromEntries(program.routes)).toEqual({
      '10.65.0.0/26': { kind: 'blackhole' },
      '10.65.0.64/26': { kind: 'no-encap', via: '10.9.0.2', node: 'b' },
    })
  })

  it('leaves to BGP the blocks of pools that are its own, also those of this node, and no others', () => {
    const blocks = [put(block('10.65.0.0/26', 'a')), put(block('10.65.0.64/26', 'b'))]
    const routes = (spec: object, given: Partial<TopologyOptions> = { programNoEncap: false }): string[] => {
      const { program } = programOf([...nodes, put(pool('p', '10.65.0.0/16', spec)), ...blocks], given)
      return [...program.routes].map(([destination, { kind }]) => `${destination} ${kind}`)
    }
    const all = ['10.65.0.0/26 blackhole', '10.65.0.64/26 no-encap']
    expect(routes({})).toEqual([])
    expect(routes({ vxlanMode: 'Never' })).toEqual([])
    // On one subnet it does without, and is routed all the same: BGP never has pools with VXLAN.
    expect(routes({ vxlanMode: 'CrossSubnet' })).toEqual(all)
    expect(routes({ ipipMode: 'CrossSubnet' })).toEqual(all)
    expect(routes({ ipipMode: 'CrossSubnet' }, { programIpip: false })).toEqual([])
    expect(routes({}, { programIpip: false })).toEqual(all)
  })

  it('gives a borrowed address a route of its own, but not one held here', () => {
    const { program } = programOf([
      ...nodes,
      put(pool('p', '10.65.0.0/16')),
      put(block('10.65.0.0/26', 'a', [null, 'b', 'a'])),
    ])
    expect([...program.routes.keys()]).toEqual(['10.65.0.0/26', '10.65.0.1/32'])
  })

  it('says which block cannot be reached, and why', () => {
    const { program, topology } = programOf([...nodes, put(pool('p', '10.65.0.0/16')), put(block('10.65.0.0/26', 'c'))])
    expect(program.routes.size).toBe(0)
    expect(topology.unroutable()).toMatchObject([
      { destination: '10.65.0.0/26', node: 'c', why: expect.stringMatching(/another subnet/) },
    ])
  })

  it.each([
    ['Always', 'b', 'vxlan'],
    ['CrossSubnet', 'b', 'no-encap'],
    ['CrossSubnet', 'c', 'vxlan'],
    ['Never', 'b', 'no-encap'],
  ] as const)('vxlanMode %s to %s is %s', (vxlanMode, owner, kind) => {
    const tunnels = { b: { ipv4VXLANTunnelAddr: '10.65.1.1' }, c: { ipv4VXLANTunnelAddr: '10.65.1.2' } }
    const { program } = programOf([
      put(node('a', '10.9.0.1/24')),
      put(node('b', '10.9.0.2/24', tunnels.b)),
      put(node('c', '10.8.0.1/24', tunnels.c)),
      put(pool('p', '10.65.0.0/16', { vxlanMode })),
      put(block('10.65.0.0/26', owner)),
    ])
    expect(program.routes.get('10.65.0.0/26')?.kind).toBe(kind)
    expect(program.vteps.get('b')).toEqual({
      node: 'b',
      mac: vtepMac('b', 4),
      address: '10.65.1.1',
      parent: '10.9.0.2',
    })
  })

  it('follows a node that moves', () => {
    const { topology } = programOf([...nodes, put(pool('p', '10.65.0.0/16')), put(block('10.65.0.0/26', 'b'))])
    topology.apply(put(node('b', '10.9.0.7/24')))
    expect(topology.flush()?.routes.get('10.65.0.0/26')).toMatchObject({ via: '10.9.0.7' })
    topology.apply({ type: 'delete', key: { kind: 'Node', name: 'b' } })
    expect(topology.flush()?.routes.size).toBe(0)
  })

  it('is silent when nothing changed', () => {
    const { topology } = programOf(nodes)
    expect(topology.flush()).toBeUndefined()
    topology.apply(put(node('b', '10.9.0.2/24', { orchRefs: [] })))
    expect(topology.flush()).toBeUndefined()
  })
})

describe('nat', () => {
  it('masquerades natOutgoing pools; LoadBalancer-only pools are no destinations', () => {
    const { program } = programOf([
      put(node('a', '10.9.0.1/24')),
      put(pool('p', '10.65.0.0/16', { natOutgoing: true })),
      put(pool('q', '10.66.0.0/16')),
      put(pool('lb', '10.67.0.0/16', { allowedUses: ['LoadBalancer'] })),
    ])
    expect(program.nat).toEqual({
      masqueradePools: ['10.65.0.0/16'],
      allPools: ['10.65.0.0/16', '10.66.0.0/16'],
      hosts: ['10.9.0.1/32'],
    })
  })
})

describe('workloads', () => {
  const endpoint = (spec: object): TopologyChange =>
    put({ ...base, kind: 'WorkloadEndpoint', metadata: { name: 'w', namespace: 'n' }, spec })

  it('are those of this node, without IPv6 where it is off', () => {
    const spec = { node: 'a', interfaceName: 'cali1', ipNetworks: ['10.65.0.1/32', 'FD00::1/128'] }
    expect(programOf([endpoint(spec)]).program.workloads.get('n/w')?.addresses).toEqual(['10.65.0.1/32', 'fd00::1/128'])
    expect(programOf([endpoint(spec)], { ipv6: false }).program.workloads.get('n/w')?.addresses).toEqual([
      '10.65.0.1/32',
    ])
    expect(programOf([endpoint({ ...spec, node: 'b' })]).program.workloads.size).toBe(0)
    const spoofing = endpoint({ ...spec, allowSpoofedSourcePrefixes: ['10.1.0.0/16'] })
    expect(programOf([spoofing]).program.workloads.size).toBe(0)
    expect(programOf([spoofing], { sourceSpoofing: true }).program.workloads.size).toBe(1)
  })
})

describe('workloads that are BGP neighbours', () => {
  const vm = put({
    ...base,
    kind: 'WorkloadEndpoint',
    metadata: { name: 'vm', namespace: 'n', labels: { bgp: 'yes' } },
    spec: { node: 'a', interfaceName: 'cali1', ipNetworks: ['10.65.0.1/32', 'fd00::1/128'] },
  } as unknown as ResourceOf<'WorkloadEndpoint'>)
  const peering = (name: string, spec: object): TopologyChange =>
    put({ ...base, kind: 'BGPPeer', metadata: meta(name), spec: { asNumber: 64999, ...spec } } as ResourceOf<'BGPPeer'>)
  const selecting = peering('vms', { node: 'a', localWorkloadSelector: "bgp == 'yes'" })
  const configuration = put({
    ...base,
    kind: 'BGPConfiguration',
    metadata: meta('default'),
    spec: { localWorkloadPeeringIPV4: '169.254.9.1', localWorkloadPeeringIPV6: 'FD00:9::1' },
  } as ResourceOf<'BGPConfiguration'>)
  const own = put(node('a', '10.9.0.1/24', { bgp: { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00:9::a/64' } }))

  it('find this node on its side of their interface', () => {
    const { program } = programOf([own, vm, selecting, configuration])
    expect(program.workloads.get('n/vm')?.hostAddresses).toEqual(['169.254.9.1/32', 'fd00:9::1/128'])
    const four = put(node('a', '10.9.0.1/24'))
    expect(programOf([four, vm, selecting, configuration]).program.workloads.get('n/vm')?.hostAddresses).toEqual([
      '169.254.9.1/32',
    ])
    const off = { ipv6: false }
    expect(programOf([own, vm, selecting, configuration], off).program.workloads.get('n/vm')?.hostAddresses).toEqual([
      '169.254.9.1/32',
    ])
  })

  it.each([
    [
      'the peering is of another node',
      [own, vm, configuration, peering('vms', { node: 'b', localWorkloadSelector: 'all()' })],
    ],
    ['the peering selects others', [own, vm, configuration, peering('vms', { localWorkloadSelector: "bgp == 'no'" })]],
    ['it is no peering with workloads', [own, vm, configuration, peering('rack', { peerIP: '10.9.0.9' })]],
    ['no address is configured', [own, vm, selecting]],
  ])('do not when %s', (_, changes) => {
    expect(programOf(changes).program.workloads.get('n/vm')).not.toHaveProperty('hostAddresses')
  })

  it('change with the peering and with the configuration', () => {
    const { topology } = programOf([own, vm, configuration])
    const addresses = (): readonly string[] | undefined => topology.flush()?.workloads.get('n/vm')?.hostAddresses
    topology.apply(selecting)
    expect(addresses()).toHaveLength(2)
    topology.apply({ type: 'delete', key: { kind: 'BGPConfiguration', name: 'default' } })
    expect(topology.flush()?.workloads.get('n/vm')).not.toHaveProperty('hostAddresses')
    topology.apply(selecting)
    expect(topology.flush()).toBeUndefined()
  })
})

describe('what cannot be read', () => {
  it('counts as absent, is reported, and stops nothing else', () => {
    const good = [
      put(node('a', '10.9.0.1/24')),
      put(node('b', '10.9.0.2/24')),
      put(pool('p', '10.65.0.0/16')),
      put(block('10.65.0.64/26', 'b')),
    ]
    const bad = [
      put(pool('q', '10.66.0.0/33')),
      put(node('c', 'nonsense')),
      put({ ...block('10.65.0.0/26', 'b'), spec: { cidr: '10.65.0.0/26' } }),
      put({
        ...base,
        kind: 'WorkloadEndpoint',
        metadata: { name: 'w', namespace: 'n' },
        spec: { node: 'a', interfaceName: 'cali1', ipNetworks: ['x'] },
      }),
    ]
    const { program, topology } = programOf([...bad, ...good])
    expect(program).toEqual(programOf(good).program)
    expect(topology.problems().map(({ object }) => object)).toEqual([
      'IPPool(q)',
      'Node(c)',
      'IPAMBlock(10.65.0.0-26)',
      'WorkloadEndpoint(n/w)',
    ])
    topology.apply(put(pool('q', '10.66.0.0/16')))
    expect(topology.problems().map(({ object }) => object)).not.toContain('IPPool(q)')
  })
})

describe('the state reached', () => {
  it('depends on the content, never on the path', () => {
    const content = [
      put(node('a', '10.9.0.1/24')),
      put(node('b', '10.9.0.2/24', { ipv4VXLANTunnelAddr: '10.65.1.1' })),
      put(node('c', '10.8.0.1/24', { ipv4VXLANTunnelAddr: '10.65.1.2' })),
      put(pool('p', '10.65.0.0/17')),
      put(pool('q', '10.65.128.0/17', { vxlanMode: 'CrossSubnet', natOutgoing: true })),
      put(block('10.65.0.0/26', 'a', ['a', 'b'])),
      put(block('10.65.0.64/26', 'b', ['c', 'a'])),
      put(block('10.65.128.0/26', 'c', ['b'])),
      put(block('10.65.128.64/26', null, ['b'])),
    ]
    const sorted = (changes: readonly TopologyChange[]) => {
      const { program } = programOf(changes)
      return {
        routes: new Map([...program.routes].sort()),
        vteps: new Map([...program.vteps].sort()),
        nat: program.nat,
      }
    }
    const expected = sorted(content)
    const noise = [
      put(node('b', '10.9.0.9/24')),
      put(block('10.65.0.0/26', 'c', ['b'])),
      put(pool('q', '10.65.128.0/17')),
    ]
    const deleted: TopologyChange[] = [{ type: 'delete', key: { kind: 'Node', name: 'c' } }]
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...noise, ...deleted, ...content]),
        fc.infiniteStream(fc.nat()),
        (before, order) => {
          const shuffled = content
            .map((item) => ({ item, at: order.next().value as number }))
            .sort((x, y) => x.at - y.at)
          expect(sorted([...before, ...shuffled.map(({ item }) => item)])).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })
})
