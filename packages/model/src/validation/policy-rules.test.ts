import { describe, expect, it } from 'vitest'
import type { GlobalNetworkPolicySpec, NetworkPolicySpec, Rule } from '../index.ts'
import { apiVersion, findErrors } from '../index.ts'

type Loose = Record<string, unknown>

const policyErrors = (spec: Loose) =>
  findErrors({
    apiVersion,
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'ns' },
    spec: spec as NetworkPolicySpec,
  })

const globalErrors = (spec: Loose) =>
  findErrors({
    apiVersion,
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'p' },
    spec: spec as GlobalNetworkPolicySpec,
  })

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

describe('rules', () => {
  const at = 'spec.ingress[0]'
  it.each<[string, Loose, string, RegExp]>([
    ['no action', {}, '.action', /is required; write one of Allow, Deny, Log, Pass/],
    ['an unknown action', { action: 'allow' }, '.action', /one of Allow, Deny, Log, Pass/],
    ['ipVersion 5', { ipVersion: 5 }, '.ipVersion', /4 or 6/],
    ['a protocol in lower case', { protocol: 'tcp' }, '.protocol', /protocol name invalid; write one of TCP/],
    ['protocol 0', { protocol: 0 }, '.protocol', /1 to 255/],
    ['protocol 256', { notProtocol: '256' }, '.notProtocol', /1 to 255/],
    ['protocol true', { protocol: true }, '.protocol', /whole number or text/],
    ['ICMP with ipVersion 6', { protocol: 'ICMP', ipVersion: 6 }, '.ipVersion', /ipVersion to 4 with protocol ICMP/],
    ['not ICMPv6 with 4', { notProtocol: 'ICMPv6', ipVersion: 4 }, '.ipVersion', /ipVersion to 6/],
    ['icmp without protocol', { icmp: { type: 8 } }, '.icmp', /set protocol to ICMP/],
    ['icmp with TCP', { protocol: 'TCP', icmp: { type: 8 } }, '.icmp', /set protocol to ICMP/],
    ['icmp type 255', { protocol: 'ICMP', icmp: { type: 255 } }, '.icmp.type', /at most 254/],
    ['icmp code 256', { protocol: 'ICMP', icmp: { type: 8, code: 256 } }, '.icmp.code', /at most 255/],
    ['icmp code without type', { protocol: 1, icmp: { code: 0 } }, '.icmp.code', /without an ICMP type/],
    ['notICMP code without type', { protocol: 1, notICMP: { code: 0 } }, '.notICMP.code', /without an ICMP type/],
    ['a net with host bits', { source: { nets: ['10.0.0.1/8'] } }, '.source.nets[0]', /write 10.0.0.0\/8/],
    ['a bare address', { source: { nets: ['10.0.0.1'] } }, '.source.nets[0]', /add its length, 10.0.0.1\/32/],
    ['a bare IPv6 address', { source: { notNets: ['fd00::1'] } }, '.source.notNets[0]', /fd00::1\/128/],
    ['no net', { destination: { nets: ['x'] } }, '.destination.nets[0]', /invalid CIDR/],
    ['a net that is no text', { destination: { nets: [1] } }, '.destination.nets[0]', /must be text/],
    ['257 nets', { source: { nets: many(257, (i) => `10.${i % 256}.0.0/16`) } }, '.source.nets', /at most 256 entries/],
    ['both families', { source: { nets: ['10.0.0.0/8', 'fd00::/8'] } }, '.source.nets[1]', /both IPv4 and IPv6/],
    [
      'both families on two sides',
      { source: { nets: ['10.0.0.0/8'] }, destination: { notNets: ['fd00::/8'] } },
      '.destination.notNets[0]',
      /both IPv4 and IPv6/,
    ],
    ['nets of another family', { ipVersion: 6, source: { nets: ['10.0.0.0/8'] } }, '.source.nets[0]', /doesn't match/],
    ['everything excluded', { source: { notNets: ['0.0.0.0/0'] } }, '.source.notNets[0]', /every address/],
    ['everything excluded, IPv6', { destination: { notNets: ['::/0'] } }, '.destination.notNets[0]', /every address/],
    ['a bad selector', { source: { selector: 'a =' } }, '.source.selector', /invalid selector: .* character 3/],
    ['a bad notSelector', { source: { notSelector: '(' } }, '.source.notSelector', /invalid selector/],
    ['a selector of 1025', { source: { selector: `a == "${'x'.repeat(1018)}"` } }, '.source.selector', /at most 1024/],
    ['global() in selector', { source: { selector: 'global()' } }, '.source.selector', /namespaceSelector/],
    [
      'global() with others',
      { source: { namespaceSelector: 'global() || has(a)' } },
      '.source.namespaceSelector',
      /cannot be combined/,
    ],
    ['numeric ports without protocol', { destination: { ports: [80] } }, '.destination.ports', /set protocol to TCP/],
    ['ports of ICMP', { protocol: 'ICMP', source: { ports: ['http'] } }, '.source.ports', /set protocol to TCP/],
    ['ports of UDPLite', { protocol: 'UDPLite', source: { notPorts: [1] } }, '.source.notPorts', /set protocol to TCP/],
    ['port 0', { protocol: 'TCP', source: { ports: [0] } }, '.source.ports[0]', /between 1 and 65535/],
    ['port 65536', { protocol: 'TCP', source: { ports: [65_536] } }, '.source.ports[0]', /from 0 to 65535/],
    ['a range backwards', { protocol: 'TCP', source: { ports: ['9:8'] } }, '.source.ports[0]', /backwards/],
    ['a range from 0', { protocol: 'TCP', source: { ports: ['0:8'] } }, '.source.ports[0]', /between 1 and 65535/],
    ['51 ports', { protocol: 'TCP', source: { ports: many(51, (i) => i + 1) } }, '.source.ports', /at most 50/],
    ['a service without name', { source: { services: {} } }, '.source.services.name', /must specify a service name/],
    [
      'a service and a selector',
      { source: { services: { name: 's' }, selector: 'all()' } },
      '.source.services',
      /cannot specify Selector\/NotSelector and Services/,
    ],
    [
      'a service and nets',
      { source: { services: { name: 's' }, notNets: ['10.0.0.0/8'] } },
      '.source.services',
      /Nets\/NotNets/,
    ],
    [
      'a service and a namespace selector',
      { source: { services: { name: 's' }, namespaceSelector: 'all()' } },
      '.source.services',
      /NamespaceSelector/,
    ],
    [
      'a service and service accounts',
      { source: { services: { name: 's' }, serviceAccounts: { names: ['a'] } } },
      '.source.services',
      /ServiceAccounts/,
    ],
    [
      'a long service name',
      { source: { services: { name: 'x'.repeat(254) } } },
      '.source.services.name',
      /at most 253/,
    ],
    [
      'an ingress destination service',
      { destination: { services: { name: 's' } } },
      '.destination.services',
      /ingress/,
    ],
    [
      'a bad service account selector',
      { source: { serviceAccounts: { selector: '!' } } },
      '.source.serviceAccounts.selector',
      /invalid selector/,
    ],
    ['http with Deny', { action: 'Deny', http: {} }, '.http', /only valid for Allow/],
    ['http with UDP', { protocol: 'UDP', http: {} }, '.protocol', /HTTP fields must set protocol to TCP/],
    ['a method twice', { http: { methods: ['GET', 'GET'] } }, '.http.methods', /duplicates/],
    ['21 methods', { http: { methods: many(21, String) } }, '.http.methods', /at most 20/],
    ['two paths in one', { http: { paths: [{ exact: '/a', prefix: '/b' }] } }, '.http.paths[0]', /keep one/],
    ['no path in one', { http: { paths: [{}] } }, '.http.paths[0]', /must be set/],
    ['a path without slash', { http: { paths: [{ exact: 'a' }] } }, '.http.paths[0].exact', /must start with/],
    ['a path with query', { http: { paths: [{ prefix: '/a?b' }] } }, '.http.paths[0].prefix', /not contain/],
    ['a bad annotation', { metadata: { annotations: { 'a b': 'c' } } }, '.metadata.annotations[a b]', /alphanumeric/],
  ])('%s', (_what, rule, path, reason) => {
    const errors = policyErrors({ ingress: [Object.keys(rule).length === 0 ? rule : { action: 'Allow', ...rule }] })
    expect(errors.map((error) => error.path)).toContain(at + path)
    expect(errors.find((error) => error.path === at + path)?.reason).toMatch(reason)
  })

  it.each<[string, Partial<Rule>]>([
    ['named ports without protocol', { destination: { ports: ['http'] } }],
    ['ports of protocol 132', { protocol: 132, destination: { ports: [1, '2:3', 'http'] } }],
    ['digits as text', { protocol: '6' as 'TCP', destination: { ports: ['80'] } }],
    ['global() alone', { source: { namespaceSelector: ' global( ) ' } }],
    ['ICMPv6 by number', { protocol: 58, ipVersion: 6, icmp: { type: 128 } }],
    ['an ingress source service', { source: { services: { name: 's', namespace: 'ns' } } }],
    ['http', { protocol: 'TCP', http: { methods: ['GET'], paths: [{ exact: '/a' }, { prefix: '/b' }] } }],
  ])('%s is fine', (_what, rule) => {
    expect(policyErrors({ ingress: [{ action: 'Allow', ...rule }] })).toEqual([])
  })
})

describe('policies', () => {
  it.each<[string, Loose, string, RegExp]>([
    ['a type twice', { types: ['Ingress', 'Ingress'] }, 'spec.types[1]', /more than once/],
    ['three types', { types: ['Ingress', 'Egress', 'Egress'] }, 'spec.types', /at most 2/],
    ['an unknown type', { types: ['ingress'] }, 'spec.types[0]', /one of Ingress, Egress/],
    ['a bad selector', { selector: 'a' }, 'spec.selector', /invalid selector/],
    ['global() in selector', { selector: 'has(a) && global()' }, 'spec.selector', /can only be used/],
    [
      'global() for service accounts',
      { serviceAccountSelector: 'global()' },
      'spec.serviceAccountSelector',
      /can only/,
    ],
    [
      'a hint twice',
      { performanceHints: many(2, () => 'AssumeNeededOnEveryNode') },
      'spec.performanceHints[1]',
      /once/,
    ],
    ['an unknown hint', { performanceHints: ['x'] }, 'spec.performanceHints[0]', /AssumeNeededOnEveryNode/],
    ['order as text', { order: '1' }, 'spec.order', /must be a number/],
    ['1025 rules', { egress: many(1025, () => ({ action: 'Deny' })) }, 'spec.egress', /at most 1024/],
    ['rules that are no list', { ingress: {} }, 'spec.ingress', /must be a list/],
    ['a rule that is no object', { ingress: [1] }, 'spec.ingress[0]', /must be an object/],
    [
      'an egress source service',
      { egress: [{ action: 'Allow', source: { services: { name: 's' } } }] },
      'spec.egress[0].source.services',
      /egress rule source/,
    ],
    [
      'ports with an egress destination service',
      { egress: [{ action: 'Allow', protocol: 'TCP', destination: { services: { name: 's' }, ports: [1] } }] },
      'spec.egress[0].destination.ports',
      /cannot specify ports with a service/,
    ],
    ['egress http', { egress: [{ action: 'Allow', http: {} }] }, 'spec.egress[0].http', /not allowed in egress/],
  ])('%s', (_what, spec, path, reason) => {
    for (const errors of [policyErrors(spec), globalErrors(spec)])
      expect(errors.find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it.each<[string, Loose, string, RegExp]>([
    [
      'preDNAT and doNotTrack',
      { preDNAT: true, doNotTrack: true, applyOnForward: true },
      'spec.preDNAT',
      /both be true/,
    ],
    ['preDNAT with egress', { preDNAT: true, egress: [{ action: 'Deny' }] }, 'spec.egress', /Egress rules/],
    ['preDNAT with type Egress', { preDNAT: true, types: ['Egress'] }, 'spec.types', /'Egress' Type/],
    ['preDNAT without applyOnForward', { preDNAT: true }, 'spec.applyOnForward', /must be true/],
    ['doNotTrack without applyOnForward', { doNotTrack: true }, 'spec.applyOnForward', /must be true/],
    ['a bad namespaceSelector', { namespaceSelector: 'x' }, 'spec.namespaceSelector', /invalid selector/],
    ['global() as namespaceSelector', { namespaceSelector: 'global()' }, 'spec.namespaceSelector', /can only be used/],
    [
      'a service without namespace',
      { ingress: [{ action: 'Allow', source: { services: { name: 's' } } }] },
      'spec.ingress[0].source.services.namespace',
      /must specify a namespace/,
    ],
    [
      'an egress service without namespace',
      { egress: [{ action: 'Allow', destination: { services: { name: 's' } } }] },
      'spec.egress[0].destination.services.namespace',
      /must specify a namespace/,
    ],
  ])('global: %s', (_what, spec, path, reason) => {
    expect(globalErrors(spec).find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it('all fields that are wrong are named at once', () => {
    const errors = policyErrors({
      selector: '(',
      ingress: [
        { action: 'Allow', protocol: 'x' },
        { action: 'Allow', source: { nets: ['10.0.0.1/8', 'y'] } },
      ],
    })
    expect(errors.map(({ path }) => path)).toEqual([
      'spec.ingress[0].protocol',
      'spec.ingress[1].source.nets[0]',
      'spec.ingress[1].source.nets[1]',
      'spec.selector',
    ])
    expect(errors.map(({ value }) => value)).toEqual(['x', '10.0.0.1/8', 'y', '('])
  })
})
