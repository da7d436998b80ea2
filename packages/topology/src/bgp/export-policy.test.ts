import { explainFilter, type FilteredRoute, type Outcome } from '@tortie/bgp'
import { describe, expect, it } from 'vitest'
import {
  affinity,
  configuration,
  filter,
  node,
  peer,
  pool,
  programOf,
  service,
  slice,
} from '../testing/bgp-resources.ts'
import type { BgpChange } from './inputs.ts'

const normal = 2_147_482_623
const elevated = 2_147_483_135

const own = node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })
const tor = (filters: readonly string[] = [], asNumber = 65000) =>
  peer('tor', { peerIP: '192.0.2.1', asNumber, filters: [...filters] })
const tor6 = peer('tor6', { peerIP: 'fd00::9', asNumber: 65000 })

/** What becomes of a route to the peer `tor`, or `tor6` for an IPv6 route. */
function exported(changes: readonly BgpChange[], prefix: string, more: Partial<FilteredRoute> = {}): Outcome {
  const { speaker } = programOf([own, tor(), tor6, ...changes])
  const family = prefix.includes(':') ? 6 : 4
  const session = speaker?.peers.find(({ families, kind }) => families[0] === family && kind === 'global')
  if (!session) throw new Error('no session')
  const peerType = session.remoteAs === session.localAs ? 'internal' : 'external'
  const route = {
    prefix,
    attributes: { origin: 0, asPath: [], localPref: normal },
    source: 'kernel',
    peerType,
  } as const
  return explainFilter(session.exportFilter, { ...route, ...more }).outcome
}
const decision = (...route: Parameters<typeof exported>) => {
  const { verdict, statement } = exported(...route)
  return `${verdict} ${statement ?? 'otherwise'}`
}
const localPref = (value: number) => ({ attributes: { origin: 0, asPath: [], localPref: value } }) as const
const internal = { peerType: 'internal' } as const

const pods = pool('pods', '10.65.0.0/16')

describe('of the routes of a node', () => {
  it('those in no pool and no range are not announced', () => {
    expect(decision([], '0.0.0.0/0')).toBe('reject otherwise')
    expect(decision([pods], '10.9.0.0/24', { source: 'direct' })).toBe('reject otherwise')
    expect(decision([pods], '10.64.0.0/14')).toBe('reject otherwise')
  })

  it('own blocks stand for what is inside them', () => {
    const changes = [pods, affinity('10.65.0.0/26', 'a')]
    const block = 'BlockAffinity(a-10.65.0.0/26)'
    expect(decision(changes, '10.65.0.0/26', { source: 'static' })).toBe(`accept ${block}`)
    expect(decision(changes, '10.65.0.5/32')).toBe(`reject ${block}`)
    expect(decision([pods, affinity('10.65.0.0/26', 'a', '')], '10.65.0.5/32')).toBe(
      'reject BlockAffinity(a-10.65.0.0/26)',
    )
  })

  it('an address on the move is announced beside its block', () => {
    const changes = [pods, affinity('10.65.0.0/26', 'a')]
    expect(decision(changes, '10.65.0.5/32', localPref(elevated))).toBe('accept BlockAffinity(a-10.65.0.0/26)')
    expect(decision(changes, '10.65.0.5/32', localPref(normal + 1))).toMatch(/^accept/)
    expect(decision(changes, '10.65.0.5/32', localPref(normal))).toMatch(/^reject/)
    // Another normal priority moves the bound.
    const lower = configuration({ ipv4NormalRoutePriority: 500 })
    expect(decision([...changes, lower], '10.65.0.5/32', localPref(elevated))).toMatch(/^reject/)
    expect(decision([...changes, lower], '10.65.0.5/32', localPref(2_147_483_648 - 500))).toMatch(/^accept/)
  })

  it('borrowed addresses, and those of pools without block here, are announced each', () => {
    const changes = [pods, affinity('10.65.0.0/26', 'a'), affinity('10.65.0.64/26', 'b')]
    expect(decision(changes, '10.65.0.70/32', { interface: 'cali1' })).toBe('accept IPPool(pods)')
    expect(decision(changes, '10.65.1.1/32', { interface: 'cali1' })).toBe('accept IPPool(pods)')
  })

  it('a block on its way out is a route of the pool like any other (trap 12)', () => {
    const changes = [pods, affinity('10.65.0.0/26', 'a', 'pendingDeletion')]
    expect(decision(changes, '10.65.0.0/26', { source: 'static' })).toBe('accept IPPool(pods)')
    expect(decision(changes, '10.65.0.5/32')).toBe('accept IPPool(pods)')
  })

  it('a block that is only claimed, or that a virtual owner has, is none', () => {
    for (const other of [
      affinity('10.65.0.0/26', 'a', 'pending'),
      affinity('10.65.0.0/26', 'a', 'confirmed', 'virtual'),
    ])
      expect(decision([pods, other], '10.65.0.5/32')).toBe('accept IPPool(pods)')
  })

  it('those of pools with disableBGPExport are not, even blocks and tagged ones', () => {
    const changes = [pool('pods', '10.65.0.0/16', { disableBGPExport: true }), affinity('10.65.0.0/26', 'a')]
    expect(decision(changes, '10.65.0.0/26', { source: 'static' })).toBe('reject IPPool(pods)')
    expect(decision(changes, '10.64.0.0/15')).toBe('reject otherwise')
  })

  it('VXLAN pools and disabled pools are announced (trap 14)', () => {
    const vxlan = pool('v', '10.66.0.0/16', { vxlanMode: 'Always' })
    const disabled = pool('d', '10.67.0.0/16', { disabled: true })
    expect(decision([vxlan, disabled], '10.66.0.64/26', { source: 'bgp' })).toBe('accept IPPool(v)')
    expect(decision([vxlan, disabled], '10.67.0.64/26', { source: 'bgp' })).toBe('accept IPPool(d)')
  })

  it('IPv6 follows its own pools, blocks and priority', () => {
    const changes = [pods, pool('six', 'fd65::/48'), affinity('fd65::/122', 'a')]
    expect(decision(changes, 'fd65::/122', { source: 'static' })).toBe('accept BlockAffinity(a-fd65::/122)')
    expect(decision(changes, 'fd65::5/128')).toBe('reject BlockAffinity(a-fd65::/122)')
    expect(decision(changes, 'fd65::80/122', { source: 'bgp' })).toBe('accept IPPool(six)')
    expect(decision(changes, 'fd66::/122')).toBe('reject otherwise')
  })

  it('blocks are podCIDRs with host-local IPAM', () => {
    const item = { ...(own as { item: object }).item, status: { podCIDRs: ['10.65.3.0/24'] } }
    const changes = [{ type: 'put', item: item as never } as const, tor(), pods, affinity('10.65.0.0/26', 'a')]
    const { speaker, localRoutes } = programOf(changes, { usePodCidrs: true })
    const origins = speaker?.peers[0]?.exportFilter.statements.map(({ origin }) => origin)
    expect(origins).toContain('Node(a)')
    expect(origins).not.toContain('BlockAffinity(a-10.65.0.0/26)')
    expect(localRoutes.map(({ prefix }) => prefix)).toEqual(['10.65.3.0/24'])
  })
})

