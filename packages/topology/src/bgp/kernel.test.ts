import { describe, expect, it } from 'vitest'
import { affinity, configuration, filter, node, peer, pool, programOf } from '../testing/bgp-resources.ts'
import type { BgpChange } from './inputs.ts'

const own = node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })
const pools = [
  pool('vxlan', '10.66.0.0/16', { vxlanMode: 'CrossSubnet' }),
  pool('ipip', '10.67.0.0/16', { ipipMode: 'Always' }),
  pool('cross', '10.68.0.0/16', { ipipMode: 'CrossSubnet' }),
  pool('plain', '10.65.0.0/16'),
  pool('six', 'fd65::/48'),
]
const kernel = (changes: readonly BgpChange[], options = {}) =>
  programOf([own, ...pools, ...changes], options).kernelPolicy

describe('which learned routes the kernel may hold', () => {
  it('is decided by the pool: no encapsulation is BGP’s, VXLAN and IP-in-IP are not', () => {
    expect(kernel([])).toEqual({
      rejected: [],
      pools: [
        { prefix: '10.65.0.0/16', program: true },
        { prefix: '10.66.0.0/16', program: false },
        { prefix: '10.67.0.0/16', program: false },
        { prefix: '10.68.0.0/16', program: false },
        { prefix: 'fd65::/48', program: true },
      ],
      wireguardNextHops: [],
      subnet: '10.9.0.0/24',
    })
  })

  it('is decided by disableBGPExport in no way (trap 15)', () => {
    expect(kernel([pool('plain', '10.65.0.0/16', { disableBGPExport: true })]).pools[0]).toEqual({
      prefix: '10.65.0.0/16',
      program: true,
    })
  })

  it.each([
    ['Enabled', { ipip: true, plain: true }],
    ['Disabled', { ipip: false, plain: false }],
    ['EnabledIPIPOnly', { ipip: true, plain: false }],
    ['EnabledNoEncapOnly', { ipip: false, plain: true }],
    ['SomethingNew', { ipip: false, plain: true }],
  ])('follows programClusterRoutes %s', (programClusterRoutes, expected) => {
    const by = Object.fromEntries(
      kernel([configuration({ programClusterRoutes: programClusterRoutes as never })]).pools.map((each) => [
        each.prefix,
        each,
      ]),
    )
    expect(by['10.65.0.0/16']?.program).toBe(expected.plain)
    expect(by['fd65::/48']?.program).toBe(expected.plain)
    expect(by['10.67.0.0/16']).toEqual({
      prefix: '10.67.0.0/16',
      program: expected.ipip,
      ...(expected.ipip && { ipip: 'always' }),
    })
    expect(by['10.68.0.0/16']?.ipip).toBe(expected.ipip ? 'cross-subnet' : undefined)
    expect(by['10.66.0.0/16']?.program).toBe(false)
  })

  it('leaves out the IPv4 pools while this node’s network is unknown', () => {
    const changes = [node('a', { ipv6Address: 'fd00::1/64' })]
    expect(kernel(changes).pools).toEqual([{ prefix: 'fd65::/48', program: true }])
    expect(kernel(changes)).not.toHaveProperty('subnet')
    expect(kernel([node('a', '10.9.0.1')]).subnet).toBe('10.9.0.1/32')
  })

  it('leaves out what WireGuard carries: next hops of nodes that have it, if this one has', () => {
    const guarded = (name: string, address: string, more = {}) =>
      node(
        name,
        { ipv4Address: address, ipv6Address: `fd00::${address.split('.')[3]?.split('/')[0]}/64` },
        {},
        {
          wireguard: { interfaceIPv4Address: '10.65.9.9', ...more },
        },
      )
    const others = [guarded('b', '10.9.0.3/24'), guarded('c', '10.9.0.2/24'), node('d', '10.9.0.4/24')]
    expect(kernel(others).wireguardNextHops).toEqual([])
    expect(kernel([...others, guarded('a', '10.9.0.1/24')]).wireguardNextHops).toEqual(['10.9.0.2', '10.9.0.3'])
    const six = { interfaceIPv6Address: 'fd65::9' }
    const both = [guarded('b', '10.9.0.3/24', six), guarded('a', '10.9.0.1/24', six)]
    expect(kernel(both).wireguardNextHops).toEqual(['10.9.0.3', 'fd00::3'])
  })
})

describe('who owns the cluster’s routes', () => {
  const problems = (bgp: string | undefined, felix: string | undefined) => {
    const changes = [own, ...pools, configuration(bgp ? { programClusterRoutes: bgp as never } : {})]
    const program = programOf(changes, felix ? { felixProgramClusterRoutes: felix } : {})
    const by = (prefix: string) => program.kernelPolicy.pools.find((each) => each.prefix === prefix)?.program
    return {
      plain: by('10.65.0.0/16'),
      ipip: by('10.67.0.0/16'),
      codes: program.problems.map(({ code, why }) => `${code}: ${why}`),
    }
  }

  it('is one of the two where the fields complement each other', () => {
    expect(problems(undefined, undefined)).toEqual({ plain: true, ipip: false, codes: [] })
    expect(problems('Enabled', 'Disabled')).toEqual({ plain: true, ipip: true, codes: [] })
    expect(problems('EnabledIPIPOnly', 'EnabledNoEncapOnly')).toEqual({ plain: false, ipip: true, codes: [] })
  })

  it('is the one whose field is set where they do not, BGP if both are, and that is told', () => {
    expect(problems(undefined, 'Enabled')).toMatchObject({ plain: false, ipip: false })
    expect(problems(undefined, 'Enabled').codes).toEqual([expect.stringContaining('both claim the unencapsulated')])
    expect(problems('Disabled', undefined)).toMatchObject({ plain: false, ipip: false })
    expect(problems('Disabled', undefined).codes).toEqual([
      expect.stringContaining('neither claims the unencapsulated'),
    ])
    expect(problems('Enabled', 'Enabled')).toMatchObject({ plain: true, ipip: true })
    expect(problems('Enabled', 'Enabled').codes).toHaveLength(2)
  })
})

