import type { AnyResource, EntityRule, Rule } from '@tortie/model'
import fc from 'fast-check'
import { oneOf } from './rules.ts'

const badEntities: readonly EntityRule[] = [
  { nets: ['10.65.0.0/16', '10.65.0/16'] },
  { notNets: ['::1/129'] },
  { selector: "app = 'web'" },
  { notSelector: 'has(' },
  { namespaceSelector: "env == 'live" },
  { ports: ['9:8'] },
  { serviceAccounts: { selector: '()' } },
]

const badRules: readonly Rule[] = [
  ...badEntities.map((source): Rule => ({ action: 'Allow', source })),
  ...badEntities.map((destination): Rule => ({ action: 'Pass', protocol: 'TCP', destination })),
  { action: 'allow' as 'Allow' },
  { action: 'Deny', protocol: 'tpc' },
  { action: 'Log', protocol: 'ICMP', icmp: { code: 1 } },
  ...[null, 'Allow', [], {}, { action: 'Allow', source: 'all()' }, { action: 'Allow', source: { ports: 80 } }].map(
    (rule) => rule as unknown as Rule,
  ),
  { action: 'Allow', source: { nets: 10 as unknown as string[] } },
  { action: 'Allow', destination: { serviceAccounts: [] as object } },
]

/** Spec fields that no validation lets through, by kind. */
const badFields: Readonly<Record<string, readonly object[]>> = {
  WorkloadEndpoint: [
    { interfaceName: '' },
    { interfaceName: 'cali1' },
    { interfaceName: 'cali2' },
    { ipNetworks: [] },
    { ipNetworks: ['10.65.0.0/24'] },
    { ipNetworks: ['10.65.0.1'] },
    { mac: 'ee:ee' },
    { allowSpoofedSourcePrefixes: ['nowhere'] },
    { ports: [{ name: 'http', protocol: null, port: '80' }] },
    { profiles: 'kns.prod' },
    { serviceAccountName: null, profiles: null },
  ],
  NetworkPolicy: [
    { selector: 'app =' },
    { selector: 5 },
    { types: 'Ingress' },
    { ingress: null, selector: null },
    { serviceAccountSelector: '(' },
    { order: null },
  ],
  GlobalNetworkPolicy: [
    { selector: 'app =' },
    { egress: 'Allow' },
    { order: 'first' },
    { selector: 5 },
    { types: 'Ingress' },
    { ingress: null, selector: null },
    { namespaceSelector: '(' },
    { serviceAccountSelector: '(' },
  ],
  Tier: [{ order: null }, { order: '1' }, { defaultAction: 'pass' }],
  Profile: [{ labelsToApply: { app: 1 } }, { labelsToApply: null }, { ingress: {} }],
  NetworkSet: [{ nets: '10.0.0.0/8' }, { nets: null }, { nets: ['192.0.2.0/25', 'nowhere', '10.65.0.1'] }],
  GlobalNetworkSet: [{ nets: ['192.0.2.0/25', 'nowhere', '10.65.0.1'] }],
}

/** Now and then with something in it that was written past validation. */
export function damaged(resource: AnyResource): fc.Arbitrary<AnyResource> {
  const fields = badFields[resource.kind] ?? []
  const options = [
    ...fields.map((bad) => fc.constant({ ...resource, spec: { ...resource.spec, ...bad } } as AnyResource)),
    ...('ingress' in resource.spec ? [withBadRule(resource, 'ingress'), withBadRule(resource, 'egress')] : []),
  ]
  if (options.length === 0) return fc.constant(resource)
  return fc.oneof({ weight: 4, arbitrary: fc.constant(resource) }, { weight: 1, arbitrary: fc.oneof(...options) })
}

function withBadRule(resource: AnyResource, direction: 'ingress' | 'egress'): fc.Arbitrary<AnyResource> {
  const rules = (resource.spec as { readonly [D in typeof direction]?: readonly Rule[] })[direction] ?? []
  return fc.tuple(oneOf(badRules), fc.nat(rules.length)).map(
    ([bad, at]) =>
      ({
        ...resource,
        spec: { ...resource.spec, [direction]: [...rules.slice(0, at), bad, ...rules.slice(at)] },
      }) as AnyResource,
  )
}
