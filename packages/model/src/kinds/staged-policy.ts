import { defaulted, findings, list, object, oneOf, optional, sparse } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { kubernetesEgressRule, kubernetesIngressRule, labelSelector } from './kubernetes-rule.ts'
import { globalPolicyFields, policyFields } from './policy.ts'
import { globalPolicyFindings, policyFindings, repeatedTypes } from './policy-checks.ts'
import type { Resource } from './resource.ts'
import { deletionFindings } from './staged-policy-checks.ts'

/** What would become of the policy of the same name: it is made or changed, deleted, found out, or left alone. */
const stagedAction = () => defaulted(oneOf('Set', 'Delete', 'Learn', 'Ignore'), 'Set')

export const stagedNetworkPolicySpec = once(() => {
  const fields = policyFields()
  return object({ stagedAction: stagedAction(), ...fields }).check(
    findings((spec) =>
      spec.stagedAction === 'Delete' ? deletionFindings(spec, Object.keys(fields)) : policyFindings(spec),
    ),
  )
})

export const stagedGlobalNetworkPolicySpec = once(() => {
  const fields = globalPolicyFields()
  return object({ stagedAction: stagedAction(), ...fields }).check(
    findings((spec) =>
      spec.stagedAction === 'Delete'
        ? deletionFindings(spec, Object.keys(fields))
        : [...policyFindings(spec), ...globalPolicyFindings(spec)],
    ),
  )
})

/** The spec of a Kubernetes NetworkPolicy. Which types it has is not filled in: without any, it is Ingress. */
const kubernetesFields = () => ({
  podSelector: optional(labelSelector()),
  ingress: sparse(list(kubernetesIngressRule())),
  egress: sparse(list(kubernetesEgressRule())),
  policyTypes: sparse(list(oneOf('Ingress', 'Egress'), 2)),
})

export const stagedKubernetesNetworkPolicySpec = once(() => {
  const fields = kubernetesFields()
  return object({ stagedAction: stagedAction(), ...fields }).check(
    findings((spec) =>
      spec.stagedAction === 'Delete'
        ? deletionFindings(spec, Object.keys(fields))
        : repeatedTypes('policyTypes', spec.policyTypes),
    ),
  )
})

export interface StagedNetworkPolicySpec extends Infer<typeof stagedNetworkPolicySpec> {}
export interface StagedGlobalNetworkPolicySpec extends Infer<typeof stagedGlobalNetworkPolicySpec> {}
export interface StagedKubernetesNetworkPolicySpec extends Infer<typeof stagedKubernetesNetworkPolicySpec> {}
/** A NetworkPolicy on trial: it enforces nothing. */
export interface StagedNetworkPolicy extends Resource<'StagedNetworkPolicy', StagedNetworkPolicySpec> {}
/** A GlobalNetworkPolicy on trial. */
export interface StagedGlobalNetworkPolicy
  extends Resource<'StagedGlobalNetworkPolicy', StagedGlobalNetworkPolicySpec> {}
/** A NetworkPolicy of Kubernetes on trial. */
export interface StagedKubernetesNetworkPolicy
  extends Resource<'StagedKubernetesNetworkPolicy', StagedKubernetesNetworkPolicySpec> {}
