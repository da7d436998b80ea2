import type { AnyResource, Kind } from '@tortie/model'
import { fromJson, type Struct, type Value } from '../go-template/values.ts'
import { type Schema, schemaOf } from '../schema.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * A resource as calicoctl's templates see it: a struct with Go's names of the fields (`.ObjectMeta.Name`, `.Spec.CIDR`),
 * of the JSON names (`.metadata.name`) too. An unset field has Go's zero value; one that its kind does not have is an
 * error of the template. Spec 06 §10.
 */
export function goResource(resource: AnyResource): Struct {
  return objectOf(resource as unknown as Fields, schemaOf(resource.kind), resource.kind)
}

/** All of a kind, as `{{.Items}}`. */
export function goList(kind: Kind, items: readonly AnyResource[], resourceVersion: string): Struct {
  const metadata = structOf({ resourceVersion }, { properties: { resourceVersion: { type: 'string' } } }, 'v1.ListMeta')
  const fields = new Map<string, Value>([
    ['TypeMeta', typeMeta(`${kind}List`)],
    ['ListMeta', metadata],
    ['Items', items.map(goResource)],
  ])
  const promoted: ReadonlyMap<string, Value> = new Map<string, Value>([
    ['Kind', `${kind}List`],
    ['APIVersion', version],
    ['ResourceVersion', resourceVersion],
  ])
  return {
    typeName: `v3.${kind}List`,
    field: (name) => (fields.has(name) ? fields.get(name) : promoted.get(name)),
    entries: () => fields,
  }
}

const version = 'projectcalico.org/v3'

function typeMeta(kind: string): Struct {
  return structOf(
    { kind, apiVersion: version },
    { properties: { kind: { type: 'string' }, apiVersion: { type: 'string' } } },
    'v1.TypeMeta',
  )
}

/** The object itself: what it embeds is reached under its own name, and its fields directly. */
function objectOf(resource: Fields, schema: Schema, kind: Kind): Struct {
  const whole = structOf(resource, schema, `v3.${kind}`)
  const metadata = whole.field('metadata') as Struct
  const embedded: Readonly<Record<string, () => Value>> = {
    TypeMeta: () => typeMeta(kind),
    ObjectMeta: () => metadata,
  }
  return {
    typeName: whole.typeName,
    field: (name) => (Object.hasOwn(embedded, name) ? embedded[name]?.() : (whole.field(name) ?? metadata.field(name))),
    entries: () => whole.entries(),
  }
}

/** Where the names differ by more than the letter case. */
const renamed: Readonly<Record<string, string>> = {
  bpfconntrackcleanupmode: 'bpfConntrackMode',
  wireguardpersistentkeepalive: 'wireguardKeepAlive',
  externalnodescidrlist: 'externalNodesList',
}

function structOf(value: Fields, schema: Schema, typeName: string): Struct {
  const { properties = {} } = schema
  const names = new Map([...Object.keys(value), ...Object.keys(properties)].map((name) => [name.toLowerCase(), name]))
  const read = (name: string): Value => valueOfField(value[name], properties[name] ?? {}, name, typeName)
  return {
    typeName,
    field(name) {
      if (Object.hasOwn(value, name) || Object.hasOwn(properties, name)) return read(name)
      const lower = name.toLowerCase()
      const known = names.get(lower) ?? (Object.hasOwn(renamed, lower) ? renamed[lower] : undefined)
      return known === undefined || !names.has(known.toLowerCase()) ? undefined : read(known)
    },
    entries: () => Object.keys(value).map((name) => [name, read(name)] as const),
  }
}

function valueOfField(value: unknown, schema: Schema, name: string, within: string): Value {
  if (value === undefined || value === null) return zeroOf(schema, name, within)
  if (typeof value === 'string') return times.has(name) ? formatTime(value) : value
  if (typeof value === 'number' && schema.type === 'number') return value
  const inner = `v3.${name.charAt(0).toUpperCase()}${name.slice(1)}`
  if (Array.isArray(value)) return value.map((item) => valueOfField(item, schema.items ?? {}, name, within))
  if (typeof value !== 'object' || !schema.properties) return fromJson(value)
  return structOf(value as Fields, schema, name === 'spec' || name === 'status' ? within + inner.slice(3) : inner)
}

/** Numbers and booleans that are no pointers in Calico's types: unset they are 0 and false, where the others are nil. */
const plain: ReadonlySet<string> = new Set([
  'applyOnForward',
  'autoAllocateBlocks',
  'blockSize',
  'deleted',
  'disableBGPExport',
  'disabled',
  'doNotTrack',
  'ipCooldownSeconds',
  'keepOriginalNextHop',
  'listenPort',
  'maxBlocksPerHost',
  'natOutgoing',
  'port',
  'preDNAT',
  'strictAffinity',
])
/** Structs that are no pointers either. */
const always: ReadonlySet<string> = new Set(['metadata', 'spec', 'status', 'source', 'destination'])

function zeroOf(schema: Schema, name: string, within: string): Value {
  if (schema.properties) {
    return always.has(name) ? structOf({}, schema, `v3.${name.charAt(0).toUpperCase()}${name.slice(1)}`) : null
  }
  if (schema.type === 'string') return ''
  if (schema.type === 'array') return []
  if (schema.type === 'object') return new Map()
  if (name === 'asNumber' && within === 'v3.BGPPeerSpec') return 0n
  if (!plain.has(name)) return null
  return schema.type === 'boolean' ? false : 0n
}

const times: ReadonlySet<string> = new Set(['creationTimestamp', 'deletionTimestamp'])

/** `2026-08-10 12:00:00 +0000 UTC`. */
function formatTime(text: string): string {
  return text.replace(/^(.*)T(.*)Z$/, '$1 $2 +0000 UTC')
}
