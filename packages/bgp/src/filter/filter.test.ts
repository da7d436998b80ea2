import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Nlri, nlriOf } from '../message/nlri.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { anyFilter, anyFilteredRoute } from '../testing/filters.ts'
import { compileFilter, type Outcome } from './compile.ts'
import { explainFilter, type FilteredRoute } from './explain.ts'
import { type Action, acceptAll, type Filter, type Match, rejectAll, type Statement } from './filter.ts'

const entry = (prefix: string): Nlri => nlriOf(prefix.includes(':') ? 6 : 4, [prefix])

function decide(filter: Filter, route: FilteredRoute): Outcome {
  const stage = compileFilter(filter).forAttributes(route.attributes, route)
  if (stage.kind === 'decided') return stage.outcome
  const { family, words, lengths } = entry(route.prefix)
  return stage.decide(family, words, 0, lengths[0]!)
}

const base: PathAttributes = { origin: 0, asPath: [{ type: 2, asns: [65001, 65002] }] }
const route = (more: Partial<FilteredRoute> = {}): FilteredRoute => ({
  prefix: '10.1.0.0/26',
  attributes: base,
  source: 'bgp',
  peerType: 'external',
  ...more,
})
const statement = (
  match: Match,
  verdict: Statement['verdict'] = 'accept',
  more: Partial<Statement> = {},
): Statement => ({
  origin: `${verdict} ${Object.keys(match).join()}`,
  match,
  verdict,
  ...more,
})
const only = (match: Match): Filter => ({ statements: [statement(match)], otherwise: 'reject' })

describe('a condition', () => {
  const set = (prefix: string, min: number, max: number): Match => ({ prefixes: [{ prefix, min, max }] })
  it.each<[name: string, match: Match, matching: Partial<FilteredRoute>, other: Partial<FilteredRoute>]>([
    ['family', { family: 6 }, { prefix: 'fd00::/64' }, {}],
    ['prefixes: inside', set('10.1.0.0/16', 16, 32), { prefix: '10.1.2.3/32' }, { prefix: '10.2.0.0/32' }],
    ['prefixes: itself', set('10.1.0.0/16', 16, 16), { prefix: '10.1.0.0/16' }, { prefix: '10.1.0.0/17' }],
    ['prefixes: not around', set('10.1.0.0/16', 0, 32), { prefix: '10.1.0.0/16' }, { prefix: '10.0.0.0/8' }],
    ['prefixes: everything', set('0.0.0.0/0', 0, 32), { prefix: '0.0.0.0/0' }, { prefix: '::/0' }],
    ['prefixes: IPv6', set('fd00:0:1::/48', 64, 128), { prefix: 'fd00:0:1:2::/64' }, { prefix: 'fd00:0:1::/48' }],
    ['notPrefixes', { notPrefixes: [{ prefix: '10.1.0.0/16', min: 26, max: 32 }] }, { prefix: '10.1.0.0/25' }, {}],
    ['sources', { sources: ['kernel', 'static'] }, { source: 'static' }, { source: 'direct' }],
    ['interfaces', { interfaces: ['*.cali', 'tunl0'] }, { interface: 'vxlan.cali' }, { interface: 'vxlanXcali' }],
    ['interfaces, of a route without', { interfaces: ['*'] }, { interface: 'eth0' }, {}],
    ['gateway', { gateway: true }, { gateway: true }, {}],
    ['peerType', { peerType: 'internal' }, { peerType: 'internal' }, { peerType: 'external' }],
    [
      'communities: every one of them',
      { communities: [7, [1, 2, 3]] },
      { attributes: { ...base, communities: [5, 7], largeCommunities: [[1, 2, 3]] } },
      { attributes: { ...base, communities: [7] } },
    ],
    ['asPathPrefix', { asPathPrefix: [65001] }, {}, { attributes: { ...base, asPath: [] } }],
    [
      'asPathPrefix across segments, a set as one element',
      { asPathPrefix: [1, 3, 4] },
      {
        attributes: {
          asPath: [
            { type: 3, asns: [9] },
            { type: 2, asns: [1] },
            { type: 1, asns: [2, 3] },
            { type: 2, asns: [4] },
          ],
        },
      },
      { attributes: { asPath: [{ type: 2, asns: [1, 3] }] } },
    ],
    ['localPref', { localPref: { min: 200, max: 200 } }, { attributes: { ...base, localPref: 200 } }, {}],
    ['localPref of a route without', { localPref: { min: 100, max: 100 } }, {}, { attributes: { localPref: 101 } }],
  ])('%s', (_, match, matching, other) => {
    expect(decide(only(match), route(matching)).verdict).toBe('accept')
    expect(decide(only(match), route(other)).verdict).toBe('reject')
    expect(explainFilter(only(match), route(other)).steps[0]).toMatchObject({
      result: 'failed',
      failed: Object.keys(match)[0],
    })
  })

  it('holds together with every other one, and an empty match always', () => {
    const both = only({ peerType: 'external', sources: ['static'] })
    expect(explainFilter(both, route()).steps[0]).toMatchObject({ failed: 'sources' })
    expect(decide(only({}), route()).verdict).toBe('accept')
    expect(decide(only({ prefixes: [] }), route()).verdict).toBe('reject')
  })
})

