import type { PeerConfig } from '@tortie/bgp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configuration, node, peer, programOf, secret } from '../testing/bgp-resources.ts'
import type { BgpChange } from './inputs.ts'

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
