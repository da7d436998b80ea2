import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WellKnownCommunity } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { localAs, path, RibLab } from '../testing/rib-lab.ts'
import type { DecisionStep, RibPeer } from './contract.ts'

const prefix = '10.1.0.0/16'

interface Side {
  readonly address?: string
  readonly as?: number
  readonly peer?: Partial<RibPeer>
  readonly attributes?: PathAttributes
}

/** Preference 200 for what this filter sees. */
const lifted: Partial<RibPeer> = {
  importFilter: {
    statements: [{ origin: 'lift', match: {}, actions: [{ do: 'setPreference', value: 200 }], verdict: 'accept' }],
    otherwise: 'reject',
  },
}

/** Two paths that differ in one thing: the first wins, the second loses at the step. */
const rows: readonly (readonly [step: DecisionStep, what: string, winner: Side, loser: Side])[] = [
  [
    'preference',
    'a higher preference, though unequal in all else',
    { peer: lifted, attributes: path(64513, 1, 2) },
    { address: '192.0.2.9' },
  ],
  [
    'resolvable',
    'a next hop that resolves',
    { attributes: path(64513, 1, 2) },
    { address: '192.0.2.9', attributes: { nextHop: '203.0.113.1' } },
  ],
  [
    'llgr-stale',
    'no LLGR_STALE',
    { attributes: path(64513, 1) },
    { address: '192.0.2.9', attributes: { communities: [WellKnownCommunity.LLGR_STALE] } },
  ],
  [
    'local-pref',
    'a higher LOCAL_PREF',
    { attributes: { localPref: 101, ...path(64513, 1) } },
    { address: '192.0.2.9' },
  ],
  ['local-pref', 'LOCAL_PREF absent, which is 100', {}, { address: '192.0.2.9', attributes: { localPref: 99 } }],
  [
    'as-path-length',
    'a shorter AS_PATH',
    { attributes: { ...path(64513), origin: 2 } },
    { address: '192.0.2.9', attributes: path(64513, 1) },
  ],
  [
    'as-path-length',
    'a set, which counts one',
    { attributes: { asPath: [{ type: 1, asns: [64513, 1, 2] }], origin: 2 } },
    { address: '192.0.2.9', attributes: path(64513, 1) },
  ],
  [
    'origin',
    'a lower ORIGIN',
    { attributes: { origin: 1, med: 9 } },
    { address: '192.0.2.9', attributes: { origin: 2 } },
  ],
  [
    'med',
    'a lower MED of the same neighbour, though internal',
    { as: localAs, attributes: { med: 4 } },
    { address: '192.0.2.9', attributes: { med: 5 } },
  ],
  ['med', 'MED absent, which is 0', {}, { address: '192.0.2.9', attributes: { med: 1 } }],
  ['external', 'an external peer', { address: '192.0.2.9' }, { as: localAs }],
  [
    'igp-metric',
    'a nearer next hop',
    { address: '192.0.2.9', attributes: { nextHop: '192.0.2.50' } },
    { attributes: { nextHop: '192.0.2.51' } },
  ],
  [
    'originator-id',
    'a lower ORIGINATOR_ID',
    { address: '192.0.2.9', as: localAs, attributes: { originatorId: '1.1.1.1' } },
    { as: localAs },
  ],
  ['originator-id', "a peer's lower identifier", {}, { address: '192.0.2.9' }],
  [
    'cluster-list-length',
    'a shorter CLUSTER_LIST',
    { address: '192.0.2.9', as: localAs, attributes: { originatorId: '1.1.1.1', clusterList: ['5.5.5.5'] } },
    { as: localAs, attributes: { originatorId: '1.1.1.1', clusterList: ['5.5.5.5', '6.6.6.6'] } },
  ],
  [
    'peer-address',
    "a peer's lower address, as a number",
    { address: '192.0.2.9', as: localAs, attributes: { originatorId: '1.1.1.1' } },
    { address: '192.0.2.10', as: localAs, attributes: { originatorId: '1.1.1.1' } },
  ],
]

function contest(order: 'winner first' | 'loser first', winner: Side, loser: Side): RibLab {
  const lab = new RibLab({ maxPaths: 1 })
  lab.rib.resolveNextHop('203.0.113.1', undefined)
  lab.rib.resolveNextHop('192.0.2.51', { metric: 20 })
  const sides = order === 'winner first' ? [winner, loser] : [loser, winner]
  for (const { address = '192.0.2.2', as = 64513, peer, attributes } of sides)
    lab.receive(lab.peer(address, as, peer), [prefix], { ...path(64513), ...attributes })
  return lab
}

