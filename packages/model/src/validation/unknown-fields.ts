import type { AnyResource } from '../kinds/kind.ts'
import { jsonSchema } from './json-schema.ts'

type Schema = Readonly<{
  properties?: Readonly<Record<string, Schema>>
  items?: Schema
  anyOf?: readonly Schema[]
  allOf?: readonly Schema[]
  $ref?: string
  $defs?: Readonly<Record<string, Schema>>
}>

/** Fields of ObjectMeta that Kubernetes writes and Calico has no use for. */
const tolerated = new Set(['metadata.selfLink', 'metadata.managedFields'])

/**
 * Paths of fields that the kind does not have, such as `spec.ingress[0].sauce`. For what people write: stored objects may
 * have fields of a later release, which are kept.
 */
export function unknownFields(resource: AnyResource): string[] {
  const root = jsonSchema(resource.kind) as Schema
  const found: string[] = []
  const visit = (value: unknown, schema: Schema, path: string): void => {
    const { properties, items } = resolve(schema, root)
    if (Array.isArray(value)) {
      if (items) for (const [index, item] of value.entries()) visit(item, items, `${path}[${index}]`)
      return
    }
    if (typeof value !== 'object' || value === null || !properties) return
    for (const [key, inner] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`
      const known = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (known) visit(inner, known, at)
      else if (!tolerated.has(at)) found.push(at)
    }
  }
  visit(resource, root, '')
  return found
}

/** The schema with its reference followed and its alternatives joined. */
function resolve(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.replace('#/$defs/', '')
  const target = name === undefined ? schema : (root.$defs?.[name] ?? {})
  const parts = [...(target.anyOf ?? []), ...(target.allOf ?? [])].map((part) => resolve(part, root))
  if (parts.length === 0) return target
  const all = [target, ...parts]
  const properties = Object.assign({}, ...all.map((part) => part.properties))
  const items = all.find((part) => part.items)?.items
  return { ...(Object.keys(properties).length > 0 && { properties }), ...(items && { items }) }
}
