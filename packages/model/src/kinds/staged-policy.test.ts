import { describe, expect, it } from 'vitest'
import type { AnyResource, Kind, ResourceOf } from '../index.ts'
import { apiVersion, findErrors, kinds, prepareCreate, prepareUpdate, present, withDefaults } from '../index.ts'

const ports = { clock: { wallMs: () => 0 }, random: { uuid: () => 'u' } }

const make = <K extends Kind>(kind: K, spec: object, metadata: object = {}): ResourceOf<K> =>
  ({
    apiVersion,
    kind,
    metadata: { name: 'x', ...(kinds[kind].namespaced && { namespace: 'ns' }), ...metadata },
    spec,
  }) as unknown as ResourceOf<K>

const reasonAt = (resource: AnyResource, path: string): string | undefined =>
  findErrors(resource).find((error) => error.path === path)?.reason

const both = ['StagedNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const
const allow = { action: 'Allow' }

describe.each(both)('%s', (kind) => {
  it.each<[object, string, RegExp]>([
    [{ stagedAction: 'set' }, 'spec.stagedAction', /one of Set, Delete, Learn, Ignore/],
    [{ selector: 'a' }, 'spec.selector', /invalid selector/],
    [{ selector: 'global()' }, 'spec.selector', /can only be used/],
    [{ serviceAccountSelector: '(' }, 'spec.serviceAccountSelector', /invalid selector/],
    [{ types: ['Ingress', 'Ingress'] }, 'spec.types[1]', /'Ingress' type specified more than once/],
    [{ performanceHints: ['x'] }, 'spec.performanceHints[0]', /AssumeNeededOnEveryNode/],
    [{ order: '1' }, 'spec.order', /must be a number/],
    [{ ingress: [{ action: 'x' }] }, 'spec.ingress[0].action', /Allow, Deny, Log, Pass/],
    [
      { ingress: [{ ...allow, source: { nets: ['10.0.0.1/8'] } }] },
      'spec.ingress[0].source.nets[0]',
      /host bits|write/,
    ],
    [
      { ingress: [{ ...allow, destination: { services: { name: 's' } } }] },
      'spec.ingress[0].destination.services',
      /ing/,
    ],
    [{ egress: [{ ...allow, http: {} }] }, 'spec.egress[0].http', /not allowed in egress/],
    [{ stagedAction: 'Delete', selector: 'all()' }, 'spec.selector', /except Tier, should all be zero-value/],
    [{ stagedAction: 'Delete', order: 0 }, 'spec.order', /zero-value if stagedAction is Delete/],
    [{ stagedAction: 'Delete', ingress: [allow] }, 'spec.ingress', /zero-value/],
    [{ stagedAction: 'Delete', egress: [allow] }, 'spec.egress', /zero-value/],
    [{ stagedAction: 'Delete', serviceAccountSelector: 'all()' }, 'spec.serviceAccountSelector', /zero-value/],
    [{ stagedAction: 'Delete', performanceHints: ['AssumeNeededOnEveryNode'] }, 'spec.performanceHints', /zero-value/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt(make(kind, spec), path)).toMatch(reason)
  })

  it.each<[object, object, string | undefined]>([
    [{}, { stagedAction: 'Set', tier: 'default', types: ['Ingress'] }, 'default'],
    [
      { stagedAction: 'Learn', tier: 'platform', egress: [allow] },
      { stagedAction: 'Learn', tier: 'platform', egress: [allow], types: ['Egress'] },
      'platform',
    ],
    [
      { stagedAction: 'Delete', tier: 'platform', types: ['Ingress'], ingress: [], selector: '' },
      { stagedAction: 'Delete', tier: 'platform' },
      'platform',
    ],
  ])('%o is written as %o', (spec, written, tier) => {
    const created = prepareCreate(make(kind, spec), ports)
    expect(created.spec).toEqual(written)
    expect(created.metadata.labels).toEqual({ 'projectcalico.org/tier': tier })
    const read = { ...created, metadata: { ...created.metadata, resourceVersion: '1' } } as AnyResource
    expect(prepareUpdate(read, read)).toEqual(read)
  })

  it('is shown with a tier label', () => {
    expect(present(make(kind, { tier: 'a' })).metadata.labels).toEqual({ 'projectcalico.org/tier': 'default' })
  })

  it('has a name of at most two labels', () => {
    expect(reasonAt(make(kind, {}, { name: 'a.b.c' }), 'metadata.name')).toMatch(/at most one dot/)
    expect(reasonAt(make(kind, {}, { name: 'a'.repeat(254) }), 'metadata.name')).toMatch(/too long by 1 bytes/)
    expect(reasonAt(make(kind, {}, { name: 'a.b' }), 'metadata.name')).toBeUndefined()
    const ofKubernetes = make(kind, {}, { name: 'knp.default.a.b' })
    expect(findErrors(ofKubernetes)).toHaveLength(kind === 'StagedNetworkPolicy' ? 0 : 1)
  })
})

describe('StagedGlobalNetworkPolicy alone', () => {
  it.each<[object, string, RegExp]>([
    [{ namespaceSelector: 'global()' }, 'spec.namespaceSelector', /can only be used/],
    [{ preDNAT: true, doNotTrack: true, applyOnForward: true }, 'spec.preDNAT', /both be true/],
    [{ preDNAT: true, applyOnForward: true, egress: [allow] }, 'spec.egress', /Egress rules/],
    [{ preDNAT: true, applyOnForward: true, types: ['Egress'] }, 'spec.types', /'Egress' Type/],
    [{ doNotTrack: true }, 'spec.applyOnForward', /must be true/],
    [
      { ingress: [{ ...allow, source: { services: { name: 's' } } }] },
      'spec.ingress[0].source.services.namespace',
      /must specify a namespace/,
    ],
    [{ stagedAction: 'Delete', namespaceSelector: 'all()' }, 'spec.namespaceSelector', /zero-value/],
    [{ stagedAction: 'Delete', applyOnForward: true }, 'spec.applyOnForward', /zero-value/],
    [{ stagedAction: 'Delete', doNotTrack: true }, 'spec.doNotTrack', /zero-value/],
    [{ stagedAction: 'Delete', preDNAT: true }, 'spec.preDNAT', /zero-value/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt(make('StagedGlobalNetworkPolicy', spec), path)).toMatch(reason)
  })
})

describe('StagedKubernetesNetworkPolicy', () => {
  const of = (spec: object) => make('StagedKubernetesNetworkPolicy', spec)
  const expression = (value: object) => ({ podSelector: { matchExpressions: [value] } })
  const port = (value: object) => ({ ingress: [{ ports: [value] }] })
  const block = (value: object) => ({ egress: [{ to: [{ ipBlock: value }] }] })

  it.each<[object, string, RegExp]>([
    [{ stagedAction: 'x' }, 'spec.stagedAction', /one of Set/],
    [{ policyTypes: ['ingress'] }, 'spec.policyTypes[0]', /Ingress, Egress/],
    [{ policyTypes: ['Egress', 'Egress'] }, 'spec.policyTypes[1]', /more than once/],
    [{ policyTypes: ['Egress', 'Ingress', 'Egress'] }, 'spec.policyTypes', /at most 2/],
    [{ podSelector: { matchLabels: { 'a b': 'c' } } }, 'spec.podSelector.matchLabels[a b]', /alphanumeric/],
    [{ podSelector: { matchLabels: { a: 'b c' } } }, 'spec.podSelector.matchLabels.a', /label value/],
    [expression({ key: 'a' }), 'spec.podSelector.matchExpressions[0].operator', /In, NotIn, Exists/],
    [expression({ key: '', operator: 'Exists' }), 'spec.podSelector.matchExpressions[0].key', /key must/],
    [expression({ key: 'a', operator: 'In' }), 'spec.podSelector.matchExpressions[0].values', /must be specified/],
    [
      expression({ key: 'a', operator: 'Exists', values: ['b'] }),
      'spec.podSelector.matchExpressions[0].values',
      /may not be specified/,
    ],
    [port({ protocol: 'tcp' }), 'spec.ingress[0].ports[0].protocol', /TCP, UDP, SCTP/],
    [port({ port: 0 }), 'spec.ingress[0].ports[0].port', /between 1 and 65535/],
    [port({ port: '65536' }), 'spec.ingress[0].ports[0].port', /between 1 and 65535/],
    [port({ port: 'Web' }), 'spec.ingress[0].ports[0].port', /port name/],
    [port({ endPort: 5 }), 'spec.ingress[0].ports[0].endPort', /number of a port/],
    [port({ port: 'web', endPort: 5 }), 'spec.ingress[0].ports[0].endPort', /number of a port/],
    [port({ port: 9, endPort: 5 }), 'spec.ingress[0].ports[0].endPort', /greater than or equal/],
    [block({ cidr: 'x' }), 'spec.egress[0].to[0].ipBlock.cidr', /invalid CIDR/],
    [block({ cidr: '10.0.0.0/8', except: ['x'] }), 'spec.egress[0].to[0].ipBlock.except[0]', /invalid CIDR/],
    [block({ cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] }), 'spec.egress[0].to[0].ipBlock.except[0]', /within 10/],
    [{ ingress: [{ from: {} }] }, 'spec.ingress[0].from', /must be a list/],
    [
      { stagedAction: 'Delete', podSelector: { matchLabels: { a: 'b' } } },
      'spec.podSelector',
      /^Spec fields should all/,
    ],
    [{ stagedAction: 'Delete', ingress: [{}] }, 'spec.ingress', /zero-value if stagedAction is Delete/],
    [{ stagedAction: 'Delete', egress: [{}] }, 'spec.egress', /zero-value/],
    [{ stagedAction: 'Delete', policyTypes: ['Egress'] }, 'spec.policyTypes', /zero-value/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt(of(spec), path)).toMatch(reason)
  })

  it.each<object>([
    { stagedAction: 'Set' },
    { stagedAction: 'Delete', podSelector: {} },
    {
      stagedAction: 'Set',
      podSelector: {
        matchLabels: { app: 'db' },
        matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['', 'b'] }],
      },
      ingress: [
        {
          from: [
            { podSelector: {}, namespaceSelector: {} },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
          ],
        },
        { ports: [{ protocol: 'UDP', port: 'dns' }, { port: 8000, endPort: 8080 }, { port: '80' }] },
      ],
      egress: [{}],
      policyTypes: ['Ingress', 'Egress'],
    },
  ])('may be %o, and is written so: no types, no tier', (spec) => {
    expect(findErrors(of(spec), { unknownFields: 'reject' })).toEqual([])
    expect(withDefaults(of(spec)).spec).toEqual(spec)
    expect(prepareCreate(of(spec), ports).metadata.labels).toBeUndefined()
  })
})
