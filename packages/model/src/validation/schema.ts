import * as z from 'zod/mini'
import { definitions } from '../kinds/definitions.ts'
import type { Kind } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import { metadata } from '../metadata/metadata.ts'
import { object, sparse } from '../schema/fields.ts'
import type { Schema } from '../schema/infer.ts'

const built = new Map<Kind, Schema>()

/** The schema of whole objects of a kind, built when it is first asked for. */
export function schemaOf(kind: Kind): Schema {
  let schema = built.get(kind)
  if (schema === undefined) {
    const { spec, status } = definitions[kind]
    schema = object({
      apiVersion: z.literal(apiVersion),
      kind: z.literal(kind),
      metadata: metadata(),
      spec: spec(),
      ...(status && { status: sparse(status()) }),
    })
    built.set(kind, schema)
  }
  return schema
}
