import { describe, expect, it } from 'vitest'
import { DataplaneError } from './errors.ts'
import type { Flow } from './flow.ts'
import { interpret } from './interpret.ts'
import type { EndpointProgram, IpSet, PolicyProgram, PolicyRules, Rule, TierProgram } from './policy-program.ts'

const any = { source: {}, destination: {} }
const rule = (action: Rule['action'], terms: Partial<Rule> = {}, index = 0): Rule => ({
  action,
  ...any,
  index,
  ...terms,
})
const tier = (name: string, policies: string[], defaultAction: 'deny' | 'pass' = 'deny'): TierProgram => ({
  name,
  policies,
  defaultAction,
})
const pod: EndpointProgram = {
  kind: 'workload',
  interface: 'cali1',
  active: true,
  addresses: ['10.0.0.1/32', 'fd00::1/128'],
  spoofablePrefixes: ['172.16.0.0/12'],
  ingress: [],
  egress: [],
  profiles: [],
}
const sets = new Map<string, IpSet>([
  ['s:web', { type: 'net', members: new Set(['10.0.0.2/32', '10.1.0.0/16', 'fd00::2/128']) }],
  ['s:none', { type: 'net', members: new Set() }],
  ['n:http', { type: 'ip-port', members: new Set(['10.0.0.1,tcp:8080', 'fd00::1,17:53']) }],
])
/** Ingress of one policy in one tier, unless the endpoint says otherwise. */
const program = (ingress: Rule[], endpoint: Partial<EndpointProgram> = {}): PolicyProgram => ({
  ipSets: sets,
  policies: new Map([['gnp/p', { ingress, egress: [] }]]),
  endpoints: new Map([['prod/pod', { ...pod, ingress: [tier('default', ['gnp/p'])], ...endpoint }]]),
})
const tcp: Flow = { source: '10.0.0.2', destination: '10.0.0.1', protocol: 6, sourcePort: 40_000, destinationPort: 80 }
const tcp6: Flow = { ...tcp, source: 'fd00::2', destination: 'fd00::1' }
const ping: Flow = { source: '10.0.0.2', destination: '10.0.0.1', protocol: 1, icmpType: 8, icmpCode: 0 }
const esp: Flow = { source: '10.0.0.2', destination: '10.0.0.1', protocol: 50 }