describe('an action', () => {
  const after = (actions: readonly Action[], attributes: PathAttributes = base): PathAttributes =>
    decide({ statements: [statement({}, 'next', { actions })], otherwise: 'accept' }, route({ attributes })).attributes

  it('adds and removes communities, sorted and once', () => {
    const added = after([
      { do: 'addCommunity', community: 9 },
      { do: 'addCommunity', community: 3 },
      { do: 'addCommunity', community: 9 },
      { do: 'addCommunity', community: [1, 2, 3] },
    ])
    expect(added).toEqual({ ...base, communities: [3, 9], largeCommunities: [[1, 2, 3]] })
    const removed = after(
      [3, 9, [1, 2, 3] as const, 4].map((community) => ({ do: 'removeCommunity', community })),
      added,
    )
    expect(removed).toEqual(base)
  })
  it('prepends a list in its own order', () => {
    expect(after([{ do: 'prependAsPath', asns: [1, 2] }]).asPath).toEqual([{ type: 2, asns: [1, 2, 65001, 65002] }])
  })
  it('sets LOCAL_PREF, MED and the preference', () => {
    const filter: Filter = {
      statements: [
        statement({}, 'accept', {
          actions: [
            { do: 'setLocalPref', value: 5 },
            { do: 'setMed', value: 6 },
            { do: 'setPreference', value: 200 },
          ],
        }),
      ],
      otherwise: 'reject',
    }
    expect(decide(filter, route())).toEqual({
      verdict: 'accept',
      attributes: { ...base, localPref: 5, med: 6 },
      preference: 200,
      statement: 'accept ',
    })
  })
  it('of an earlier statement is seen by later conditions', () => {
    const filter: Filter = {
      statements: [
        statement({ prefixes: [{ prefix: '10.1.0.0/16', min: 16, max: 32 }] }, 'next', {
          actions: [{ do: 'addCommunity', community: 7 }],
        }),
        statement({ communities: [7] }, 'accept'),
      ],
      otherwise: 'reject',
    }
    expect(decide(filter, route())).toMatchObject({ verdict: 'accept', attributes: { communities: [7] } })
    expect(decide(filter, route({ prefix: '10.2.0.0/16' })).verdict).toBe('reject')
  })
})

