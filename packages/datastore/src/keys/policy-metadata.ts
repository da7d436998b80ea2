import { formatJson, type JsonObject, wellKnown } from '@tortie/model'
import type { StoredMetadata } from './resource.ts'
import { isObject } from './row.ts'

const annotation = wellKnown.metadataAnnotation

/** Without this annotation Calico's readers take a leading `default.` off a policy's name (spec 01 §2.2, §6 trap 2). */
export const policyMetadata: StoredMetadata = {
  add: (name, metadata) => ({
    ...metadata,
    annotations: { ...annotationsOf(metadata), [annotation]: formatJson({ name }) },
  }),
  remove: ({ annotations, ...metadata }) => {
    const { [annotation]: _stored, ...shown } = isObject(annotations) ? annotations : {}
    return Object.keys(shown).length === 0 ? metadata : { ...metadata, annotations: shown }
  },
}

function annotationsOf({ annotations }: JsonObject): JsonObject {
  return isObject(annotations) ? annotations : {}
}
