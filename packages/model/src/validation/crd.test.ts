import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyResource, JsonValue, Kind } from '../index.ts'
import { crdOf, formatResource, kinds, withDefaults } from '../index.ts'
import { anyResource } from '../testing/index.ts'

interface Structural {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Structural>>
  readonly additionalProperties?: Structural
  readonly items?: Structural
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly nullable?: boolean
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly Structural[]
  readonly 'x-kubernetes-int-or-string'?: true
}

interface Crd {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: string
    readonly names: Readonly<Record<string, unknown>>
    readonly versions: readonly {
      readonly name: string
      readonly schema: { readonly openAPIV3Schema: Structural }
      readonly subresources: object
      readonly additionalPrinterColumns?: readonly { readonly name: string; readonly jsonPath: string }[]
      readonly selectableFields?: readonly { readonly jsonPath: string }[]
    }[]
  }
}

const names = Object.keys(kinds) as Kind[]
const crd = (kind: Kind): Crd | undefined => crdOf(kind) as Crd | undefined
const withCrd = names.filter((kind) => crd(kind) !== undefined)
const schemaOf = (kind: Kind): Structural => crd(kind)!.spec.versions[0]!.schema.openAPIV3Schema
const at = (kind: Kind, path: string): Structural | undefined =>
  path
    .split('.')
    .reduce<Structural | undefined>(
      (schema, key) => (key === '[]' ? schema?.items : schema?.properties?.[key]),
      schemaOf(kind),
    )

const allowed = new Set([
  'type',
  'properties',
  'additionalProperties',
  'items',
  'required',
  'enum',
  'default',
  'nullable',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'minProperties',
  'maxProperties',
])

/** What Kubernetes demands of a structural schema. */
function* faults(schema: Structural, path: string): Generator<string> {
  if (schema['x-kubernetes-int-or-string']) {
    if (JSON.stringify(schema.anyOf) !== '[{"type":"integer"},{"type":"string"}]') yield `${path}: not int-or-string`
    return
  }
  for (const key of Object.keys(schema)) if (!allowed.has(key)) yield `${path}: ${key}`
  if (!['object', 'array', 'string', 'integer', 'number', 'boolean'].includes(schema.type ?? ''))
    yield `${path}: no type`
  if (schema.properties && schema.additionalProperties) yield `${path}: both properties and additionalProperties`
  if ((schema.type === 'array') !== (schema.items !== undefined)) yield `${path}: items`
  for (const name of schema.required ?? [])
    if (schema.properties?.[name] === undefined || 'default' in schema.properties[name])
      yield `${path}: ${name} required`
  if (schema.default !== undefined) yield* refusals(schema, schema.default as JsonValue, `${path} default`)
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* faults(field, `${path}.${name}`)
  for (const inner of [schema.items, schema.additionalProperties]) if (inner) yield* faults(inner, `${path}[]`)
}

function* scalarRefusals(schema: Structural, value: JsonValue, path: string): Generator<string> {
  if (schema.enum && !schema.enum.includes(value)) yield `${path}: ${value} not in ${schema.enum.join()}`
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : Number(value)
  if (size < (schema.minimum ?? schema.minLength ?? schema.minItems ?? Number.NEGATIVE_INFINITY)) yield `${path}: small`
  if (size > (schema.maximum ?? schema.maxLength ?? schema.maxItems ?? Number.POSITIVE_INFINITY)) yield `${path}: big`
  const { pattern } = schema
  if (pattern && !new RegExp(pattern.replace('(?i)', ''), pattern.startsWith('(?i)') ? 'i' : '').test(String(value)))
    yield `${path}: ${value} does not match ${pattern}`
}

/** Why an API server with this schema would refuse or prune a value. */
function* refusals(schema: Structural, value: JsonValue, path: string): Generator<string> {
  if (value === null) return schema.nullable ? undefined : yield `${path}: null`
  if (schema['x-kubernetes-int-or-string'])
    return typeof value === 'string' || Number.isInteger(value) ? undefined : yield `${path}: not int-or-string`
  const type = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value
  if (type !== schema.type && !(type === 'integer' && schema.type === 'number'))
    yield `${path}: ${type}, not ${schema.type}`
  yield* scalarRefusals(schema, value, path)
  if (Array.isArray(value))
    for (const [i, element] of value.entries()) yield* refusals(schema.items!, element, `${path}[${i}]`)
  else if (typeof value === 'object') {
    for (const name of schema.required ?? []) if (!(name in value)) yield `${path}.${name}: missing`
    for (const [name, field] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
      const inner = schema.properties?.[name] ?? schema.additionalProperties
      if (inner) yield* refusals(inner, field, `${path}.${name}`)
      else if (path !== '.metadata') yield `${path}.${name}: pruned`
    }
  }
}

