import { boolean, defaulted, float, list, object, oneOf, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'
import { rule } from './rule.ts'

const shared = () => ({
  tier: defaulted(text(), 'default'),
  order: optional(float()),
  ingress: optional(list(rule(), 1024)),
  egress: optional(list(rule(), 1024)),
  selector: optional(text({ max: 1024 })),
  types: optional(list(oneOf('Ingress', 'Egress'), 2)),
  serviceAccountSelector: optional(text({ max: 1024 })),
  performanceHints: optional(list(oneOf('AssumeNeededOnEveryNode'))),
})

export const networkPolicySpec = once(() => object(shared()))

export const globalNetworkPolicySpec = once(() =>
  object({
    ...shared(),
    namespaceSelector: optional(text({ max: 1024 })),
    doNotTrack: optional(boolean()),
    preDNAT: optional(boolean()),
    applyOnForward: optional(boolean()),
  }),
)

export interface NetworkPolicySpec extends Infer<typeof networkPolicySpec> {}
export interface GlobalNetworkPolicySpec extends Infer<typeof globalNetworkPolicySpec> {}
export interface NetworkPolicy extends Resource<'NetworkPolicy', NetworkPolicySpec> {}
export interface GlobalNetworkPolicy extends Resource<'GlobalNetworkPolicy', GlobalNetworkPolicySpec> {}