describe('the decision process', () => {
  for (const [step, what, winner, loser] of rows)
    it(`${step}: prefers ${what}`, () => {
      for (const order of ['winner first', 'loser first'] as const) {
        const views = contest(order, winner, loser).views(prefix)
        const [won, lost] = [winner, loser].map(({ address = '192.0.2.2' }) =>
          views.find(({ peer }) => peer === address),
        )
        expect([won?.status, lost?.status, lost?.lostAt]).toEqual(['best', 'lost', step])
      }
    })

  it('has an example for every step but the last', () => {
    const all: DecisionStep[] = [
      'preference',
      'resolvable',
      'llgr-stale',
      'local-pref',
      'as-path-length',
      'origin',
      'med',
      'external',
      'igp-metric',
      'originator-id',
      'cluster-list-length',
      'peer-address',
    ]
    expect([...new Set(rows.map(([step]) => step))]).toEqual(all)
  })

  it('path-id: tells paths of one peer apart at last', () => {
    const lab = new RibLab({ maxPaths: 1 })
    const peer = lab.peer('192.0.2.2', 64513)
    lab.receive(peer, [prefix], path(64513), 7)
    lab.receive(peer, [prefix], path(64513), 3)
    expect(lab.views(prefix).map(({ pathId, status, lostAt }) => [pathId, status, lostAt])).toEqual([
      [3, 'best', undefined],
      [7, 'lost', 'path-id'],
    ])
  })

  it('compares MED within each neighbouring AS only', () => {
    const lab = contest(
      'winner first',
      { attributes: { ...path(64513), med: 50 } },
      { address: '192.0.2.9', attributes: { ...path(64514), med: 5 } },
    )
    expect(lab.best(prefix)?.paths.map(({ peer }) => peer)).toEqual(['192.0.2.2'])
  })

  it('lets a local route win over a BGP route of equal preference, and lose to a higher one', () => {
    for (const [preference, winner] of [
      [200, 'block'],
      [240, 'block'],
      [100, undefined],
    ] as const) {
      const lab = new RibLab()
      lab.receive(lab.peer('192.0.2.2', 64513, lifted), [prefix], path(64513))
      lab.rib.announce({ prefix, id: 'block', source: 'static', preference, attributes: {} })
      expect(lab.best(prefix)?.paths.map(({ localRouteId }) => localRouteId)).toEqual([winner])
    }
  })

  it('has no best path when nothing resolves, and says so', () => {
    const lab = new RibLab({}, 'unreachable')
    lab.receive(lab.peer('192.0.2.2', 64513), [prefix], path(64513))
    expect(lab.best(prefix)).toBeUndefined()
    expect(lab.views(prefix)[0]).toMatchObject({ status: 'lost', lostAt: 'resolvable' })
    expect([...lab.rib.nextHops()]).toEqual(['192.0.2.2'])
    lab.rib.resolveNextHop('192.0.2.2', { metric: 3, interface: 'eth0' })
    expect(lab.best(prefix)?.paths[0]?.resolution).toEqual({ metric: 3, interface: 'eth0' })
  })

  it('shares traffic among paths that are equal up to the metric, at most so many', () => {
    const lab = new RibLab({ maxPaths: 2 })
    for (const last of [4, 2, 3])
      lab.receive(lab.peer(`192.0.2.${last}`, 64513), [prefix], { ...path(64513), nextHop: `192.0.2.${last}` })
    lab.receive(lab.peer('192.0.2.5', localAs), [prefix], path(64513))
    expect(lab.best(prefix)?.paths.map(({ nextHop }) => nextHop)).toEqual(['192.0.2.2', '192.0.2.3'])
    expect(
      lab
        .views(prefix)
        .map(({ peer, status, lostAt }) => [peer, status, lostAt])
        .sort(),
    ).toEqual([
      ['192.0.2.2', 'best', undefined],
      ['192.0.2.3', 'equal', undefined],
      ['192.0.2.4', 'lost', 'originator-id'],
      ['192.0.2.5', 'lost', 'external'],
    ])
  })

  it('takes any number of paths', () => {
    const lab = new RibLab({ maxPaths: 64 })
    for (let last = 2; last < 60; last++) lab.receive(lab.peer(`192.0.2.${last}`, 64513), [prefix], path(64513))
    expect(lab.views(prefix).filter(({ status }) => status === 'equal')).toHaveLength(57)
    expect(lab.best(prefix)?.paths.map(({ peer }) => peer)[0]).toBe('192.0.2.2')
  })

  it('ends the same in whatever order paths come', () => {
    const choice = fc.record({
      as: fc.constantFrom(64513, 64514, localAs),
      neighbor: fc.constantFrom(64513, 64514),
      med: fc.constantFrom(0, 5, 10),
      localPref: fc.constantFrom(100, 100, 200),
      nextHop: fc.constantFrom('192.0.2.50', '192.0.2.51'),
    })
    const any = fc
      .array(choice, { minLength: 2, maxLength: 6 })
      .chain((paths) =>
        fc.tuple(fc.constant(paths), fc.shuffledSubarray([...paths.keys()], { minLength: paths.length })),
      )
    fc.assert(
      fc.property(any, ([paths, order]) => {
        const outcomes = [[...paths.keys()], order].map((indices) => {
          const lab = new RibLab()
          lab.rib.resolveNextHop('192.0.2.51', { metric: 10 })
          const peers = paths.map(({ as }, i) => lab.peer(`192.0.2.${i + 2}`, as))
          for (const i of indices) {
            const { neighbor, med, localPref, nextHop } = paths[i] as (typeof paths)[number]
            lab.receive(peers[i] as number, [prefix], { ...path(neighbor), med, localPref, nextHop })
            if (i % 2 === 0) lab.settle()
          }
          return lab.best(prefix)
        })
        expect(outcomes[1]).toEqual(outcomes[0])
      }),
      { numRuns: 300 },
    )
  })
})