describe('between nodes of one AS', () => {
  const remote = { ...internal, interface: 'vxlan.calico' }

  it('routes through tunnels are their owners’ to announce (trap 13)', () => {
    for (const name of ['vxlan.calico', 'wireguard.cali', 'vxlan-v6.calico', 'tunl0'])
      expect(decision([pods], '10.65.9.9/32', { ...internal, interface: name })).toBe('reject tunnel interfaces')
    expect(decision([pods], '10.65.9.9/32', { ...remote, peerType: 'external' })).toBe('accept IPPool(pods)')
    expect(decision([pods], '10.65.9.9/32', { ...internal, interface: 'eth0' })).toBe('accept IPPool(pods)')
  })

  it('tunl0 is BGP’s where BGP owns IP-in-IP routes', () => {
    const owns = configuration({ programClusterRoutes: 'Enabled' })
    expect(decision([pods, owns], '10.65.9.9/32', { ...internal, interface: 'tunl0' })).toBe('accept IPPool(pods)')
  })

  it('routes to a gateway in pools whose routes the node itself writes are not announced (trap 29)', () => {
    const routed = { ...internal, gateway: true, interface: 'eth0' }
    const vxlan = pool('v', '10.66.0.0/16', { vxlanMode: 'CrossSubnet' })
    expect(decision([vxlan], '10.66.0.64/26', routed)).toBe('reject IPPool(v)')
    expect(decision([vxlan], '10.66.0.64/26', { ...routed, peerType: 'external' })).toBe('accept IPPool(v)')
    expect(decision([vxlan], '10.66.0.64/26', { ...routed, source: 'bgp' })).toBe('accept IPPool(v)')
    expect(decision([vxlan], '10.66.0.64/32', { ...internal, interface: 'cali1' })).toBe('accept IPPool(v)')
    expect(decision([pods], '10.65.0.64/26', routed)).toBe('accept IPPool(pods)')
    const felix = configuration({ programClusterRoutes: 'Disabled' })
    expect(decision([pods, felix], '10.65.0.64/26', routed)).toBe('reject IPPool(pods)')
  })

  it('routes of BPF interfaces go to nobody', () => {
    expect(decision([pods], '10.65.9.9/32', { interface: 'bpfin.cali' })).toBe('reject BPF interfaces')
  })
})