describe('routes of this node’s own', () => {
  it('are its blocks, also those on their way out, but none of one address', () => {
    const changes = [
      affinity('10.65.0.0/26', 'a'),
      affinity('10.65.0.64/26', 'a', 'pendingDeletion'),
      affinity('10.65.0.128/26', 'a', 'pending'),
      affinity('10.65.1.1/32', 'a'),
      affinity('10.65.2.0/26', 'b'),
      affinity('fd65::/122', 'a', ''),
      affinity('fd65::100/128', 'a'),
    ]
    const { localRoutes } = programOf([own, ...pools, ...changes])
    expect(localRoutes.map(({ prefix }) => prefix)).toEqual(['10.65.0.0/26', '10.65.0.64/26', 'fd65::/122'])
    expect(localRoutes[0]).toEqual({
      prefix: '10.65.0.0/26',
      id: 'block',
      source: 'static',
      preference: 200,
      attributes: { origin: 0, asPath: [], localPref: 2_147_482_623 },
    })
  })

  it('carry the normal priority of their family', () => {
    const priorities = configuration({ ipv4NormalRoutePriority: 2000, ipv6NormalRoutePriority: 3000 })
    const { localRoutes, sources } = programOf([
      own,
      priorities,
      affinity('10.65.0.0/26', 'a'),
      affinity('fd65::/122', 'a'),
    ])
    expect(localRoutes.map(({ attributes }) => attributes.localPref)).toEqual([2_147_481_647, 2_147_480_647])
    expect(sources.normalPriority).toEqual({ 4: 2000, 6: 3000 })
  })

  it('lead to peers behind a gateway of the same family', () => {
    const behind = (reachableBy: string) => peer('x', { peerIP: '192.0.2.1', asNumber: 65000, reachableBy })
    expect(programOf([own, behind('10.9.0.254')]).localRoutes).toMatchObject([
      { prefix: '192.0.2.1/32', id: 'reachable-by', gateway: '10.9.0.254', source: 'static' },
    ])
    expect(programOf([own, behind('fd00::254')]).localRoutes).toEqual([])
    const six = peer('x', { peerIP: 'fd00::9', asNumber: 65000, reachableBy: 'fd00::254', node: 'a' })
    expect(programOf([own, six]).localRoutes).toMatchObject([{ prefix: 'fd00::9/128', gateway: 'fd00::254' }])
  })
})

describe('sources', () => {
  const sources = (changes: readonly BgpChange[]) => programOf([own, ...changes]).sources
  const tor = (...filters: string[]) => peer('tor', { peerIP: '192.0.2.1', asNumber: 65000, filters })

  it('are what a pool, a range or a rule could let out', () => {
    const changes = [
      pool('plain', '10.65.0.0/16'),
      pool('hidden', '10.66.0.0/16', { disableBGPExport: true }),
      configuration({ serviceExternalIPs: [{ cidr: '203.0.113.0/24' }] }),
      filter('f', { exportV4: [{ cidr: '172.16.0.0/16', matchOperator: 'In', action: 'Accept' }] }),
      filter('g', { exportV4: [{ cidr: '172.17.0.0/16', matchOperator: 'In', action: 'Accept' }] }),
      tor('f'),
    ]
    expect(sources(changes).interesting).toEqual(['10.65.0.0/16', '172.16.0.0/16', '203.0.113.0/24'])
  })

  it('are everything where a rule accepts without prefix, unless what is learned alone is meant', () => {
    const accept = (rule: object) => [filter('f', { exportV4: [{ ...rule, action: 'Accept' }] }), tor('f')]
    expect(sources(accept({})).interesting).toEqual(['0.0.0.0/0'])
    expect(sources(accept({ cidr: '10.0.0.0/8', matchOperator: 'NotIn' })).interesting).toEqual(['0.0.0.0/0'])
    expect(sources(accept({ source: 'RemotePeers' })).interesting).toEqual([])
    expect(sources([filter('f', { exportV4: [{ action: 'Reject' }] }), tor('f')]).interesting).toEqual([])
  })

  it('are not the interfaces that default says; a node’s own configuration has no say', () => {
    expect(
      sources([
        configuration({ ignoredInterfaces: ['eth9', 'dummy*'] }),
        configuration({ ignoredInterfaces: ['x'] }, 'node.a'),
      ]).ignoredInterfaces,
    ).toEqual(['dummy*', 'eth9'])
  })
})
