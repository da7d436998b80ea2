import type { EntityMatch, Rule } from '@tortie/dataplane'
import { type Rule as ModelRule, parseSelector, selectorId, uniqueId } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { IpSetIds } from './ip-set.ts'
import { type CompiledRules, compileRules } from './rules.ts'

function compile(rule: ModelRule, namespace?: string): CompiledRules {
  return compileRules({ namespace, ingress: [rule], egress: [] }, new IpSetIds())
}

const one = (rule: ModelRule, namespace?: string): Rule | undefined => compile(rule, namespace).rules.ingress[0]
const id = (selector: string): string => selectorId(parseSelector(selector))
const named = (selector: string, protocol: string, port: string): string =>
  uniqueId('n', `${id(selector)},${protocol},${port}`)

describe('fields of a rule', () => {
  it.each<[string, Omit<ModelRule, 'action'>, Partial<Rule>]>([
    ['protocol by name', { protocol: 'TCP' }, { protocol: 6 }],
    ['protocol by number', { protocol: 253 }, { protocol: 253 }],
    ['not a protocol', { notProtocol: 'UDPLite' }, { notProtocol: 136 }],
    ['ICMP is of IPv4', { protocol: 'ICMP', icmp: { type: 8 } }, { protocol: 1, ipVersion: 4, icmp: { type: 8 } }],
    [
      'ICMPv6 is of IPv6',
      { protocol: 'ICMPv6', notICMP: { type: 128, code: 1 } },
      { protocol: 58, ipVersion: 6, notIcmp: { type: 128, code: 1 } },
    ],
    ['family', { ipVersion: 6 }, { ipVersion: 6 }],
    ['an empty ICMP match says nothing', { protocol: 'ICMP', icmp: {} }, { protocol: 1, ipVersion: 4 }],
    ['annotations', { metadata: { annotations: { why: 'because' } } }, { annotations: { why: 'because' } }],
    ['HTTP is not for the kernel', { http: { methods: ['GET'] } }, {}],
  ])('%s', (_name, rule, expected) => {
    expect(one({ action: 'Allow', ...rule })).toEqual({
      action: 'allow',
      source: {},
      destination: {},
      index: 0,
      ...expected,
    })
  })

  it.each<[string, NonNullable<ModelRule['source']>, EntityMatch]>([
    ['nets are masked and once', { nets: ['10.1.2.3/8', '10.0.0.0/8'] }, { nets: ['10.0.0.0/8'] }],
    ['IPv6 nets in canonical text', { notNets: ['FD00:0::/16'] }, { notNets: ['fd00::/16'] }],
    [
      'ports',
      { ports: [80, '1024:2048'] },
      {
        ports: [
          { first: 80, last: 80 },
          { first: 1024, last: 2048 },
        ],
      },
    ],
    ['digits are a number', { notPorts: ['443'] }, { notPorts: [{ first: 443, last: 443 }] }],
    ['a selector', { selector: 'has(a)' }, { ipSets: [id('has(a)')] }],
    ['not a selector', { notSelector: 'has(a)' }, { notIpSets: [id('has(a)')] }],
    ['a named port of anybody', { ports: ['http'] }, { namedPorts: [named('all()', 'tcp', 'http')] }],
    [
      'a named port of those selected makes their set superfluous',
      { selector: 'has(a)', ports: ['http'] },
      { namedPorts: [named('has(a)', 'tcp', 'http')] },
    ],
    [
      'unless there are numbers too',
      { selector: 'has(a)', ports: ['http', 80] },
      {
        ipSets: [id('has(a)')],
        ports: [{ first: 80, last: 80 }],
        namedPorts: [named('has(a)', 'tcp', 'http')],
      },
    ],
    [
      'negated named ports are filtered by the positive selector',
      { selector: 'has(a)', notPorts: ['http'] },
      { ipSets: [id('has(a)')], notNamedPorts: [named('has(a)', 'tcp', 'http')] },
    ],
    [
      'from a service: its addresses',
      { services: { name: 'svc', namespace: 'default' } },
      {
        ipSets: ['svcnoport:T03S_6hogdrGKrNFBcbKTFsH_uKwDHEo8JddOg'],
      },
    ],
  ])('%s', (_name, source, expected) => {
    expect(one({ action: 'Deny', protocol: 'TCP', source })?.source).toEqual(expected)
  })

  it('to a service: addresses with ports', () => {
    const rule = one({ action: 'Allow', destination: { services: { name: 'svc', namespace: 'default' } } })
    expect(rule?.destination).toEqual({ ipPortSets: ['svc:Jhwii46PCMT5NlhWsUqZmv7al8TeHFbNQMhoVg'] })
  })

  it('a service without namespace is in that of the policy', () => {
    const destination = { services: { name: 'svc' } }
    expect(one({ action: 'Allow', destination }, 'default')?.destination).toEqual({
      ipPortSets: ['svc:Jhwii46PCMT5NlhWsUqZmv7al8TeHFbNQMhoVg'],
    })
  })

  it.each([
    [undefined, 'any'],
    ['UDP', 'udp'],
    [132, 'sctp'],
  ] as const)('a named port under protocol %s is looked up as %s', (protocol, name) => {
    const rule = one({ action: 'Allow', ...(protocol && { protocol }), destination: { ports: ['dns'] } })
    expect(rule?.destination).toEqual({ namedPorts: [named('all()', name, 'dns')] })
  })
})

