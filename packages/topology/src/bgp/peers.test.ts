import type { PeerConfig } from '@tortie/bgp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBgpTopology } from './bgp-topology.ts'
import type { BgpChange } from './inputs.ts'
import { configuration, filter, node, peer, profile, programOf, remove, secret, workload } from './testing/resources.ts'

const sessions = (changes: readonly BgpChange[], of = 'a'): readonly PeerConfig[] =>
  programOf(changes, { node: of }).speaker?.peers ?? []
const keys = (changes: readonly BgpChange[], of = 'a'): string[] => sessions(changes, of).map(({ key }) => key)
const problems = (changes: readonly BgpChange[]) => programOf(changes).problems

const [a, b, c] = [node('a', '10.9.0.1/24'), node('b', '10.9.0.2/24'), node('c', '10.8.0.1/24')]
const noMesh = configuration({ nodeToNodeMeshEnabled: false })

describe('the mesh', () => {
  it('has a session with every other node, of each family that both have', () => {
    const dual = node('d', { ipv4Address: '10.9.0.4/24', ipv6Address: 'FD00::4/64' })
    expect(keys([a, b, c, dual])).toEqual(['Mesh_10_8_0_1', 'Mesh_10_9_0_2', 'Mesh_10_9_0_4'])
    const ownDual = node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })
    expect(sessions([ownDual, dual]).map(({ key, families, localAddress }) => [key, families, localAddress])).toEqual([
      ['Mesh_10_9_0_4', [4], '10.9.0.1'],
      ['Mesh_fd00__4', [6], 'fd00::1'],
    ])
  })

  it('has the parameters of Calico’s template', () => {
    expect(sessions([a, b])[0]).toMatchObject({
      kind: 'mesh',
      address: '10.9.0.2',
      port: 179,
      remoteAs: 64512,
      localAs: 64512,
      localAddress: '10.9.0.1',
      families: [4],
      holdTime: 240,
      connectDelayTime: 2,
      connectRetryTime: 5,
      idleHoldTime: { first: 5, longest: 30 },
      gracefulRestart: { enabled: true, time: 120, notification: false },
      longLived: { staleTime: 0 },
      addPath: { send: true, receive: true },
      extendedMessage: false,
      enhancedRouteRefresh: true,
      ttl: 64,
      nextHop: 'auto',
      allowLocalAs: 0,
    })
    expect(sessions([a, b])[0]).not.toHaveProperty('keepaliveTime')
    expect(sessions([a, b])[0]).not.toHaveProperty('reflect')
  })

  it('lets the textually lower address wait: 10.0.0.10 is lower than 10.0.0.9', () => {
    const nodes = [node('a', '10.0.0.9/24'), node('b', '10.0.0.10/24')]
    expect(sessions(nodes, 'a')[0]?.passive).toBe(false)
    expect(sessions(nodes, 'b')[0]?.passive).toBe(true)
  })

  it('takes the AS of the cluster for a node without one, also where this node has its own (trap 6)', () => {
    const own = node('a', { ipv4Address: '10.9.0.1/24', asNumber: 65001 })
    const nodes = [own, b, node('c', { ipv4Address: '10.9.0.3/24', asNumber: '1.1' as never })]
    expect(sessions([...nodes, configuration({ asNumber: 64999 })]).map((s) => [s.localAs, s.remoteAs])).toEqual([
      [65001, 64999],
      [65001, 65537],
    ])
  })

  it('has neither route reflectors nor anyone on one, and ends with nodeToNodeMeshEnabled: false', () => {
    const reflector = node('b', { ipv4Address: '10.9.0.2/24', routeReflectorClusterID: '1.0.0.1' })
    expect(keys([a, reflector, c])).toEqual(['Mesh_10_8_0_1'])
    expect(keys([a, reflector, c], 'b')).toEqual([])
    expect(keys([a, b, c, noMesh])).toEqual([])
  })

  it('dials the port that the other node listens on: its own, that of all, 179', () => {
    const ports = (more: readonly BgpChange[]) => sessions([a, b, ...more]).map(({ key, port }) => [key, port])
    expect(ports([])).toEqual([['Mesh_10_9_0_2', 179]])
    expect(ports([configuration({ listenPort: 1790 })])).toEqual([['Mesh_10_9_0_2', 1790]])
    expect(ports([configuration({ listenPort: 1790 }), configuration({ listenPort: 1791 }, 'node.b')])).toEqual([
      ['Mesh_10_9_0_2', 1791],
    ])
  })

  it('has the password and restart time of the BGPConfiguration, no filters', () => {
    const settings = configuration({
      nodeMeshPassword: { secretKeyRef: { name: 's', key: 'k' } },
      nodeMeshMaxRestartTime: '89.6s',
    })
    const [session] = sessions([a, b, settings, secret('s', 'k', 'geheim')])
    expect(session).toMatchObject({ password: 'geheim', gracefulRestart: { time: 90 } })
    expect(session).not.toHaveProperty('shutdown')
  })

  it('of any nodes: both ends agree on the AS, one waits at most, and each has the other', () => {
    const anyNode = fc.record({
      host: fc.integer({ min: 1, max: 120 }),
      v6: fc.option(fc.integer({ min: 1, max: 0xffff })),
      asNumber: fc.option(fc.constantFrom(64512, 65001, 65002)),
      reflector: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(anyNode, { minLength: 2, maxLength: 6, selector: ({ host }) => host }),
        fc.option(fc.constantFrom(64512, 65001)),
        (nodes, globalAs) => {
          const changes = nodes.map(({ host, v6, asNumber, reflector }, i) =>
            node(`n${i}`, {
              ipv4Address: `10.0.0.${host}/24`,
              ...(v6 !== null && { ipv6Address: `fd00::${i + 1}:${v6.toString(16)}/64` }),
              ...(asNumber !== null && { asNumber }),
              ...(reflector && { routeReflectorClusterID: '1.0.0.1' }),
            }),
          )
          const all = [...changes, configuration(globalAs === null ? {} : { asNumber: globalAs })]
          const meshes = nodes.map((_, i) => sessions(all, `n${i}`))
          for (const mesh of meshes)
            for (const session of mesh) {
              const other = meshes
                .flat()
                .filter((s) => s.localAddress === session.address && s.address === session.localAddress)
              expect(other).toHaveLength(1)
              expect([other[0]?.localAs, other[0]?.remoteAs]).toEqual([session.remoteAs, session.localAs])
              expect(session.passive).toBe(!other[0]?.passive)
            }
        },
      ),
      { numRuns: 200 },
    )
  })
})

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

