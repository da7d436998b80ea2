import { type Kind, kinds } from '@tortie/model'
import { CtlError } from '../errors.ts'
import { kindOf } from '../input/kinds.ts'
import { type Schema, schemaOf } from '../schema.ts'

/** What a kind or one of its fields is: type, limits, default, and the fields within. @throws CtlError */
export function explain(path: string): string {
  const [kindName = '', ...fields] = path.replaceAll('[]', '').split('.')
  const kind = kindOf(kindName)
  let schema = schemaOf(kind)
  for (const [depth, field] of fields.entries()) {
    const within = fieldsOf(schema)
    const next = within && Object.hasOwn(within, field) ? within[field] : undefined
    if (next === undefined) throw noField([kind, ...fields.slice(0, depth)].join('.'), field, within)
    schema = next
  }
  const head = [`KIND:     ${kind}`, 'VERSION:  projectcalico.org/v3']
  if (fields.length === 0) head.push(...aboutKind(kind))
  else head.push('', `FIELD:    ${fields.join('.')} <${typeOf(schema)}>${noted(schema)}`)
  const within = fieldsOf(schema)
  if (within) head.push('', 'FIELDS:', ...rows(within, requiredIn(schema)))
  return `${head.join('\n')}\n`
}

function aboutKind(kind: Kind): string[] {
  const { plural, aliases, namespaced } = kinds[kind]
  return [`NAMES:    ${[plural, ...aliases].join(', ')}`, `SCOPE:    ${namespaced ? 'namespace' : 'cluster'}`]
}

function noField(path: string, field: string, within: Schema['properties']): CtlError {
  const known = within === undefined ? 'it has none' : `it has ${Object.keys(within).sort().join(', ')}`
  return new CtlError(`${path} has no field ${JSON.stringify(field)}: ${known}`)
}

/** Of the object, of each item of a list, or of each value of a map. */
function fieldsOf(schema: Schema): Schema['properties'] {
  return objectOf(schema)?.properties
}

function requiredIn(schema: Schema): readonly string[] {
  return objectOf(schema)?.required ?? []
}

function objectOf(schema: Schema): Schema | undefined {
  if (schema.properties) return schema
  if (schema.items) return objectOf(schema.items)
  const { additionalProperties: values } = schema
  if (typeof values === 'object' && Object.keys(values).length > 0) return objectOf(values)
  return schema.anyOf?.map(objectOf).find((found) => found !== undefined)
}

function rows(fields: Readonly<Record<string, Schema>>, required: readonly string[]): string[] {
  const names = Object.keys(fields).sort()
  const width = Math.max(...names.map((name) => name.length))
  return names.map((name) => {
    const field = fields[name] ?? {}
    return `   ${name.padEnd(width)}   <${typeOf(field)}>${noted(field, required.includes(name))}`
  })
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return typeof schema.const
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].filter((type) => type !== 'null').join(' or ')
  if (schema.type === 'array') {
    const item = typeOf(schema.items ?? {})
    return item.includes(' ') ? `[](${item})` : `[]${item}`
  }
  if (schema.type !== 'object') return schema.type ?? 'any'
  const { additionalProperties: values } = schema
  return schema.properties || typeof values !== 'object' ? 'object' : `map[string]${typeOf(values)}`
}

/** What is said after the type, with a space before. */
function noted(schema: Schema, isRequired = false): string {
  const notes = [
    ...(isRequired ? ['required'] : []),
    ...choices(schema),
    ...bounds(schema),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ]
  return notes.length === 0 ? '' : ` ${notes.join('; ')}`
}

function choices(schema: Schema): string[] {
  const { items } = schema
  const values = schema.enum ?? (schema.const === undefined ? constants(schema) : [schema.const])
  if (values.length > 0) return [values.length === 1 ? `always ${values[0]}` : `one of ${values.join(', ')}`]
  return items ? choices(items).map((text) => text.replace('one of', 'each one of')) : []
}

function constants({ anyOf = [] }: Schema): readonly unknown[] {
  const values = anyOf.map((one) => one.const)
  return values.includes(undefined) ? [] : values
}

function bounds({ minimum, maximum, minItems, maxItems, maxLength, format }: Schema): string[] {
  const isLimit = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER
  const [low, high] = [isLimit(minimum), isLimit(maximum)]
  const range = low && high ? `${minimum} to ${maximum}` : low ? `from ${minimum}` : high ? `to ${maximum}` : ''
  return [
    range,
    format ?? '',
    minItems === undefined ? '' : `at least ${minItems}`,
    maxItems === undefined ? '' : `at most ${maxItems}`,
    maxLength === undefined ? '' : `up to ${maxLength} characters`,
  ].filter(Boolean)
}
