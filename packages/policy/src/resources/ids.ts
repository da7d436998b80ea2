import type { EndpointId, PolicyId } from '@tortie/dataplane'

interface Names {
  readonly name: string
  readonly namespace?: string
}

/** Kinds of resource whose rules are enforced, and their short codes (spec 02 §2.1). */
export const policyShortNames = { NetworkPolicy: 'np', GlobalNetworkPolicy: 'gnp' } as const
export type PolicyKind = keyof typeof policyShortNames

/** `np/<namespace>/<name>`, `gnp/<name>` (spec 02 §2.1). */
export function policyId(kind: PolicyKind, { namespace, name }: Names): PolicyId {
  return !namespace ? `${policyShortNames[kind]}/${name}` : `${policyShortNames[kind]}/${namespace}/${name}`
}

export function profileId(name: string): PolicyId {
  return `pro/${name}`
}

/** `<namespace>/<name>`; also of network sets, without the slash where there is no namespace. */
export function namespacedName({ namespace, name }: Names): EndpointId {
  return !namespace ? name : `${namespace}/${name}`
}

/** For messages: `NetworkPolicy(prod/allow-dns)`. */
export function subjectOf(kind: string, names: Names): string {
  return `${kind}(${namespacedName(names)})`
}
