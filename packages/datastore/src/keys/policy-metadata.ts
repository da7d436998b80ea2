import { formatJson, type JsonObject, wellKnown } from '@tortie/model'
import type { StoredMetadata } from './resource.ts'
import { isObject } from './row.ts'

const annotation = wellKnown.metadataAnnotation

/**
 * Without this annotation Calico's readers take a leading `default.` off a policy's name (spec 01 §2.2, §6 trap 2). That is
 * what they have to do with policies of old releases, whose names are their keys here: an update leaves those as they are,
 * or the policy would have another name for Calico.
 */
export const policyMetadata: StoredMetadata = {
  add: (name, metadata, stored) => {
    const { [annotation]: kept } = annotationsOf(stored ?? {})
    if (stored && kept === undefined) return { ...metadata, name: stored.name ?? name }
    const named = stored ? { ...metadata, name: stored.name ?? name } : metadata
    return { ...named, annotations: { ...annotationsOf(metadata), [annotation]: kept ?? formatJson({ name }) } }
  },
  keepsUnseen: (name) => name.startsWith('default.'),
  remove: ({ annotations, ...metadata }) => {
    const { [annotation]: _stored, ...shown } = isObject(annotations) ? annotations : {}
    return Object.keys(shown).length === 0 ? metadata : { ...metadata, annotations: shown }
  },
}

function annotationsOf({ annotations }: JsonObject): JsonObject {
  return isObject(annotations) ? annotations : {}
}
