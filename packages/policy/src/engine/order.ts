import type { TierProgram } from '@tortie/dataplane'
import type { GlobalNetworkPolicy, NetworkPolicy, Tier } from '@tortie/model'

export const defaultTier = 'default'

/** What decides where a policy stands among others. */
export interface PolicyPlace {
  readonly tier: string
  /** Infinity when the policy states none. */
  readonly order: number
  /** `name/namespace/kind`. */
  readonly tie: string
}

export function placeOf({ kind, metadata, spec }: NetworkPolicy | GlobalNetworkPolicy): PolicyPlace {
  return {
    tier: spec.tier || defaultTier,
    order: spec.order ?? Number.POSITIVE_INFINITY,
    tie: `${metadata.name}/${metadata.namespace ?? ''}/${kind}`,
  }
}

/** By order, then by name, namespace and kind (spec 02 §2.1). */
export function comparePlaces(a: PolicyPlace, b: PolicyPlace): number {
  if (a.order !== b.order) return a.order - b.order
  return a.tie < b.tie ? -1 : a.tie > b.tie ? 1 : 0
}

export interface TierPlace {
  readonly name: string
  readonly exists: boolean
  readonly order: number
  readonly defaultAction: TierProgram['defaultAction']
}

/** A tier that does not exist denies at its end: taking it away must not open anything. */
export function tierPlace(name: string, tier: Tier | undefined): TierPlace {
  if (tier === undefined) return { name, exists: false, order: Number.POSITIVE_INFINITY, defaultAction: 'deny' }
  return {
    name,
    exists: true,
    order: tier.spec.order ?? Number.POSITIVE_INFINITY,
    defaultAction: tier.spec.defaultAction === 'Pass' ? 'pass' : 'deny',
  }
}

/** Those that exist first, then by order, then by name (spec 02 §2.1). */
export function compareTiers(a: TierPlace, b: TierPlace): number {
  if (a.exists !== b.exists) return a.exists ? -1 : 1
  if (a.order !== b.order) return a.order - b.order
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** Which directions of a workload's traffic a policy decides on. */
export interface Governs {
  readonly ingress: boolean
  readonly egress: boolean
}

/**
 * Without types, both: the API fills them in, so an object without is an old one. Untracked and pre-DNAT policies are
 * not for workloads (spec 02 §2.2, §2.5).
 */
export function governedBy(policy: NetworkPolicy | GlobalNetworkPolicy): Governs {
  const { types = [] } = policy.spec
  const isForHosts =
    policy.kind === 'GlobalNetworkPolicy' && (policy.spec.doNotTrack === true || policy.spec.preDNAT === true)
  const governs = (type: 'Ingress' | 'Egress'): boolean => !isForHosts && (types.length === 0 || types.includes(type))
  return { ingress: governs('Ingress'), egress: governs('Egress') }
}