it('names every set it uses, once', () => {
  const { sets } = compileRules(
    {
      namespace: 'prod',
      ingress: [
        { action: 'Allow', source: { selector: 'has(a)' }, destination: { selector: 'has(a)' } },
        { action: 'Allow', protocol: 'UDP', destination: { ports: ['dns'], notSelector: 'has(b)' } },
      ],
      egress: [{ action: 'Allow', destination: { services: { name: 'svc' } } }],
    },
    new IpSetIds(),
  )
  expect([...sets.values()].map(({ kind }) => kind)).toEqual(['selector', 'named-port', 'service'])
})

it('keeps the position of a rule in its resource, also beside rules that can match nothing', () => {
  const ingress: ModelRule[] = [
    { action: 'Log' },
    { action: 'Allow', protocol: 'ICMP', ipVersion: 6 },
    { action: 'Pass' },
  ]
  const { rules, problems } = compileRules({ namespace: undefined, ingress, egress: [] }, new IpSetIds())
  expect(rules.ingress.map(({ action, index }) => [action, index])).toEqual([
    ['log', 0],
    ['pass', 2],
  ])
  expect(problems).toEqual([])
})

it.each<[string, ModelRule, RegExp]>([
  ['a net', { action: 'Allow', source: { nets: ['10.0.0.0/8', '10.0.0/8'] } }, /source\.nets\[1\]: .*10\.0\.0\/8/],
  ['a selector', { action: 'Allow', destination: { selector: 'a = b' } }, /destination\.selector: .*character 3/],
  ['a notSelector', { action: 'Deny', source: { notSelector: 'has(' } }, /source\.notSelector: /],
  ['a namespaceSelector', { action: 'Allow', source: { namespaceSelector: '&&' } }, /source\.namespaceSelector: /],
  [
    'a service account selector',
    { action: 'Allow', source: { serviceAccounts: { selector: '!' } } },
    /serviceAccounts/,
  ],
  ['a service account', { action: 'Allow', source: { serviceAccounts: { names: ["a'"] } } }, /serviceAccounts\.names/],
  ['a port', { action: 'Allow', protocol: 'TCP', destination: { ports: ['9:8'] } }, /destination\.ports\[0\]/],
  ['a protocol', { action: 'Allow', protocol: 'tpc' }, /protocol: /],
  ['protocol 0', { action: 'Allow', notProtocol: 0 }, /notProtocol: /],
  ['an ICMP type', { action: 'Allow', protocol: 1, icmp: { type: 300 } }, /icmp\.type/],
  ['an ICMP code without type', { action: 'Allow', protocol: 1, icmp: { code: 3 } }, /icmp\.code: needs a type/],
  ['an action', { action: 'allow' as 'Allow' }, /action: "allow"/],
  ['a family', { action: 'Allow', ipVersion: 5 as 4 }, /ipVersion/],
])('denies in place of a rule whose %s cannot be read, and says which', (_name, rule, why) => {
  const { rules, problems, sets } = compile(rule)
  expect(rules.ingress).toEqual([{ action: 'deny', source: {}, destination: {}, index: 0 }])
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^ingress\[0\]\./)
  expect(problems[0]).toMatch(why)
  expect(sets.size).toBe(0)
})
