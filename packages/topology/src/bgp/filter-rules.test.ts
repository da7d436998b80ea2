import { explainFilter, type FilteredRoute } from '@tortie/bgp'
import type { BGPFilterRule } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { filter, node, peer, programOf } from '../testing/bgp-resources.ts'

type Rule = Omit<BGPFilterRule, 'action'> & { readonly action?: 'Accept' | 'Reject' }

const nodes = [node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })]

/** The filters of a session whose BGPFilter has these rules in the list. */
function filtersWith(
  list: 'exportV4' | 'importV4' | 'exportV6' | 'importV6',
  rules: readonly Rule[],
  asNumber = 65000,
) {
  const peerIP = list.endsWith('4') ? '192.0.2.1' : 'fd00::9'
  const program = programOf([
    ...nodes,
    peer('x', { peerIP, asNumber, filters: ['f'] }),
    filter('f', { [list]: rules.map((rule) => ({ action: 'Accept', ...rule })) }),
  ])
  const [session] = program.speaker?.peers ?? []
  if (!session) throw new Error('no session')
  return { ...session, problems: program.problems }
}

const base: FilteredRoute = {
  prefix: '10.1.0.0/26',
  attributes: { origin: 0, asPath: [] },
  source: 'kernel',
  peerType: 'external',
}

/** Whether a route is accepted by an export rule; everything else is rejected. */
function matches(rule: Rule, route: Partial<FilteredRoute>): boolean {
  const list = route.prefix?.includes(':') ? 'exportV6' : 'exportV4'
  const { exportFilter } = filtersWith(list, [rule])
  return explainFilter(exportFilter, { ...base, ...route }).outcome.verdict === 'accept'
}

