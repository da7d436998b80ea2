import type { AnyResource } from '../kinds/kind.ts'
import { recognize } from '../schema/recognize.ts'
import { schemaOf } from './schema.ts'
import { kindOf } from './subject.ts'

/**
 * What a person wrote, as calicoctl reads it: field names in any letter case, `release: 2` as text where text belongs. Wrong
 * values and unknown fields stay as they are. Spec 06 §6. @throws ModelError `model/unknown-kind`
 */
export function recognizeFields(resource: AnyResource): AnyResource {
  return recognize(schemaOf(kindOf(resource)), resource) as AnyResource
}