describe('CRDs', () => {
  it('are there for all kinds that Kubernetes does not have otherwise', () => {
    expect(names.filter((kind) => !withCrd.includes(kind))).toEqual([
      'IPAMConfig',
      'LiveMigration',
      'Node',
      'Profile',
      'WorkloadEndpoint',
    ])
  })

  it.each(withCrd)('%s is named as the table of kinds says', (kind) => {
    const { apiVersion, kind: crdKind, metadata, spec } = crd(kind)!
    const { plural, namespaced, shortNames, hasStatus } = kinds[kind]
    expect([apiVersion, crdKind]).toEqual(['apiextensions.k8s.io/v1', 'CustomResourceDefinition'])
    expect(metadata.name).toBe(`${plural}.projectcalico.org`)
    expect(spec).toMatchObject({ group: 'projectcalico.org', scope: namespaced ? 'Namespaced' : 'Cluster' })
    expect(spec.names).toEqual({
      kind,
      listKind: `${kind}List`,
      plural,
      singular: kind.toLowerCase(),
      ...(shortNames.length > 0 && { shortNames }),
    })
    expect(spec.versions).toHaveLength(1)
    expect(spec.versions[0]).toMatchObject({ name: 'v3', served: true, storage: true })
    expect(spec.versions[0]?.subresources).toEqual(hasStatus ? { status: {} } : {})
    expect(schemaOf(kind).properties?.status !== undefined).toBe(hasStatus)
  })

  it.each(withCrd)('%s has a structural schema', (kind) => {
    expect([...faults(schemaOf(kind), '')]).toEqual([])
    expect(schemaOf(kind).required).toEqual(['metadata', 'spec'])
  })

  it.each<[Kind, string]>([
    ['Tier', 'Order,DefaultAction,Status'],
    ['IPPool', 'CIDR,VXLAN,IPIP,NAT,Allocatable,Age'],
    ['GlobalNetworkPolicy', 'Tier,Order,Age'],
    ['IPAMConfiguration', 'StrictAffinity,MaxBlocksPerHost,AutoAllocateBlocks'],
  ])('%s is shown with the columns %s', (kind, columns) => {
    const shown = crd(kind)?.spec.versions[0]?.additionalPrinterColumns ?? []
    expect(shown.map(({ name }) => name).join()).toBe(columns)
    for (const { jsonPath } of shown) {
      const path = jsonPath.slice(1).replace(/\[.*?\]/, '.[]')
      expect(path === 'metadata.creationTimestamp' || at(kind, path) !== undefined, path).toBe(true)
    }
  })

  it('let policies be selected by tier', () => {
    const selectable = withCrd.filter((kind) => crd(kind)?.spec.versions[0]?.selectableFields !== undefined)
    expect(selectable).toEqual([
      'GlobalNetworkPolicy',
      'NetworkPolicy',
      'StagedGlobalNetworkPolicy',
      'StagedNetworkPolicy',
    ])
  })

  it.each<[Kind, string, object]>([
    ['Tier', 'spec.defaultAction', { type: 'string', enum: ['Deny', 'Pass'], default: 'Deny' }],
    ['Tier', 'spec.order', { type: 'number', default: 1_000_000 }],
    ['NetworkPolicy', 'spec.ingress', { type: 'array', maxItems: 1024 }],
    ['NetworkPolicy', 'spec.ingress.[].ipVersion', { type: 'integer', enum: [4, 6] }],
    ['NetworkPolicy', 'spec.ingress.[].icmp.type', { type: 'integer', minimum: 0, maximum: 254 }],
    ['NetworkPolicy', 'spec.ingress.[].source.ports.[]', { 'x-kubernetes-int-or-string': true }],
    ['NetworkPolicy', 'spec.selector', { type: 'string', maxLength: 1024 }],
    ['BGPFilter', 'spec.exportV4.[].communities.values', { type: 'array', minItems: 1, maxItems: 1 }],
    ['BGPConfiguration', 'spec.logSeverityScreen', { default: 'Info', pattern: expect.stringMatching(/^\(\?i\)\^/) }],
    ['IPAMBlock', 'spec.allocations.[]', { type: 'integer', nullable: true }],
    ['IPAMBlock', 'spec.sequenceNumber', { type: 'integer', format: 'int64' }],
    ['HostEndpoint', 'spec', { type: 'object', required: ['node'] }],
    ['Tier', 'metadata', { type: 'object' }],
    ['Tier', 'status.conditions', { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }],
    ['NetworkPolicy', 'spec.types', { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set' }],
    ['BGPFilter', 'spec.importV6.[].operations.[]', { type: 'object', minProperties: 1, maxProperties: 1 }],
  ])('%s %s is %o', (kind, path, schema) => {
    expect(at(kind, path)).toMatchObject(schema)
  })

  it('neither refuse nor prune an object that is valid', () => {
    fc.assert(
      fc.property(
        anyResource.filter(({ kind }) => crd(kind) !== undefined),
        (resource: AnyResource) => {
          for (const written of [resource, withDefaults(resource)]) {
            const value = JSON.parse(formatResource(written)) as JsonValue
            expect([...refusals(schemaOf(resource.kind), value, '')]).toEqual([])
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
