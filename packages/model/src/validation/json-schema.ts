import * as z from 'zod/mini'
import type { JsonObject } from '../json/json.ts'
import type { Kind } from '../kinds/kind.ts'
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
    },
  }) as unknown as JsonObject
}
