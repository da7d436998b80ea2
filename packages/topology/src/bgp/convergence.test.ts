import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as make from '../testing/bgp-resources.ts'
import { createBgpTopology } from './bgp-topology.ts'
import type { BgpChange } from './inputs.ts'

const { affinity, configuration, filter, node, peer, pool, profile, remove, secret, service, slice, workload } = make

/** One of each kind, and what contradicts, gives way, is missing or cannot be read. */
const content: readonly BgpChange[] = [
  node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64', asNumber: 65001 }, { rack: '1' }),
  node('b', { ipv4Address: '10.9.0.2/24', routeReflectorClusterID: '1.0.0.1' }, { rack: '1', rr: 'yes' }),
  node('c', { ipv4Address: '10.8.0.1/24', ipv6Address: 'fd00::3/64' }, { rack: '2' }),
  node('d', '10.9.0.2/24', { rack: '2' }),
  pool('plain', '10.65.0.0/16'),
  pool('vxlan', '10.66.0.0/16', { vxlanMode: 'Always', disableBGPExport: true }),
  pool('broken', '10.66.0.0/99'),
  affinity('10.65.0.0/26', 'a'),
  affinity('10.65.0.64/26', 'a', 'pendingDeletion'),
  affinity('10.65.0.128/26', 'b'),
  configuration({
    asNumber: 64999,
    serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
    serviceExternalIPs: [{ cidr: '192.0.2.0/24' }],
    communities: [{ name: 'blue', value: '65000:7' }],
    prefixAdvertisements: [{ cidr: '10.65.0.0/16', communities: ['blue', 'green'] }],
  }),
  configuration({ listenPort: 1790 }, 'node.c'),
  configuration({}, 'nobody'),
  peer('g', { peerIP: '192.0.2.1', asNumber: 65000, filters: ['f', 'nowhere'] }),
  peer('h', { peerIP: '192.0.2.1', asNumber: 65002 }),
  peer('n', {
    nodeSelector: "rack == '1'",
    peerSelector: "rr == 'yes'",
    password: { secretKeyRef: { name: 's', key: 'k' } },
  }),
  peer('r', { nodeSelector: "rack == '2'", peerIP: '10.9.0.1', asNumber: 65001, keepaliveTime: '7s' }),
  peer('w', { localWorkloadSelector: "bgp == 'yes'", asNumber: 65010 }),
  filter('f', { exportV4: [{ cidr: '10.1.0.0/16', matchOperator: 'In', action: 'Reject' }] }),
  secret('s', 'k', 'geheim'),
  workload('vm', 'a', ['10.65.0.5/32'], {}, ['kns.x']),
  profile('kns.x', { bgp: 'yes' }),
  service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], externalTrafficPolicy: 'Local' }),
  service('two', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], externalTrafficPolicy: 'Local' }),
  slice('web-1', 'web', [{ nodeName: 'a' }]),
  slice('two-1', 'two', [{ nodeName: 'a' }]),
]

/** Other values of the same objects, their absence, and objects that do not stay. */
const noise: readonly BgpChange[] = [
  node('a', '10.9.0.77/24'),
  node('b', { ipv4Address: '10.9.0.2/24' }, { rack: '2' }),
  node('c', 'nonsense'),
  pool('plain', '10.64.0.0/16', { ipipMode: 'Always' }),
  affinity('10.65.0.0/26', 'b'),
  configuration({ nodeToNodeMeshEnabled: false, listenPort: 1791, programClusterRoutes: 'Enabled' }),
  configuration({ prefixAdvertisements: [] }, 'node.a'),
  remove('BGPConfiguration', 'node.a'),
  peer('g', { node: 'a', peerIP: 'fd00::9', asNumber: 65000 }),
  peer('n', { peerSelector: 'this is no selector' }),
  peer('z', { peerIP: '10.8.0.1', asNumber: 64999 }),
  remove('BGPPeer', 'z'),
  filter('f', { exportV6: [{ action: 'Accept' }] }),
  filter('nowhere', { exportV4: [{ action: 'Accept' }] }),
  remove('BGPFilter', 'nowhere'),
  secret('s', 'k', undefined),
  workload('vm', 'b', ['10.65.0.5/32'], { bgp: 'yes' }),
  service('web', { clusterIP: 'None' }),
  slice('web-1', 'two', [{ nodeName: 'b' }]),
  remove('Node', 'c'),
  remove('Node', 'd'),
  remove('BlockAffinity', 'a-10.65.0.0/26'),
]
/** Objects of the noise that are not in the content: gone at the end in any case. */
const leftovers = [remove('BGPConfiguration', 'node.a'), remove('BGPPeer', 'z'), remove('BGPFilter', 'nowhere')]

