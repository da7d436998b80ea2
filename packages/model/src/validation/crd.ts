import type { JsonObject } from '../json/json.ts'
import { definitions } from '../kinds/definitions.ts'
import { type Kind, kinds } from '../kinds/kind.ts'
import { celRules } from './cel-rules.ts'
import { printerColumns } from './printer-columns.ts'
import { schemaExtras } from './schema-extras.ts'
import { structuralSchema } from './structural-schema.ts'

/** In Kubernetes these are made of other objects, or are no objects at all (spec 01 §1.1). */
const withoutCrd: ReadonlySet<Kind> = new Set(['IPAMConfig', 'LiveMigration', 'Node', 'Profile', 'WorkloadEndpoint'])

/** Kinds of which an API server lists those of one tier. */
const inTiers: ReadonlySet<Kind> = new Set([
  'GlobalNetworkPolicy',
  'NetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'StagedNetworkPolicy',
])

const group = 'projectcalico.org'

/**
 * The CustomResourceDefinition of a kind in group projectcalico.org/v3, to be written as JSON or YAML; undefined for kinds
 * that have none. Its schema is that of the types and of `validate`, as far as an API server can know it: fields, limits,
 * enums, patterns, defaults, and as CEL what may not be combined (spec 01 §1.1, §3.3). Addresses, selectors and names are
 * for `validate` alone.
 */
export function crdOf(kind: Kind): JsonObject | undefined {
  if (withoutCrd.has(kind)) return undefined
  const { plural, namespaced, shortNames, hasStatus } = kinds[kind]
  const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() }
  const version: JsonObject = {
    name: 'v3',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schemaOfKind(kind) },
    subresources: hasStatus ? { status: {} } : {},
    ...(printerColumns[kind] && { additionalPrinterColumns: printerColumns[kind].map((column) => ({ ...column })) }),
    ...(inTiers.has(kind) && { selectableFields: [{ jsonPath: '.spec.tier' }] }),
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { ...names, ...(shortNames.length > 0 && { shortNames }) },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [version],
    },
  }
}

/** An API server knows metadata by itself. */
function schemaOfKind(kind: Kind): JsonObject {
  const { spec, status } = definitions[kind]
  const schema = {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(spec()),
      ...(status && { status: structuralSchema(status()) }),
    },
    required: ['metadata', 'spec'],
  }
  const rules = Object.entries(celRules[kind] ?? {}).map(([place, found]): [string, JsonObject] => [
    place,
    { 'x-kubernetes-validations': found.map((rule) => ({ ...rule })) },
  ])
  return [...rules, ...Object.entries(schemaExtras[kind] ?? {})].reduce<JsonObject>(
    (whole, [place, more]) => extended(whole, place === '' ? [] : place.replaceAll('[]', '.[]').split('.'), more),
    schema,
  )
}

/** The schema with more at a place below it, of which `[]` are the elements of a list. */
function extended(schema: JsonObject, [step, ...steps]: readonly string[], more: JsonObject): JsonObject {
  if (step === undefined) return { ...schema, ...more }
  if (step === '[]') return { ...schema, items: extended(schema.items as JsonObject, steps, more) }
  const properties = schema.properties as Readonly<Record<string, JsonObject>>
  const inner = properties[step]
  if (inner === undefined) throw new TypeError(`there is more to say of ${step}, which is no field`)
  return { ...schema, properties: { ...properties, [step]: extended(inner, steps, more) } }
}