describe('communities', () => {
  const tags = configuration({
    communities: [{ name: 'blue', value: '65000:7' }],
    prefixAdvertisements: [
      { cidr: '10.65.0.0/16', communities: ['blue', '65000:1:2'] },
      { cidr: '10.65.0.0/24', communities: ['65000:8'] },
      { cidr: 'fd65::/48', communities: ['65000:9'] },
    ],
  })
  const blue = 65000 * 65536 + 7

  it('of every rule that contains the route are added', () => {
    expect(exported([pods, tags], '10.65.9.0/26').attributes).toMatchObject({
      communities: [blue],
      largeCommunities: [[65000, 1, 2]],
    })
    expect(exported([pods, tags], '10.65.0.64/26').attributes.communities).toEqual([blue, blue + 1])
    expect(exported([pods, tags, pool('p', '10.64.0.0/10')], '10.64.0.0/10').attributes).not.toHaveProperty(
      'communities',
    )
    expect(exported([pool('six', 'fd65::/48'), tags], 'fd65::/122').attributes.communities).toEqual([blue + 2])
  })

  it('of the node’s own configuration take the place of all others', () => {
    const ofNode = (name: string) =>
      configuration({ prefixAdvertisements: [{ cidr: '10.65.0.0/16', communities: ['65000:1'] }] }, name)
    expect(exported([pods, tags, ofNode('node.a')], '10.65.0.64/26').attributes.communities).toEqual([blue - 6])
    expect(exported([pods, tags, ofNode('node.b')], '10.65.0.64/26').attributes.communities).toEqual([blue, blue + 1])
    // Names are those of the same object.
    const borrowing = configuration(
      { prefixAdvertisements: [{ cidr: '10.65.0.0/16', communities: ['blue'] }] },
      'node.a',
    )
    const { problems } = programOf([own, pods, tags, borrowing])
    expect(problems).toMatchObject([{ code: 'unknown-community', objects: ['BGPConfiguration(node.a)'] }])
    expect(exported([pods, tags, borrowing], '10.65.0.64/26').attributes).not.toHaveProperty('communities')
  })
})

describe('services', () => {
  const ranges = configuration({
    serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
    serviceExternalIPs: [{ cidr: '192.0.2.0/24' }],
    serviceLoadBalancerIPs: [{ cidr: '198.51.100.0/24' }],
  })

  it('are announced where a range or an address is', () => {
    expect(decision([ranges], '10.96.0.0/12', { source: 'static' })).toBe(
      'accept BGPConfiguration(default).serviceClusterIPs[0]',
    )
    const local = service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], externalTrafficPolicy: 'Local' })
    const here = slice('web-1', 'web', [{ nodeName: 'a' }])
    const outside = configuration({ serviceClusterIPs: [{ cidr: '10.97.0.0/16' }] })
    expect(decision([outside, local, here], '10.96.0.9/32', { source: 'static' })).toBe('accept Service(default/web)')
  })

  it('of others are passed on by a route reflector: load balancers’ and external ranges, not cluster IPs (trap 18)', () => {
    const label = { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' }
    const excluded = (clusterId?: string) =>
      node('a', { ipv4Address: '10.9.0.1/24', ...(clusterId && { routeReflectorClusterID: clusterId }) }, label)
    const learned = { source: 'bgp' } as const
    const reflector = [excluded('1.0.0.1'), ranges]
    expect(decision(reflector, '198.51.100.7/32', learned)).toBe(
      'accept BGPConfiguration(default).serviceLoadBalancerIPs[0]',
    )
    expect(decision(reflector, '192.0.2.7/32', learned)).toBe('accept BGPConfiguration(default).serviceExternalIPs[0]')
    expect(decision(reflector, '10.96.0.9/32', learned)).toBe('reject otherwise')
    expect(decision([excluded(), ranges], '198.51.100.7/32', learned)).toBe('reject otherwise')
  })
})

describe('a BGPFilter', () => {
  it('comes first and decides alone: no aggregation, no communities, no disableBGPExport (trap 8)', () => {
    const changes = [
      pool('pods', '10.65.0.0/16', { disableBGPExport: true }),
      affinity('10.65.0.0/26', 'a'),
      configuration({ prefixAdvertisements: [{ cidr: '10.65.0.0/16', communities: ['65000:1'] }] }),
      filter('f', { exportV4: [{ cidr: '10.65.0.0/16', matchOperator: 'In', action: 'Accept' }] }),
      tor(['f']),
    ]
    const outcome = exported(changes, '10.65.0.5/32')
    expect(outcome).toMatchObject({ verdict: 'accept', statement: 'BGPFilter(f).exportV4[0]' })
    expect(outcome.attributes).not.toHaveProperty('communities')
  })

  it('that says nothing leaves it to the next, and to the policy', () => {
    const filters = [
      filter('f', { exportV4: [{ cidr: '10.1.0.0/16', matchOperator: 'In', action: 'Reject' }] }),
      filter('g', { exportV4: [{ cidr: '10.2.0.0/16', matchOperator: 'In', action: 'Reject' }] }),
      tor(['f', 'g']),
    ]
    expect(decision([pods, ...filters], '10.2.0.0/16')).toBe('reject BGPFilter(g).exportV4[0]')
    expect(decision([pods, ...filters], '10.65.0.64/26')).toBe('accept IPPool(pods)')
  })

  it('that is not there is passed over, and told', () => {
    expect(decision([pods, tor(['nowhere'])], '10.65.0.64/26')).toBe('accept IPPool(pods)')
    expect(programOf([own, tor(['nowhere'])]).problems).toMatchObject([
      { code: 'no-filter', objects: ['BGPPeer(tor)', 'BGPFilter(nowhere)'] },
    ])
  })
})
