import type { FieldError } from '../errors.ts'
import { wellKnown } from '../names/labels.ts'
import { workloadEndpointName } from '../names/workload-endpoint.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import type { GlobalNetworkSet, NetworkSet } from './network-set.ts'
import { builtInTiers, type Tier } from './tier.ts'
import type { WorkloadEndpoint } from './workload-endpoint.ts'

/** Checks that look at metadata and spec together. */

export function* networkSetChecks({ metadata }: NetworkSet | GlobalNetworkSet): Generator<FieldError> {
  const value = metadata.labels?.[wellKnown.namespaceLabel]
  if (value === undefined) return
  const reason = `${wellKnown.namespaceLabel} is not a valid label name: it is set by the namespace itself; leave it out`
  yield { path: `metadata.labels[${wellKnown.namespaceLabel}]`, value, reason }
}

/** The built-in tiers are what they are (spec 01 §1.5). */
export function* tierChecks({ metadata: { name }, spec }: Tier): Generator<FieldError> {
  const fixed = Object.hasOwn(builtInTiers, name) ? builtInTiers[name] : undefined
  if (fixed === undefined) return
  if (spec.order !== fixed.order)
    yield { path: 'spec.order', value: spec.order, reason: `${name} tier order must be ${fixed.order}` }
  if (spec.defaultAction !== fixed.defaultAction)
    yield {
      path: 'spec.defaultAction',
      value: spec.defaultAction,
      reason: `${name} tier default action must be ${fixed.defaultAction}`,
    }
}

/** The name follows from the spec (spec 01 §3.6.1). */
export function* workloadEndpointChecks({ metadata, spec }: WorkloadEndpoint): Generator<FieldError> {
  const reason = complaintOf(() => workloadEndpointName(spec))
  const expected = reason === undefined ? workloadEndpointName(spec) : ''
  if (reason !== undefined) yield { path: 'spec', value: metadata.name, reason: `the endpoint has no name: ${reason}` }
  else if (metadata.name !== expected)
    yield { path: 'metadata.name', value: metadata.name, reason: `the name must be ${expected}, which its spec makes` }
}