describe('an outcome', () => {
  it('has the identical attributes when nothing changed or the route is rejected', () => {
    const noise: Filter = {
      statements: [
        statement({}, 'next', {
          actions: [
            { do: 'addCommunity', community: 7 },
            { do: 'removeCommunity', community: 7 },
          ],
        }),
      ],
      otherwise: 'accept',
    }
    expect(decide(noise, route()).attributes).toBe(base)
    const rejecting: Filter = {
      statements: [statement({}, 'reject', { actions: [{ do: 'setMed', value: 1 }] })],
      otherwise: 'accept',
    }
    expect(decide(rejecting, route()).attributes).toBe(base)
  })

  it('names the statement that decided, or none', () => {
    expect(decide(only({}), route()).statement).toBe('accept ')
    expect(decide(acceptAll, route())).toEqual({ verdict: 'accept', attributes: base })
    expect(decide(rejectAll, route())).toEqual({ verdict: 'reject', attributes: base })
  })

  it('is one object for equal results of one attribute set', () => {
    const tag = (prefix: string): Statement =>
      statement({ prefixes: [{ prefix, min: 0, max: 32 }] }, 'next', {
        actions: [{ do: 'addCommunity', community: 7 }],
      })
    const filter: Filter = { statements: [tag('10.1.0.0/16'), tag('10.2.0.0/16')], otherwise: 'accept' }
    const stage = compileFilter(filter).forAttributes(base, route())
    if (stage.kind === 'decided') throw new Error('the prefix matters')
    const { words, lengths } = nlriOf(4, ['10.1.0.0/26', '10.2.0.0/16', '10.3.0.0/16', '10.1.0.64/26'])
    const [first, second, third, fourth] = [0, 1, 2, 3].map((i) => stage.decide(4, words, i, lengths[i]!))
    expect(second).toBe(first)
    expect(fourth).toBe(first)
    expect(third).not.toBe(first)
    expect(third?.attributes).toBe(base)
  })

  it('is known without prefix where no prefix matters any more', () => {
    const inside: Match = { prefixes: [{ prefix: '10.0.0.0/8', min: 8, max: 32 }] }
    const filter: Filter = {
      statements: [statement({ ...inside, peerType: 'internal' }, 'reject'), statement({ sources: ['bgp'] })],
      otherwise: 'reject',
    }
    const stage = (peerType: 'internal' | 'external') => compileFilter(filter).forAttributes(base, route({ peerType }))
    expect(stage('external').kind).toBe('decided')
    expect(stage('internal').kind).toBe('by-prefix')
  })
})

describe('a hash', () => {
  it('is equal for equal filters whatever the order of keys, and differs with any part', () => {
    const filter: Filter = { statements: [statement({ family: 4, peerType: 'internal' })], otherwise: 'reject' }
    const same: Filter = {
      otherwise: 'reject',
      statements: [{ verdict: 'accept', match: { peerType: 'internal', family: 4 }, origin: 'accept family,peerType' }],
    }
    expect(compileFilter(same).hash).toBe(compileFilter(filter).hash)
    expect(compileFilter(filter).hash).toMatch(/^[0-9a-f]{32}$/)
    expect(compileFilter({ ...filter, otherwise: 'accept' }).hash).not.toBe(compileFilter(filter).hash)
  })
})

describe('a compiled filter', () => {
  it('decides every route as the statements read one by one', () => {
    fc.assert(
      fc.property(anyFilter, fc.array(anyFilteredRoute, { minLength: 1, maxLength: 20 }), (filter, routes) => {
        const compiled = compileFilter(filter)
        for (const each of routes) {
          const stage = compiled.forAttributes(each.attributes, each)
          // The other prefixes first: what one leaves behind must not change the next.
          const outcomes = [...routes, each].map(({ prefix }) => {
            const { family, words, lengths } = entry(prefix)
            return stage.kind === 'decided' ? stage.outcome : stage.decide(family, words, 0, lengths[0]!)
          })
          const { outcome } = explainFilter(filter, each)
          expect(outcomes.at(-1)).toEqual(outcome)
          expect(outcomes.at(-1)?.attributes === each.attributes).toBe(outcome.attributes === each.attributes)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('reads nothing of statements that are about other prefixes', () => {
    const blocks = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
    const filter: Filter = {
      statements: blocks.map((prefix) =>
        statement({ prefixes: [{ prefix, min: 24, max: 24 }], communities: [7] }, 'reject'),
      ),
      otherwise: 'accept',
    }
    let reads = 0
    const attributes: PathAttributes = {
      get communities() {
        reads++
        return [7]
      },
    }
    const stage = compileFilter(filter).forAttributes(attributes, route())
    if (stage.kind === 'decided') throw new Error('the prefix matters')
    reads = 0
    const { words, lengths } = nlriOf(4, blocks)
    for (let i = 0; i < blocks.length; i++) expect(stage.decide(4, words, i, lengths[i]!).verdict).toBe('reject')
    expect(reads).toBe(blocks.length)
  })
})
