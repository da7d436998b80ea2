import type { PeerConfig } from '@tortie/bgp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configuration, filter, node, peer, profile, programOf, secret, workload } from '../testing/bgp-resources.ts'
import type { BgpChange } from './inputs.ts'

const sessions = (changes: readonly BgpChange[], of = 'a'): readonly PeerConfig[] =>
  programOf(changes, { node: of }).speaker?.peers ?? []
const keys = (changes: readonly BgpChange[], of = 'a'): string[] => sessions(changes, of).map(({ key }) => key)
const problems = (changes: readonly BgpChange[]) => programOf(changes).problems

const [a, b, c] = [node('a', '10.9.0.1/24'), node('b', '10.9.0.2/24'), node('c', '10.8.0.1/24')]
const noMesh = configuration({ nodeToNodeMeshEnabled: false })

describe('a BGPPeer', () => {
  it('without node is of all nodes; with node or nodeSelector of those', () => {
    const remote = { peerIP: '192.0.2.1', asNumber: 65000 }
    const nodes = [a, node('b', '10.9.0.2/24', { rack: '1' }), noMesh]
    expect(keys([...nodes, peer('x', remote)])).toEqual(['Global_192_0_2_1'])
    expect(keys([...nodes, peer('x', { ...remote, node: 'b' })])).toEqual([])
    expect(keys([...nodes, peer('x', { ...remote, node: 'b' })], 'b')).toEqual(['Node_192_0_2_1'])
    expect(keys([...nodes, peer('x', { ...remote, nodeSelector: "rack == '1'" })], 'b')).toEqual(['Node_192_0_2_1'])
    expect(keys([...nodes, peer('x', { ...remote, nodeSelector: "rack == '2'" })], 'b')).toEqual([])
  })

  it('has what its fields say', () => {
    const [session] = sessions([
      a,
      noMesh,
      secret('s', 'k', 'geheim'),
      peer('x', {
        peerIP: '192.0.2.1:1179',
        asNumber: 65000,
        localASNumber: 65009,
        nextHopMode: 'Self',
        password: { secretKeyRef: { name: 's', key: 'k' } },
        sourceAddress: 'None',
        maxRestartTime: '30s',
        keepaliveTime: '20s',
        numAllowedLocalASNumbers: 2,
        ttlSecurity: 1,
      }),
    ])
    expect(session).toMatchObject({
      key: 'Global_192_0_2_1_port_1179',
      kind: 'global',
      address: '192.0.2.1',
      port: 1179,
      remoteAs: 65000,
      localAs: 65009,
      nextHop: 'self',
      password: 'geheim',
      gracefulRestart: { time: 30 },
      keepaliveTime: 20,
      allowLocalAs: 2,
      ttlSecurity: 1,
      passive: false,
    })
    expect(session).not.toHaveProperty('localAddress')
  })

  it('reads an IPv6 address with port, and has it only where this node has IPv6', () => {
    const far = peer('x', { peerIP: '[FD00::9]:1179', asNumber: 65000 })
    expect(keys([a, noMesh, far])).toEqual([])
    expect(keys([node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' }), noMesh, far])).toEqual([
      'Global_fd00__9_port_1179',
    ])
  })

  it('keeps the next hop by keepOriginalNextHop only towards another AS, and not beside nextHopMode', () => {
    const nextHop = (spec: object) =>
      sessions([a, noMesh, peer('x', { peerIP: '192.0.2.1', ...spec })]).map((session) => session.nextHop)
    expect(nextHop({ asNumber: 65000, keepOriginalNextHop: true })).toEqual(['keep'])
    expect(nextHop({ asNumber: 64512, keepOriginalNextHop: true })).toEqual(['auto'])
    expect(nextHop({ asNumber: 65000, localASNumber: 65000, keepOriginalNextHop: true })).toEqual(['auto'])
    expect(nextHop({ asNumber: 65000, keepOriginalNextHop: true, nextHopMode: 'Auto' })).toEqual(['auto'])
    expect(nextHop({ asNumber: 64512, nextHopMode: 'Keep' })).toEqual(['keep'])
  })

  it('by peerIP of a Calico node: dials its port, and when global waits on the lower address', () => {
    const configs = [configuration({ nodeToNodeMeshEnabled: false, listenPort: 1790 })]
    const x = peer('x', { peerIP: '10.9.0.2', asNumber: 64512 })
    expect(sessions([a, b, ...configs, x])[0]).toMatchObject({ port: 1790, passive: true })
    expect(sessions([a, b, ...configs, peer('x', { peerIP: '10.8.0.1', asNumber: 64512 }), c])[0]?.passive).toBe(false)
    // Another AS: it is a Calico node's address, but not that node's listener that is meant.
    expect(sessions([a, b, ...configs, peer('x', { peerIP: '10.9.0.2', asNumber: 65001 })])[0]).toMatchObject({
      port: 179,
      passive: true,
    })
    const scoped = peer('x', { peerIP: '10.9.0.2', asNumber: 64512, node: 'a' })
    expect(sessions([a, b, ...configs, scoped])[0]?.passive).toBe(false)
  })

  it('by peerSelector has each selected node but this one, with its AS or that of the cluster', () => {
    const nodes = [
      node('a', { ipv4Address: '10.9.0.1/24', asNumber: 65001 }, { rack: '1' }),
      node('b', '10.9.0.2/24', { rack: '1' }),
      node('c', { ipv4Address: '10.8.0.1/24', asNumber: 65003 }, { rack: '1' }),
      node('d', '10.8.0.2/24', { rack: '2' }),
      noMesh,
    ]
    const x = peer('x', { node: 'a', peerSelector: "rack == '1'", localASNumber: 65009, numAllowedLocalASNumbers: 3 })
    expect(sessions([...nodes, x]).map((s) => [s.key, s.localAs, s.remoteAs, s.passive, s.allowLocalAs])).toEqual([
      ['Node_10_8_0_1', 65001, 65003, false, 0],
      ['Node_10_9_0_2', 65001, 64512, false, 0],
    ])
  })

  it('without asNumber for its peerIP has no session, and says so', () => {
    const changes = [a, noMesh, peer('x', { peerIP: '192.0.2.1' })]
    expect(keys(changes)).toEqual([])
    expect(problems(changes)).toMatchObject([
      { code: 'no-remote-as', objects: ['BGPPeer(x)'], why: expect.stringMatching(/192.0.2.1/) },
    ])
  })
})

describe('reverse peerings', () => {
  const nodes = [node('a', '10.9.0.1/24', { role: 'leaf' }), node('b', '10.9.0.2/24', { role: 'spine' }), noMesh]
  const x = { nodeSelector: "role == 'leaf'", peerSelector: "role == 'spine'", keepaliveTime: '5s', ttlSecurity: 3 }

  it('make the other end of a peering by selector, with its parameters, dialling from both', () => {
    expect(keys([...nodes, peer('x', x)], 'a')).toEqual(['Node_10_9_0_2'])
    expect(sessions([...nodes, peer('x', x)], 'b')).toMatchObject([
      { key: 'Node_10_9_0_1', keepaliveTime: 5, ttlSecurity: 3, passive: false },
    ])
  })

  it('make that of a peerIP which is a Calico node’s, in its family, if AS and port fit', () => {
    const dual = [
      node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' }),
      node('b', { ipv4Address: '10.9.0.2/24', ipv6Address: 'fd00::2/64' }),
      noMesh,
    ]
    const to = (peerIP: string, asNumber = 64512) => peer('x', { node: 'a', peerIP, asNumber })
    expect(keys([...dual, to('10.9.0.2')], 'b')).toEqual(['Node_10_9_0_1'])
    expect(keys([...dual, to('fd00::2')], 'b')).toEqual(['Node_fd00__1'])
    expect(keys([...dual, to('10.9.0.2', 65001)], 'b')).toEqual([])
    const port = configuration({ nodeToNodeMeshEnabled: false, listenPort: 1790 })
    expect(keys([...dual, port, to('10.9.0.2:1790')], 'b')).toEqual(['Node_10_9_0_1_port_1790'])
    expect(keys([...dual, port, to('10.9.0.2:1791')], 'b')).toEqual([])
  })

  it('are not made with reversePeering: Manual, and give way to what is asked for by name, silently', () => {
    expect(keys([...nodes, peer('x', { ...x, reversePeering: 'Manual' })], 'b')).toEqual([])
    const asked = peer('y', { node: 'b', peerIP: '10.9.0.1', asNumber: 65001 })
    const program = programOf([...nodes, peer('x', x), asked], { node: 'b' })
    expect(program.speaker?.peers).toMatchObject([{ key: 'Node_10_9_0_1', remoteAs: 65001 }])
    expect(program.problems).toEqual([])
  })
})

describe('peerings by selector, of any nodes', () => {
  it('have both ends, which agree on the AS and reflect as their cluster ids say', () => {
    const label = fc.constantFrom('x', 'y')
    const anyNode = fc.record({
      label,
      asNumber: fc.option(fc.constantFrom(64512, 65001)),
      cluster: fc.option(fc.constantFrom('1.0.0.1', '1.0.0.2')),
    })
    const anyPeering = fc.record({ from: fc.option(label), to: label })
    fc.assert(
      fc.property(
        fc.array(anyNode, { minLength: 2, maxLength: 5 }),
        fc.array(anyPeering, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (nodes, peerings, mesh) => {
          const changes = [
            configuration({ nodeToNodeMeshEnabled: mesh }),
            ...nodes.map(({ label, asNumber, cluster }, i) => {
              const more = { ...(asNumber && { asNumber }), ...(cluster && { routeReflectorClusterID: cluster }) }
              return node(`n${i}`, { ipv4Address: `10.0.0.${i + 1}/24`, ...more }, { label })
            }),
            ...peerings.map(({ from, to }, i) =>
              peer(`p${i}`, { ...(from && { nodeSelector: `label == '${from}'` }), peerSelector: `label == '${to}'` }),
            ),
          ]
          const all = nodes.map((_, i) => sessions(changes, `n${i}`))
          for (const [i, own] of all.entries())
            for (const session of own) {
              const far = Number(session.address.split('.')[3]) - 1
              const other = all[far]?.find(({ address }) => address === `10.0.0.${i + 1}`)
              expect([other?.localAs, other?.remoteAs]).toEqual([session.remoteAs, session.localAs])
              expect(session.passive && other?.passive).toBe(false)
              const cluster = nodes[i]?.cluster ?? undefined
              const reflects = cluster && session.localAs === session.remoteAs && nodes[far]?.cluster !== cluster
              expect(session.reflect?.clusterId).toBe(reflects ? cluster : undefined)
            }
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a route reflector', () => {
  const reflector = (name: string, address: string, id: string) =>
    node(name, { ipv4Address: address, routeReflectorClusterID: id }, { rr: 'yes' })
  const toReflectors = peer('x', { nodeSelector: 'all()', peerSelector: "rr == 'yes'" })

  it('reflects to nodes and to reflectors of other clusters, not to those of its own', () => {
    const nodes = [
      reflector('a', '10.9.0.1/24', '1.0.0.1'),
      reflector('b', '10.9.0.2/24', '1.0.0.1'),
      reflector('c', '10.9.0.3/24', '1.0.0.2'),
      node('d', '10.9.0.4/24'),
      toReflectors,
    ]
    expect(sessions(nodes).map(({ key, reflect }) => [key, reflect?.clusterId])).toEqual([
      ['Node_10_9_0_2', undefined],
      ['Node_10_9_0_3', '1.0.0.1'],
      ['Node_10_9_0_4', '1.0.0.1'],
    ])
    expect(sessions(nodes, 'd').map(({ key, reflect }) => [key, reflect])).toEqual([
      ['Node_10_9_0_1', undefined],
      ['Node_10_9_0_2', undefined],
      ['Node_10_9_0_3', undefined],
    ])
  })

  it('does not reflect to another AS', () => {
    const nodes = [reflector('a', '10.9.0.1/24', '1.0.0.1'), peer('y', { peerIP: '192.0.2.1', asNumber: 65000 })]
    expect(sessions(nodes)[0]).not.toHaveProperty('reflect')
    expect(sessions([nodes[0]!, peer('y', { peerIP: '192.0.2.1', asNumber: 64512 })])[0]).toHaveProperty('reflect')
  })
})

describe('local workloads', () => {
  const select = (name: string, asNumber: number, localWorkloadSelector = "bgp == 'yes'") =>
    peer(name, {
      asNumber,
      localWorkloadSelector,
      localASNumber: 65009,
      keepaliveTime: '5s',
      ttlSecurity: 2,
      nextHopMode: 'Self',
      filters: ['f'],
    })
  const vm = workload('vm', 'a', ['10.65.0.5/32', '10.65.0.6/32', 'fd00:65::5/128'], { bgp: 'yes' })
  const dual = node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })
  const some = filter('f', { exportV4: [{ action: 'Reject' }] })

  it('are waited for, with their first address of each family, local AS and filters, and nothing else', () => {
    const found = sessions([dual, noMesh, some, vm, select('x', 65010)])
    expect(found).toMatchObject([
      { key: 'Local_Workload_10_65_0_5', remoteAs: 65010, localAs: 65009, passive: true, nextHop: 'auto' },
      { key: 'Local_Workload_fd00_65__5', families: [6], passive: true },
    ])
    for (const field of ['localAddress', 'keepaliveTime', 'ttlSecurity', 'password'])
      expect(found[0]).not.toHaveProperty(field)
    expect(found[0]?.exportFilter.statements[0]?.origin).toBe('BGPFilter(f).exportV4[0]')
  })

  it('are those of this node alone, each of the first BGPPeer by name that selects it', () => {
    const peers = [select('y', 65012), select('x', 65011), some]
    expect(sessions([a, noMesh, vm, ...peers])).toMatchObject([{ remoteAs: 65011 }])
    expect(keys([a, noMesh, workload('vm', 'b', ['10.65.0.5/32'], { bgp: 'yes' }), ...peers])).toEqual([])
    const elsewhere = peer('w', { asNumber: 65013, localWorkloadSelector: 'all()', node: 'b' })
    expect(sessions([a, noMesh, vm, elsewhere, ...peers])).toMatchObject([{ remoteAs: 65011 }])
  })

  it('have the labels of their profiles too', () => {
    const changes = [a, noMesh, some, workload('vm', 'a', ['10.65.0.5/32'], {}, ['kns.x']), select('x', 65010)]
    expect(keys(changes)).toEqual([])
    expect(keys([...changes, profile('kns.x', { bgp: 'yes' })])).toEqual(['Local_Workload_10_65_0_5'])
  })

  it('can reach the listener also where it has an address of its own (trap 21)', () => {
    const bound = configuration({ bindMode: 'NodeIP', localWorkloadPeeringIPV4: '169.254.1.9' })
    const listen = (changes: readonly BgpChange[]) => programOf(changes).speaker?.listen
    expect(listen([a, bound, vm, some, select('x', 65010)])).toEqual([
      { family: 4, address: '10.9.0.1', port: 179 },
      { family: 4, address: '169.254.1.9', port: 179 },
    ])
    expect(listen([a, bound])).toEqual([{ family: 4, address: '10.9.0.1', port: 179 }])
  })
})
