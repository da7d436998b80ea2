import type * as z from 'zod/mini'
import { isFields } from '../validation/subject.ts'
import type { Schema } from './infer.ts'

/**
 * The value as Go's decoding of YAML takes it: fields by their name in any letter case, numbers and booleans where text
 * belongs as text, and null in a map of texts as empty text. What is written otherwise is kept, for the validation to judge.
 */
export function recognize(schema: Schema, value: unknown): unknown {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'nullable':
      return recognize(def.innerType, value)
    case 'string':
    case 'enum':
      return textOf(value)
    case 'array':
      return Array.isArray(value) ? value.map((element) => recognize(def.element, element)) : value
    case 'record':
      return isFields(value) ? recognizeEntries(def.valueType, value) : value
    case 'object':
      return isFields(value) ? recognizeFields(def.shape, value) : value
    default:
      return value
  }
}

function textOf(value: unknown): unknown {
  return ['number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : value
}

type Fields = Readonly<Record<string, unknown>>

function recognizeEntries(schema: Schema, values: Fields): Fields {
  const isText = (schema as z.core.$ZodTypes)._zod.def.type === 'string'
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, isText && value === null ? '' : recognize(schema, value)]),
  )
}

function recognizeFields(shape: Readonly<Record<string, Schema>>, values: Fields): Fields {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const name = nameIn(shape, values, key)
      const schema = shape[name]
      return [name, schema === undefined ? value : recognize(schema, value)]
    }),
  )
}

/** A field that is there under its exact name as well is not taken for another spelling of it. */
function nameIn(shape: Readonly<Record<string, Schema>>, values: Fields, key: string): string {
  if (Object.hasOwn(shape, key)) return key
  const lower = key.toLowerCase()
  const name = Object.keys(shape).find((known) => known.toLowerCase() === lower)
  return name === undefined || Object.hasOwn(values, name) ? key : name
}