describe('one address', () => {
  const nodes = [a, b]
  const global = { peerIP: '10.9.0.2', asNumber: 64512 }

  it('has one session: of the widest scope, and the other is told', () => {
    const changes = [...nodes, peer('g', global), peer('n', { ...global, node: 'a', keepaliveTime: '5s' })]
    expect(keys(changes)).toEqual(['Global_10_9_0_2'])
    expect(problems(changes)).toMatchObject([
      { code: 'replaced-session', objects: ['BGPPeer(g)', 'BGPPeer(n)'], why: expect.stringMatching(/node's session/) },
    ])
    const overMesh = [...nodes, peer('n', { ...global, node: 'a', keepaliveTime: '5s' })]
    expect(keys(overMesh)).toEqual(['Node_10_9_0_2'])
    expect(problems(overMesh)).toMatchObject([{ code: 'replaced-session', objects: ['BGPPeer(n)', 'Node(b)'] }])
  })

  it('wanted in two ways by two BGPPeers of a scope: the first by name, and a problem that names both', () => {
    const changes = [noMesh, a, peer('y', { ...global, asNumber: 65002 }), peer('x', { ...global, asNumber: 65001 })]
    expect(sessions(changes)).toMatchObject([{ remoteAs: 65001 }])
    expect(problems(changes)).toMatchObject([
      { code: 'contradictory-peers', objects: ['BGPPeer(x)', 'BGPPeer(y)'], why: expect.stringMatching(/10.9.0.2/) },
    ])
    const ports = [noMesh, a, peer('x', global), peer('y', { ...global, peerIP: '10.9.0.2:1179' })]
    expect(problems(ports)).toMatchObject([{ code: 'contradictory-peers' }])
  })

  it('wanted twice in the same way is no problem', () => {
    expect(problems([noMesh, a, peer('x', global), peer('y', global)])).toEqual([])
    // 179 is what no port means.
    expect(problems([noMesh, a, peer('x', global), peer('y', { ...global, peerIP: '10.9.0.2:179' })])).toEqual([])
  })

  it('of two Nodes is told too', () => {
    expect(problems([a, b, node('c', { ipv4Address: '10.9.0.2/24', asNumber: 65003 })])).toMatchObject([
      { code: 'contradictory-peers', objects: ['Node(b)', 'Node(c)'] },
    ])
  })
})

describe('a password', () => {
  const reference = { secretKeyRef: { name: 's', key: 'k' } }
  const x = peer('x', { peerIP: '192.0.2.1', asNumber: 65000, password: reference })

  it('that is missing keeps the session down until it is there (trap 19)', () => {
    const topology = createBgpTopology({ node: 'a' })
    for (const change of [a, noMesh, x]) topology.apply(change)
    const before = topology.flush()
    expect(before?.speaker?.peers[0]).toMatchObject({ shutdown: 'no password' })
    expect(before?.speaker?.peers[0]).not.toHaveProperty('password')
    expect(before?.problems).toMatchObject([
      { code: 'no-password', objects: ['BGPPeer(x)'], why: expect.stringMatching(/key k of secret s is missing/) },
    ])
    topology.apply(secret('s', 'k', 'geheim'))
    const after = topology.flush()
    expect(after?.speaker?.peers[0]).toMatchObject({ password: 'geheim' })
    expect(after?.speaker?.peers[0]).not.toHaveProperty('shutdown')
    expect(after?.problems).toEqual([])
    topology.apply(secret('s', 'k', undefined))
    expect(topology.flush()?.speaker?.peers[0]).toMatchObject({ shutdown: 'no password' })
  })

  it('that is longer than 80 octets keeps it down; its value is never told', () => {
    const program = programOf([a, noMesh, x, secret('s', 'k', 'ü'.repeat(41))])
    expect(program.speaker?.peers[0]).toMatchObject({ shutdown: 'no password' })
    expect(program.problems).toMatchObject([{ code: 'no-password', why: expect.stringMatching(/82 octets/) }])
    expect(JSON.stringify(program.problems)).not.toContain('ü')
  })

  it('that is optional may be missing', () => {
    const optional = { secretKeyRef: { ...reference.secretKeyRef, optional: true } }
    const changes = [a, noMesh, peer('x', { peerIP: '192.0.2.1', asNumber: 65000, password: optional })]
    expect(sessions(changes)[0]).not.toHaveProperty('shutdown')
    expect(problems(changes)).toEqual([])
  })

  it('of the mesh that is missing is told once', () => {
    const changes = [a, b, c, configuration({ nodeMeshPassword: reference })]
    expect(sessions(changes).map(({ shutdown }) => shutdown)).toEqual(['no password', 'no password'])
    expect(problems(changes)).toMatchObject([{ code: 'no-password', objects: ['BGPConfiguration(default)'] }])
  })
})

describe('the speaker', () => {
  const routerId = (changes: readonly BgpChange[], id: string, of = 'a') =>
    programOf(changes, { node: of, routerId: id }).speaker?.routerId

  it('has the identifier that is set, the hash of the name, or the IPv4 address', () => {
    expect(routerId([a], '')).toBe('10.9.0.1')
    expect(routerId([a], '1.2.3.4')).toBe('1.2.3.4')
    expect(routerId([node('node-1', '10.9.0.1/24')], 'hash', 'node-1')).toBe('53.151.27.230')
    expect(routerId([node('node-18', '10.9.0.1/24')], 'hash', 'node-18')).toBe('213.194.139.227')
  })

  it('is not there without one: on an IPv6 node, without a Node, with a text that is none', () => {
    const six = node('a', { ipv6Address: 'fd00::1/64' })
    expect(programOf([six])).toMatchObject({ speaker: undefined, problems: [{ code: 'no-router-id' }] })
    expect(programOf([b])).toMatchObject({ speaker: undefined, problems: [{ code: 'no-node', objects: ['Node(a)'] }] })
    expect(programOf([a], { routerId: 'x' })).toMatchObject({
      speaker: undefined,
      problems: [{ code: 'no-router-id' }],
    })
    expect(programOf([six], { routerId: 'hash' }).speaker?.listen).toEqual([{ family: 6, port: 179 }])
  })

  it('listens on every address or on the node’s, at its own port, that of all, or 179', () => {
    const listen = (more: readonly BgpChange[]) => programOf([a, ...more]).speaker?.listen
    expect(listen([])).toEqual([{ family: 4, port: 179 }])
    expect(listen([configuration({ listenPort: 1790, bindMode: 'NodeIP' })])).toEqual([
      { family: 4, address: '10.9.0.1', port: 1790 },
    ])
    const own = configuration({ listenPort: 1791, bindMode: 'NodeIP' }, 'node.a')
    expect(listen([configuration({ listenPort: 1790 }), own])).toEqual([{ family: 4, port: 1791 }])
  })

  it('waits 240 s after its own restart, and has 16 equal paths at most', () => {
    expect(programOf([a]).speaker).toMatchObject({ recoveryTime: 240, maxPaths: 16 })
  })

  it('keeps what did not change as the identical object', () => {
    const topology = createBgpTopology({ node: 'a' })
    for (const change of [a, b, c]) topology.apply(change)
    const before = topology.flush()
    expect(topology.flush()).toBeUndefined()
    topology.apply(node('b', '10.9.0.2/24', {}, { orchRefs: [{ nodeName: 'b', orchestrator: 'k8s' }] }))
    expect(topology.flush()).toBeUndefined()
    topology.apply(node('c', '10.8.0.7/24'))
    const after = topology.flush()
    expect(after?.speaker?.peers.map(({ key }) => key)).toEqual(['Mesh_10_8_0_7', 'Mesh_10_9_0_2'])
    expect(after?.speaker?.peers[1]).toBe(before?.speaker?.peers[1])
    expect(after?.localRoutes).toBe(before?.localRoutes)
    expect(after?.problems).toBe(before?.problems)
    topology.apply(remove('Node', 'c'))
    expect(topology.flush()?.speaker?.peers).toHaveLength(1)
  })

  it('shares one pair of filters among peers of a family and the same BGPFilters', () => {
    const [first, second] = sessions([a, b, c])
    expect(first?.exportFilter).toBe(second?.exportFilter)
    expect(first?.importFilter).toBe(second?.importFilter)
  })
})
