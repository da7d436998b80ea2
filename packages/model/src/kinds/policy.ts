import { boolean, defaulted, findings, float, list, object, oneOf, optional, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { plainSelector } from '../schema/values.ts'
import { globalPolicyFindings, policyFindings } from './policy-checks.ts'
import type { Resource } from './resource.ts'
import { rule } from './rule.ts'

/** Fields that every kind of policy but Kubernetes' own has. */
export const policyFields = () => ({
  tier: defaulted(text(), 'default'),
  order: optional(float()),
  ingress: sparse(list(rule(), 1024)),
  egress: sparse(list(rule(), 1024)),
  selector: sparse(plainSelector()),
  types: sparse(list(oneOf('Ingress', 'Egress'), 2)),
  serviceAccountSelector: sparse(plainSelector()),
  performanceHints: sparse(list(oneOf('AssumeNeededOnEveryNode'))),
})

export const globalPolicyFields = () => ({
  ...policyFields(),
  namespaceSelector: sparse(plainSelector()),
  doNotTrack: sparse(boolean()),
  preDNAT: sparse(boolean()),
  applyOnForward: sparse(boolean()),
})

export const networkPolicySpec = once(() => object(policyFields()).check(findings(policyFindings)))

export const globalNetworkPolicySpec = once(() =>
  object(globalPolicyFields()).check(findings(policyFindings), findings(globalPolicyFindings)),
)

export interface NetworkPolicySpec extends Infer<typeof networkPolicySpec> {}
export interface GlobalNetworkPolicySpec extends Infer<typeof globalNetworkPolicySpec> {}
export interface NetworkPolicy extends Resource<'NetworkPolicy', NetworkPolicySpec> {}
export interface GlobalNetworkPolicy extends Resource<'GlobalNetworkPolicy', GlobalNetworkPolicySpec> {}
