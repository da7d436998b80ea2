import { containsPrefix } from '@tortie/ip'
import type { Finding } from '../schema/fields.ts'
import { tryPrefix } from '../schema/formats.ts'

/** What parts of Kubernetes policies may not combine. */

export function* requirementFindings(requirement: {
  readonly operator: string
  readonly values?: readonly string[] | undefined
}): Generator<Finding> {
  const needsValues = requirement.operator === 'In' || requirement.operator === 'NotIn'
  if (needsValues && !requirement.values?.length)
    yield { at: ['values'], reason: `must be specified when operator is ${requirement.operator}` }
  if (!needsValues && requirement.values?.length)
    yield { at: ['values'], reason: `may not be specified when operator is ${requirement.operator}; leave it out` }
}

export function* kubernetesPortFindings(spec: {
  readonly port?: number | string | undefined
  readonly endPort?: number | undefined
}): Generator<Finding> {
  if (spec.endPort === undefined) return
  const first = Number(spec.port)
  if (spec.port === undefined || Number.isNaN(first))
    yield { at: ['endPort'], reason: 'may only be specified with the number of a port' }
  else if (spec.endPort < first) yield { at: ['endPort'], reason: 'must be greater than or equal to port' }
}

export function* ipBlockFindings(block: {
  readonly cidr: string
  readonly except?: readonly string[] | undefined
}): Generator<Finding> {
  const outer = tryPrefix(block.cidr)
  for (const [i, text] of (block.except ?? []).entries()) {
    const inner = tryPrefix(text)
    if (outer && inner && !containsPrefix(outer, inner))
      yield { at: ['except', i], reason: `must lie within ${block.cidr}` }
  }
}