describe('one rule', () => {
  it.each<{ given: string; terms: Partial<Rule>; flow: Flow; matches: boolean }>([
    { given: 'no terms', terms: {}, flow: tcp, matches: true },
    { given: 'the other IP version', terms: { ipVersion: 6 }, flow: tcp, matches: false },
    { given: 'the protocol', terms: { protocol: 6 }, flow: tcp6, matches: true },
    { given: 'another protocol', terms: { protocol: 17 }, flow: tcp, matches: false },
    { given: 'notProtocol of another', terms: { notProtocol: 17 }, flow: tcp, matches: true },
    { given: 'notProtocol of this', terms: { notProtocol: 6 }, flow: tcp, matches: false },
    { given: 'a CIDR that holds', terms: { source: { nets: ['10.0.0.0/8'] } }, flow: tcp, matches: true },
    { given: 'one of two CIDRs', terms: { source: { nets: ['11.0.0.0/8', '10.0.0.0/8'] } }, flow: tcp, matches: true },
    { given: 'a CIDR of the other family', terms: { source: { nets: ['fd00::/8'] } }, flow: tcp, matches: false },
    { given: 'a negated CIDR that holds', terms: { source: { notNets: ['10.0.0.0/8'] } }, flow: tcp, matches: false },
    { given: 'a negated CIDR elsewhere', terms: { source: { notNets: ['11.0.0.0/8'] } }, flow: tcp, matches: true },
    { given: 'negated, other family', terms: { source: { notNets: ['fd00::/8'] } }, flow: tcp, matches: false },
    { given: 'negated everything', terms: { source: { notNets: ['0.0.0.0/0'] } }, flow: tcp, matches: false },
    { given: 'an empty list', terms: { source: { nets: [], notNets: [] } }, flow: tcp, matches: true },
    { given: 'a set that holds', terms: { source: { ipSets: ['s:web'] } }, flow: tcp, matches: true },
    { given: 'a set, IPv6', terms: { source: { ipSets: ['s:web'] } }, flow: tcp6, matches: true },
    { given: 'sets are ANDed', terms: { source: { ipSets: ['s:web', 's:none'] } }, flow: tcp, matches: false },
    { given: 'negated set', terms: { source: { notIpSets: ['s:web'] } }, flow: tcp, matches: false },
    { given: 'negated sets are all absent', terms: { source: { notIpSets: ['s:none'] } }, flow: tcp, matches: true },
    { given: 'a port in range', terms: { destination: { ports: [{ first: 1, last: 80 }] } }, flow: tcp, matches: true },
    { given: 'a port outside', terms: { destination: { ports: [{ first: 1, last: 79 }] } }, flow: tcp, matches: false },
    { given: 'not a port', terms: { destination: { notPorts: [{ first: 80, last: 80 }] } }, flow: tcp, matches: false },
    {
      given: 'ports, no ports',
      terms: { destination: { ports: [{ first: 0, last: 65535 }] } },
      flow: esp,
      matches: false,
    },
    {
      given: 'not a port, none',
      terms: { destination: { notPorts: [{ first: 80, last: 80 }] } },
      flow: esp,
      matches: false,
    },
    {
      given: 'a named port, other number',
      terms: { destination: { namedPorts: ['n:http'] } },
      flow: tcp,
      matches: false,
    },
    {
      given: 'a named port',
      terms: { destination: { namedPorts: ['n:http'] } },
      flow: { ...tcp, destinationPort: 8080 },
      matches: true,
    },
    {
      given: 'a number or a named port',
      terms: { destination: { ports: [{ first: 80, last: 80 }], namedPorts: ['n:http'] } },
      flow: tcp,
      matches: true,
    },
    {
      given: 'a member that names its protocol by number',
      terms: { destination: { ipPortSets: ['n:http'] } },
      flow: { ...tcp6, protocol: 17, destinationPort: 53 },
      matches: true,
    },
    { given: 'negated named port', terms: { destination: { notNamedPorts: ['n:http'] } }, flow: tcp, matches: true },
    { given: 'negated named, no ports', terms: { source: { notNamedPorts: ['n:http'] } }, flow: esp, matches: false },
    { given: 'an ICMP type', terms: { icmp: { type: 8 } }, flow: ping, matches: true },
    { given: 'an ICMP type and code', terms: { icmp: { type: 8, code: 1 } }, flow: ping, matches: false },
    { given: 'not this type', terms: { notIcmp: { type: 8 } }, flow: ping, matches: false },
    { given: 'not this type with another code', terms: { notIcmp: { type: 8, code: 1 } }, flow: ping, matches: true },
    { given: 'not an ICMP type, TCP', terms: { notIcmp: { type: 8 } }, flow: tcp, matches: false },
    {
      given: 'ICMP over IPv6 is not ICMPv6',
      terms: { icmp: { type: 8 } },
      flow: { ...ping, source: 'fd00::2', destination: 'fd00::1' },
      matches: false,
    },
  ])('$given: $matches', ({ terms, flow, matches }) => {
    const { verdict } = interpret(program([rule('allow', terms)]), 'prod/pod', 'ingress', flow)
    expect(verdict).toBe(matches ? 'allow' : 'deny')
  })
})