describe('the program', () => {
  it('depends on the content, never on the path', () => {
    const expected = make.programOf(content)
    expect(expected.problems.map(({ code }) => code)).toEqual([
      'contradictory-peers',
      'ignored-configuration',
      'no-filter',
      'replaced-session',
      'replaced-session',
      'unknown-community',
      'unreadable',
    ])
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...noise, ...content), { maxLength: 40 }),
        fc.shuffledSubarray([...content, ...leftovers], { minLength: content.length + leftovers.length }),
        fc.infiniteStream(fc.boolean()),
        (churn, last, flushes) => {
          const topology = createBgpTopology({ node: 'a' })
          let program = topology.flush()
          const apply = (change: BgpChange): void => {
            topology.apply(change)
            if (flushes.next().value) program = topology.flush() ?? program
          }
          for (const change of churn) apply(change)
          for (const change of last) apply(change)
          program = topology.flush() ?? program
          expect(program).toEqual(expected)
          expect(topology.flush()).toBeUndefined()
        },
      ),
      { numRuns: 300 },
    )
  })

  it('leaves out what cannot be read, says so, and takes it when it can', () => {
    const topology = createBgpTopology({ node: 'a' })
    for (const change of [node('a', '10.9.0.1/24'), node('b', 'nonsense'), peer('x', { peerSelector: '((' })])
      topology.apply(change)
    const before = topology.flush()
    expect(before?.speaker?.peers).toEqual([])
    expect(before?.problems.map(({ code, objects }) => [code, ...objects])).toEqual([
      ['unreadable', 'BGPPeer(x)'],
      ['unreadable', 'Node(b)'],
    ])
    topology.apply(node('b', '10.9.0.2/24'))
    topology.apply(remove('BGPPeer', 'x'))
    const after = topology.flush()
    expect(after?.problems).toEqual([])
    expect(after?.speaker?.peers).toHaveLength(1)
  })

  it('takes an object without spec for one that says nothing', () => {
    const bare = (kind: string, name: string) =>
      ({ type: 'put', item: { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec: null } }) as never
    const changes = [node('a', '10.9.0.1/24'), node('b', '10.9.0.2/24'), bare('BGPConfiguration', 'default')]
    const program = make.programOf([...changes, bare('BGPFilter', 'f'), bare('BGPPeer', 'x'), bare('Node', 'c')])
    expect(program.speaker?.peers).toHaveLength(1)
    expect(program.problems).toEqual([])
  })

  it('knows of a level for the speaker’s log three words', () => {
    const level = (...changes: BgpChange[]) => make.programOf([node('a', '10.9.0.1/24'), ...changes]).logLevel
    expect(level()).toBe('info')
    expect(level(configuration({ logSeverityScreen: 'Debug' }))).toBe('debug')
    expect(level(configuration({ logSeverityScreen: 'Warning' }))).toBe('none')
    const own = configuration({ logSeverityScreen: 'Info' }, 'node.a')
    expect(level(configuration({ logSeverityScreen: 'Warning' }), own)).toBe('info')
  })
})
