import type { PeerConfig } from '@tortie/bgp'
import { describe, expect, it } from 'vitest'
import { configuration, node, peer, programOf, remove, secret } from '../testing/bgp-resources.ts'
import { createBgpTopology } from './bgp-topology.ts'
import type { BgpChange } from './inputs.ts'

const sessions = (changes: readonly BgpChange[], of = 'a'): readonly PeerConfig[] =>
  programOf(changes, { node: of }).speaker?.peers ?? []
const problems = (changes: readonly BgpChange[]) => programOf(changes).problems

const [a, b, c] = [node('a', '10.9.0.1/24'), node('b', '10.9.0.2/24'), node('c', '10.8.0.1/24')]
const noMesh = configuration({ nodeToNodeMeshEnabled: false })

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

  it('tells that another node’s hash is the same', () => {
    const nodes = [node('node-31705', '10.9.0.1/24'), node('node-40730', '10.9.0.2/24')]
    expect(programOf(nodes, { node: 'node-31705', routerId: 'hash' }).problems).toMatchObject([
      { code: 'duplicate-router-id', objects: ['Node(node-31705)', 'Node(node-40730)'] },
    ])
    expect(programOf(nodes, { node: 'node-31705' }).problems).toEqual([])
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