describe('the order of things', () => {
  const policies = new Map<string, PolicyRules>([
    ['gnp/allow', { ingress: [rule('log', {}, 0), rule('allow', {}, 1)], egress: [rule('allow')] }],
    ['gnp/pass', { ingress: [rule('pass')], egress: [rule('pass')] }],
    ['gnp/deny', { ingress: [rule('deny')], egress: [rule('deny')] }],
    ['gnp/empty', { ingress: [], egress: [] }],
    ['pro/allow', { ingress: [rule('allow')], egress: [rule('allow')] }],
    ['pro/deny', { ingress: [rule('deny')], egress: [rule('deny')] }],
  ])
  const ask = (endpoint: Partial<EndpointProgram>, flow = tcp, direction: 'ingress' | 'egress' = 'ingress') =>
    interpret(
      { ipSets: sets, policies, endpoints: new Map([['prod/pod', { ...pod, ...endpoint }]]) },
      'prod/pod',
      direction,
      flow,
    )

  it('goes on after Log, and stops at Allow', () => {
    const { verdict, trace } = ask({ ingress: [tier('t', ['gnp/empty', 'gnp/allow', 'gnp/deny'])] })
    expect(verdict).toBe('allow')
    const at = { tier: 't', policy: 'gnp/allow', direction: 'ingress' }
    expect(trace).toEqual([
      { at: 'policy-end', tier: 't', policy: 'gnp/empty' },
      { at: 'rule', ...at, index: 0, action: 'log' },
      { at: 'rule', ...at, index: 1, action: 'allow' },
    ])
  })
  it('leaves the tier at Pass, whatever the default action', () => {
    expect(ask({ ingress: [tier('t', ['gnp/pass', 'gnp/deny']), tier('u', ['gnp/allow'])] }).verdict).toBe('allow')
  })
  it('denies at the end of a tier that nothing matched', () => {
    const { verdict, trace } = ask({ ingress: [tier('t', ['gnp/empty']), tier('u', ['gnp/allow'])] })
    expect([verdict, trace.at(-1)]).toEqual(['deny', { at: 'tier-end', tier: 't', action: 'deny' }])
  })
  it('goes on to the next tier where the default action is Pass', () => {
    expect(ask({ ingress: [tier('t', ['gnp/empty'], 'pass'), tier('u', ['gnp/allow'])] }).verdict).toBe('allow')
  })
  it('asks profiles after the tiers, in order', () => {
    expect(ask({ profiles: ['gnp/pass', 'gnp/empty', 'pro/allow', 'pro/deny'] }).verdict).toBe('allow')
    expect(ask({ profiles: ['pro/deny', 'pro/allow'] }).verdict).toBe('deny')
    expect(ask({ ingress: [tier('t', ['gnp/deny'])], profiles: ['pro/allow'] }).verdict).toBe('deny')
  })
  it('denies where nothing is said', () => {
    expect(ask({})).toEqual({ verdict: 'deny', trace: [{ at: 'no-match' }] })
  })
  it('takes each direction by itself', () => {
    const out = { ...tcp, source: '10.0.0.1', destination: '10.0.0.2' }
    expect(ask({ ingress: [tier('t', ['gnp/deny'])], profiles: ['pro/allow'] }, out, 'egress').verdict).toBe('allow')
  })
  it('drops everything of an endpoint that is down', () => {
    expect(ask({ active: false, profiles: ['pro/allow'] }).trace).toEqual([{ at: 'inactive' }])
  })
  it('lets an endpoint send only from its own and its spoofable addresses', () => {
    const from = (source: string) => ask({ profiles: ['pro/allow'] }, { ...tcp, source }, 'egress')
    expect(from('10.0.0.1').verdict).toBe('allow')
    expect(from('172.20.0.1').verdict).toBe('allow')
    expect(from('10.0.0.3')).toEqual({ verdict: 'deny', trace: [{ at: 'spoofed-source' }] })
  })
})

describe('what cannot be answered', () => {
  const code = (ask: () => unknown): string => {
    try {
      ask()
    } catch (error) {
      if (error instanceof DataplaneError) return error.code
    }
    return 'none'
  }
  it.each<[string, string, Flow, PolicyProgram]>([
    ['dataplane/unknown-endpoint', 'prod/other', tcp, program([])],
    ['dataplane/bad-flow', 'prod/pod', { ...tcp, source: 'x' }, program([])],
    ['dataplane/bad-flow', 'prod/pod', { ...tcp, source: 'fd00::1' }, program([])],
    ['dataplane/dangling-reference', 'prod/pod', tcp, program([rule('allow', { source: { ipSets: ['s:gone'] } })])],
    ['dataplane/dangling-reference', 'prod/pod', tcp, program([], { ingress: [tier('t', ['gnp/gone'])] })],
  ])('%s', (expected, endpoint, flow, program) => {
    expect(code(() => interpret(program, endpoint, 'ingress', flow))).toBe(expected)
  })
})
