import * as z from 'zod/mini'
import type { JsonObject } from '../json/json.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Schema } from '../schema/infer.ts'
import { schemaOf } from './schema.ts'

/**
 * JSON Schema (draft 2020-12) of what may be written for a kind: fields that have a default may be absent. Checks across
 * fields, and of addresses and selectors, are not in it.
 */
export function jsonSchema(kind: Kind): JsonObject {
  return z.toJSONSchema(schemaOf(kind), {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: out }) => {
      if (zodSchema._zod.def.type === 'bigint') Object.assign(out, { type: 'integer', format: 'int64' })
      const pattern = anyCasePattern(zodSchema)
      if (pattern !== undefined) out.pattern = pattern
    },
  }) as unknown as JsonObject
}

/** JSON Schema has no flags: of a pattern whose case does not matter, the letters are told in both. */
function anyCasePattern(schema: Schema): string | undefined {
  for (const { _zod } of schema._zod.def.checks ?? []) {
    const { pattern } = _zod.def as { readonly pattern?: RegExp }
    if (pattern?.flags.includes('i'))
      return pattern.source.replace(/[A-Za-z]/g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`)
  }
  return undefined
}
