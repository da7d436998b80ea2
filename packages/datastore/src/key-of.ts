import type { Kind, ResourceOf } from '@tortie/model'
import type { ResourceKey } from './contract.ts'

/** The key that a resource's kind and metadata say. */
export function keyOf<K extends Kind>({ kind, metadata }: ResourceOf<K>): ResourceKey<K> {
  const { name, namespace } = metadata
  return { kind: kind as K, name, ...(namespace !== undefined && { namespace }) }
}
