import type { Finding } from '../schema/fields.ts'

/** What policies may not combine (spec 01 §1.6, §1.7). */

interface Services {
  readonly services?: { readonly namespace?: string | undefined } | undefined
}

interface CheckedRule {
  readonly source?: Services | undefined
  readonly destination?: Services | undefined
  readonly http?: object | undefined
}

interface CheckedPolicy {
  readonly types?: readonly string[] | undefined
  readonly performanceHints?: readonly string[] | undefined
  readonly ingress?: readonly CheckedRule[] | undefined
  readonly egress?: readonly CheckedRule[] | undefined
}

interface CheckedGlobalPolicy extends CheckedPolicy {
  readonly doNotTrack?: boolean | undefined
  readonly preDNAT?: boolean | undefined
  readonly applyOnForward?: boolean | undefined
}

export function* policyFindings(spec: CheckedPolicy): Generator<Finding> {
  yield* repeatedTypes('types', spec.types)
  yield* repeats('performanceHints', spec.performanceHints, 'hint')
  for (const [i, { destination }] of (spec.ingress ?? []).entries())
    if (destination?.services !== undefined)
      yield { at: ['ingress', i, 'destination', 'services'], reason: 'not allowed in ingress rule destination' }
  for (const [i, { source, http }] of (spec.egress ?? []).entries()) {
    if (source?.services !== undefined)
      yield { at: ['egress', i, 'source', 'services'], reason: 'not allowed in egress rule source' }
    if (http !== undefined) yield { at: ['egress', i, 'http'], reason: 'not allowed in egress rule' }
  }
}

export function repeatedTypes(field: string, types: readonly string[] | undefined): Generator<Finding> {
  return repeats(field, types, 'type')
}

function* repeats(field: string, values: readonly string[] = [], what: string): Generator<Finding> {
  for (const [i, value] of values.entries())
    if (values.indexOf(value) < i) yield { at: [field, i], reason: `'${value}' ${what} specified more than once` }
}

export function* globalPolicyFindings(spec: CheckedGlobalPolicy): Generator<Finding> {
  const { preDNAT = false, doNotTrack = false, applyOnForward = false } = spec
  if (preDNAT && doNotTrack)
    yield { at: ['preDNAT'], reason: 'PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec' }
  if (preDNAT && spec.egress?.length)
    yield { at: ['egress'], reason: 'PreDNAT PolicySpec cannot have any Egress rules' }
  if (preDNAT && spec.types?.includes('Egress'))
    yield { at: ['types'], reason: "PreDNAT PolicySpec cannot have 'Egress' Type" }
  if ((preDNAT || doNotTrack) && !applyOnForward)
    yield {
      at: ['applyOnForward'],
      reason: 'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec',
    }
  const services = [
    ...(spec.ingress ?? []).map(({ source }, i) => [['ingress', i, 'source'], source?.services] as const),
    ...(spec.egress ?? []).map(({ destination }, i) => [['egress', i, 'destination'], destination?.services] as const),
  ]
  for (const [at, match] of services)
    if (match !== undefined && !match.namespace)
      yield { at: [...at, 'services', 'namespace'], reason: 'must specify a namespace: this policy has none itself' }
}