describe('an export rule', () => {
  const cidr = '10.1.0.0/16'
  it.each<[name: string, rule: Rule, matching: readonly string[], others: readonly string[]]>([
    ['Equal', { cidr, matchOperator: 'Equal' }, ['10.1.0.0/16'], ['10.1.0.0/17', '10.0.0.0/8']],
    ['NotEqual', { cidr, matchOperator: 'NotEqual' }, ['10.1.0.0/17', '10.0.0.0/8'], ['10.1.0.0/16']],
    ['In', { cidr, matchOperator: 'In' }, ['10.1.0.0/16', '10.1.9.9/32'], ['10.0.0.0/8', '10.2.0.0/16']],
    ['NotIn', { cidr, matchOperator: 'NotIn' }, ['10.0.0.0/8', '10.2.0.0/16'], ['10.1.0.0/16', '10.1.9.9/32']],
    [
      'In with prefixLength',
      { cidr, matchOperator: 'In', prefixLength: { min: 24, max: 28 } },
      ['10.1.0.0/24', '10.1.0.0/28'],
      ['10.1.0.0/23', '10.1.0.0/29', '10.2.0.0/24'],
    ],
    [
      'In with a minimum below the CIDR',
      { cidr, matchOperator: 'In', prefixLength: { min: 8 } },
      ['10.1.0.0/16', '10.1.0.0/32'],
      ['10.0.0.0/8'],
    ],
    [
      'NotIn with prefixLength',
      { cidr, matchOperator: 'NotIn', prefixLength: { max: 24 } },
      ['10.1.0.0/25', '10.2.0.0/16'],
      ['10.1.0.0/16', '10.1.0.0/24'],
    ],
    [
      'Equal, whatever its prefixLength (trap 22)',
      { cidr, matchOperator: 'Equal', prefixLength: { min: 24 } },
      ['10.1.0.0/16'],
      ['10.1.0.0/24'],
    ],
    ['no condition', {}, ['10.1.0.0/16', '0.0.0.0/0'], []],
    [
      'In, IPv6',
      { cidr: 'fd65::/48', matchOperator: 'In', prefixLength: { min: 122 } },
      ['fd65::/122', 'fd65::1/128'],
      ['fd65::/121', 'fd66::/122'],
    ],
  ])('%s', (_, rule, matching, others) => {
    for (const prefix of matching) expect(matches(rule, { prefix }), prefix).toBe(true)
    for (const prefix of others) expect(matches(rule, { prefix }), prefix).toBe(false)
  })

  it.each<[name: string, rule: Rule, matching: Partial<FilteredRoute>, other: Partial<FilteredRoute>]>([
    ['source', { source: 'RemotePeers' }, { source: 'bgp' }, { source: 'static' }],
    ['interface', { interface: 'eth*' }, { interface: 'eth0' }, {}],
    ['peerType eBGP', { peerType: 'eBGP' }, { peerType: 'external' }, { peerType: 'internal' }],
    ['peerType iBGP', { peerType: 'iBGP' }, { peerType: 'internal' }, { peerType: 'external' }],
    [
      'communities',
      { communities: { values: ['65000:7'] } },
      { attributes: { communities: [65000 * 65536 + 7] } },
      { attributes: { communities: [7] } },
    ],
    [
      'large communities',
      { communities: { values: ['1:2:3'] } },
      { attributes: { largeCommunities: [[1, 2, 3]] } },
      { attributes: { largeCommunities: [[1, 2, 4]] } },
    ],
    [
      'asPathPrefix',
      { asPathPrefix: [64512, '1.0' as never] },
      { attributes: { asPath: [{ type: 2, asns: [64512, 65536, 3] }] } },
      { attributes: { asPath: [{ type: 2, asns: [65536] }] } },
    ],
    ['priority', { priority: 512 }, { attributes: { localPref: 2_147_483_135 } }, { attributes: { localPref: 512 } }],
  ])('%s', (_, rule, matching, other) => {
    expect(matches(rule, matching)).toBe(true)
    expect(matches(rule, other)).toBe(false)
    // Conditions are all to hold.
    expect(matches({ ...rule, cidr: '10.2.0.0/16', matchOperator: 'In' }, matching)).toBe(false)
  })

  it('does its operations in order', () => {
    const { exportFilter } = filtersWith('exportV4', [
      {
        operations: [
          { addCommunity: { value: '65000:7' } },
          { addCommunity: { value: '1:2:3' } },
          { prependASPath: { prefix: [65001, 65002] } },
          { setPriority: { value: 512 } },
        ],
      },
    ])
    const attributes = { origin: 0, asPath: [{ type: 2, asns: [64512] }] } as const
    expect(explainFilter(exportFilter, { ...base, attributes }).outcome.attributes).toEqual({
      origin: 0,
      // Left of the AS of this node, which is there already (trap 10).
      asPath: [{ type: 2, asns: [65001, 65002, 64512] }],
      communities: [65000 * 65536 + 7],
      largeCommunities: [[1, 2, 3]],
      localPref: 2_147_483_135,
    })
  })

  it('is the first that matches', () => {
    const { exportFilter } = filtersWith('exportV4', [
      { interface: 'eth0' },
      { action: 'Reject', cidr: '10.1.0.0/16', matchOperator: 'In' },
      {},
    ])
    const statement = (more: Partial<FilteredRoute>) =>
      explainFilter(exportFilter, { ...base, ...more }).outcome.statement
    expect(statement({ interface: 'eth0' })).toBe('BGPFilter(f).exportV4[0]')
    expect(statement({})).toBe('BGPFilter(f).exportV4[1]')
    expect(statement({ prefix: '10.2.0.0/16' })).toBe('BGPFilter(f).exportV4[2]')
  })

  it('with a prefixLength that says nothing is told', () => {
    const rule = { cidr: '10.1.0.0/16', matchOperator: 'NotEqual', prefixLength: { min: 24 } } as const
    expect(filtersWith('exportV4', [rule]).problems).toMatchObject([
      { code: 'needless-prefix-length', objects: ['BGPFilter(f)'], why: expect.stringContaining('exportV4[0]') },
    ])
  })
})

describe('what is learned', () => {
  const imported = (rules: readonly Rule[], route: Partial<FilteredRoute> = {}) =>
    explainFilter(filtersWith('importV4', rules).importFilter, { ...base, source: 'bgp', ...route }).outcome

  it('is accepted, the default route too', () => {
    expect(imported([], { prefix: '0.0.0.0/0' })).toMatchObject({ verdict: 'accept' })
    expect(imported([], { attributes: { localPref: 2_147_482_623 } })).not.toHaveProperty('preference')
  })

  it('and has more than normal priority is preferred like what is static', () => {
    expect(imported([], { attributes: { localPref: 2_147_482_624 } })).toMatchObject({ preference: 200 })
  })

  it('and a BGPFilter accepts or rejects is not looked at further (trap 9)', () => {
    const rule: Rule = { cidr: '10.1.0.0/16', matchOperator: 'In' }
    const fast = { attributes: { localPref: 2_147_483_135 } }
    expect(imported([rule], fast)).not.toHaveProperty('preference')
    expect(imported([{ ...rule, action: 'Reject' }], fast)).toMatchObject({
      verdict: 'reject',
      statement: 'BGPFilter(f).importV4[0]',
    })
    expect(imported([{ ...rule, action: 'Reject' }], { prefix: '10.2.0.0/16' })).toMatchObject({ verdict: 'accept' })
  })

  it('can be given a priority, which is its metric in the kernel', () => {
    expect(imported([{ operations: [{ setPriority: { value: 1024 } }] }]).attributes.localPref).toBe(2_147_482_623)
  })
})
