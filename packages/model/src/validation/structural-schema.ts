import type * as z from 'zod/mini'
import type { JsonObject, JsonValue } from '../json/json.ts'
import type { Schema } from '../schema/infer.ts'

type Fields = Readonly<Record<string, JsonValue | undefined>>

interface Limits {
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: RegExp
}

/**
 * The OpenAPI v3 schema of a CRD field, as Kubernetes calls structural: every node has a type, nothing is a reference.
 * Checks that are code, and those across fields, are not in it; an API server prunes fields that it does not name.
 */
export function structuralSchema(schema: Schema): JsonObject {
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'optional':
      return structuralSchema(def.innerType)
    case 'nullable':
      return { ...structuralSchema(def.innerType), nullable: true }
    case 'default':
      return { ...structuralSchema(def.innerType), default: def.defaultValue as JsonValue }
    case 'object':
      return objectSchema(def.shape)
    case 'record':
      return { type: 'object', additionalProperties: structuralSchema(def.valueType) }
    case 'array':
      return { type: 'array', items: structuralSchema(def.element), ...limits(schema, 'Items') }
    case 'enum':
      return { type: 'string', enum: Object.values(def.entries) }
    case 'literal':
      return literals(def.values)
    case 'union':
      return unionSchema(def.options)
    case 'boolean':
      return { type: 'boolean' }
    case 'bigint':
      return { type: 'integer', format: 'int64' }
    case 'number':
      return numberSchema(schema)
    case 'string':
      return { type: 'string', ...limits(schema, 'Length'), ...patternOf(schema) }
    default:
      throw new TypeError(`a CRD cannot have a ${def.type}`)
  }
}

function objectSchema(shape: Readonly<Record<string, Schema>>): JsonObject {
  const fields = Object.entries(shape)
  const required = fields.filter(([, field]) => !isOptional(field)).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, structuralSchema(field)])),
    ...(required.length > 0 && { required }),
  }
}

/** Or may be left out by Calico, whose JSON has no false and no zero where they are the same as nothing. */
function isOptional(schema: Schema): boolean {
  const { type } = (schema as z.core.$ZodTypes)._zod.def
  return type === 'optional' || type === 'default' || type === 'boolean' || type === 'bigint'
}

function literals(values: readonly unknown[]): JsonObject {
  const type = typeof values[0] === 'number' ? 'integer' : 'string'
  return { type, enum: values as readonly (string | number)[] }
}

/** Either literals of one type, or a number or text: Kubernetes has no other unions. */
function unionSchema(options: readonly Schema[]): JsonObject {
  const parts = options.map(structuralSchema)
  const values = parts.flatMap((part) => (Array.isArray(part.enum) ? part.enum : []))
  if (values.length > 0) return literals(values)
  return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }
}

function numberSchema(schema: Schema): JsonObject {
  const { minimum, maximum } = limitsOf(schema)
  return known({ type: 'format' in schema._zod.def ? 'integer' : 'number', minimum, maximum })
}

function limits(schema: Schema, of: 'Items' | 'Length'): JsonObject {
  const { minimum, maximum } = limitsOf(schema)
  return known({ [`min${of}`]: minimum, [`max${of}`]: maximum })
}

/** Go's regular expressions tell in front that case does not matter. */
function patternOf(schema: Schema): JsonObject {
  const { pattern } = limitsOf(schema)
  return pattern ? { pattern: (pattern.flags.includes('i') ? '(?i)' : '') + pattern.source } : {}
}

/** Limits are checks of the schema; those that are code of ours say nothing here. */
function limitsOf(schema: Schema): Limits {
  const found: { -readonly [K in keyof Limits]: Limits[K] } = {}
  for (const { _zod } of schema._zod.def.checks ?? []) {
    const def = _zod.def as z.core.$ZodChecks['_zod']['def']
    if (def.check === 'max_length') found.maximum = def.maximum
    else if (def.check === 'min_length') found.minimum = def.minimum
    else if (def.check === 'less_than') found.maximum = Number(def.value)
    else if (def.check === 'greater_than') found.minimum = Number(def.value)
    else if (def.check === 'string_format' && def.pattern) found.pattern = def.pattern
  }
  return found
}

function known(fields: Fields): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject
}
