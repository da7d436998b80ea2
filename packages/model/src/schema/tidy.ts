import type * as z from 'zod/mini'
import { isFields } from '../validation/subject.ts'
import { isSparse } from './fields.ts'
import type { Schema } from './infer.ts'

type Def = z.core.$ZodTypes['_zod']['def']
type Fields = Readonly<Record<string, unknown>>

function defOf(schema: Schema): Def {
  return (schema as z.core.$ZodTypes)._zod.def
}

/**
 * The value with what means nothing left out, as Go's JSON would: undefined, null of optional fields, and zero values of sparse ones.
 * Unknown fields and wrong values are kept as they are, for the validation to judge.
 */
export function tidy(schema: Schema, value: unknown): unknown {
  const def = defOf(schema)
  if (def.type === 'optional' || def.type === 'default') return tidy(def.innerType, value)
  if (def.type === 'nullable') return value === null ? null : tidy(def.innerType, value)
  if (def.type === 'object') return isFields(value) ? tidyFields(def.shape, value) : value
  if (def.type === 'array') return Array.isArray(value) ? value.map((element) => tidy(def.element, element)) : value
  // JSON's long integers are bigint; a floating point number is none.
  if (def.type === 'number' && typeof value === 'bigint' && !('format' in def)) return fromLong(value)
  if (def.type !== 'record' || !isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, tidy(def.valueType, field)]))
}

/** A bigint that `parseJson` would not have made is a mistake, to be reported. */
function fromLong(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? value : Number(value)
}

function tidyFields(shape: Readonly<Record<string, Schema>>, value: Fields): Fields {
  const kept: [string, unknown][] = []
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (schema === undefined) kept.push([key, field])
    else if (!isAbsent(schema, field)) {
      const tidied = tidy(schema, field)
      if (!(isSparse(schema) && isZero(schema, tidied))) kept.push([key, tidied])
    }
  }
  return Object.fromEntries(kept)
}

function isAbsent(schema: Schema, value: unknown): boolean {
  const def = defOf(schema)
  if (def.type === 'default') return value === null || value === '' || (Array.isArray(value) && value.length === 0)
  return def.type === 'optional' && value === null && defOf(def.innerType).type !== 'nullable'
}

/** Zero of its own type: `{}` for a list is a mistake, to be reported. */
function isZero(schema: Schema, value: unknown): boolean {
  const def = defOf(schema)
  if (def.type === 'optional') return isZero(def.innerType, value)
  if (def.type === 'array') return Array.isArray(value) && value.length === 0
  if (def.type === 'object' || def.type === 'record') return isFields(value) && Object.keys(value).length === 0
  if (def.type === 'boolean') return value === false
  return value === '' || value === 0
}

/** Paths of the fields that the schema does not know. */
export function unknownPaths(schema: Schema, value: unknown, path: readonly (string | number)[] = []): PropertyKey[][] {
  const def = defOf(schema)
  if (def.type === 'optional' || def.type === 'default' || def.type === 'nullable')
    return unknownPaths(def.innerType, value, path)
  if (def.type === 'array' && Array.isArray(value))
    return value.flatMap((element, i) => unknownPaths(def.element, element, [...path, i]))
  if (!isFields(value)) return []
  if (def.type === 'record')
    return Object.entries(value).flatMap(([key, field]) => unknownPaths(def.valueType, field, [...path, key]))
  if (def.type !== 'object') return []
  const { shape } = def
  return Object.entries(value).flatMap(([key, field]) => {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined
    return known === undefined ? [[...path, key]] : unknownPaths(known, field, [...path, key])
  })
}
