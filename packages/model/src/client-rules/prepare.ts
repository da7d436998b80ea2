import type { Clock, Random } from '@tortie/runtime'
import { type FieldError, ModelError } from '../errors.ts'
import type { AnyResource } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import type { Metadata } from '../metadata/metadata.ts'
import { tidy } from '../schema/tidy.ts'
import { schemaOf } from '../validation/schema.ts'
import { describe, isFields, kindOf } from '../validation/subject.ts'
import { findErrors, isSound, withDefaults } from '../validation/validate.ts'
import { clientRules, type Rules } from './rules.ts'

export interface PreparePorts {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'uuid'>
}

/**
 * The object as Calico's client would create it: what the kind computes (types of policies, tier label, block size,
 * canonical CIDR, name and labels of endpoints), defaults, uid and creationTimestamp; validated. Pure: what depends on
 * other objects (that the tier exists, that pools do not overlap) is the caller's. Spec 01 §1.4–§1.17.
 * @throws ModelError `model/invalid`, `model/unknown-kind`
 */
export function prepareCreate<R extends AnyResource>(resource: R, ports: PreparePorts): R {
  const ruled = applyRules(resource)
  const { resourceVersion, uid, creationTimestamp } = ruled.metadata
  const errors = resourceVersion
    ? [wrong('metadata.resourceVersion', resourceVersion, 'field must not be set for a Create request; leave it out')]
    : []
  const metadata: Metadata = {
    ...ruled.metadata,
    uid: uid || ports.random.uuid(),
    creationTimestamp: creationTimestamp || timestampOf(ports.clock.wallMs()),
  }
  return finish({ ...ruled, metadata }, 'create', errors)
}

/**
 * The object as Calico's client would write it over `old`: as `prepareCreate`, and the kind's rules of change (a pool's
 * CIDR and block size stay). resourceVersion, uid and creationTimestamp are required: take them from what was read.
 * @throws ModelError `model/invalid`, `model/unknown-kind`
 */
export function prepareUpdate<R extends AnyResource>(resource: R, old: R): R {
  const ruled = applyRules(resource)
  const missing = (['resourceVersion', 'uid', 'creationTimestamp'] as const)
    .filter((field) => !ruled.metadata[field])
    .map((field) =>
      wrong(`metadata.${field}`, undefined, 'field must be set for an Update request; take it from a Get'),
    )
  const comparable = isSound(ruled) && isSound(tidyOf(old))
  const changes = (comparable && (clientRules[ruled.kind] as Rules).change?.(ruled, old)) || []
  return finish(ruled, 'update', [...missing, ...changes])
}

/** What a reader sees: defaults that Calico's Get and List fill in, though the store holds none. Bad objects stay as read. */
export function present<R extends AnyResource>(resource: R): R {
  return ((clientRules[resource.kind] as Rules).present?.(resource) ?? resource) as R
}

/** RFC 3339 with whole seconds, UTC. @param ms since the Unix epoch */
export function timestampOf(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}

function wrong(path: string, value: unknown, reason: string): FieldError {
  return { path, value, reason }
}

/** The kind's rules rely on the shape; what lacks it goes on to be refused. */
function applyRules<R extends AnyResource>(given: R): R {
  const tidied = tidyOf(given)
  if (!isFields(tidied.metadata) || !isFields(tidied.spec)) throwIfAny(tidied, findErrors(tidied))
  const write = (clientRules[tidied.kind] as Rules).write
  return write && isSound(tidied) ? (write(tidied) as R) : tidied
}

function tidyOf<R extends AnyResource>(given: R): R {
  const kind = kindOf(given)
  const { apiVersion: version = apiVersion, metadata, spec } = given
  // A name that is made from the spec need not be there.
  const named =
    kind === 'WorkloadEndpoint' && isFields(metadata) ? { ...metadata, name: metadata.name ?? '' } : metadata
  return tidy(schemaOf(kind), { ...given, apiVersion: version, metadata: named, spec: spec ?? {} }) as R
}

function finish<R extends AnyResource>(resource: R, operation: 'create' | 'update', errors: readonly FieldError[]): R {
  if (errors.length > 0) throwIfAny(resource, [...errors, ...findErrors(resource, { operation })])
  return withDefaults(resource, { operation })
}

function throwIfAny(resource: unknown, fields: readonly FieldError[]): void {
  if (fields.length > 0) throw new ModelError('model/invalid', { subject: describe(resource), fields })
}
