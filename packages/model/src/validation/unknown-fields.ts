import type { AnyResource } from '../kinds/kind.ts'
import { unknownPaths } from '../schema/tidy.ts'
import { formatPath } from './issues.ts'
import { schemaOf } from './schema.ts'
import { kindOf } from './subject.ts'

/** Fields of ObjectMeta that Kubernetes writes and Calico has no use for. */
const tolerated = new Set(['metadata.selfLink', 'metadata.managedFields'])

/**
 * Paths of fields that the kind does not have, such as `spec.ingress[0].sauce`. For what people write: stored objects may
 * have fields of a later release, which are kept. @throws ModelError `model/unknown-kind`
 */
export function unknownFields(resource: AnyResource): string[] {
  return unknownPaths(schemaOf(kindOf(resource)), resource)
    .map(formatPath)
    .filter((path) => !tolerated.has(path))
}
