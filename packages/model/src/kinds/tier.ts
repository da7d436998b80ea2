import { defaulted, float, list, object, oneOf, optional } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { condition } from './condition.ts'
import type { Resource } from './resource.ts'

/** Order of tier `default`, and of a tier that states none (spec 01 §1.5). */
export const defaultTierOrder = 1_000_000

/** Tiers that always exist, cannot be deleted and cannot be changed (spec 01 §1.5). */
export const builtInTiers: Readonly<
  Record<string, { readonly order: number; readonly defaultAction: 'Deny' | 'Pass' }>
> = {
  default: { order: defaultTierOrder, defaultAction: 'Deny' },
  'kube-admin': { order: 1_000, defaultAction: 'Pass' },
  'kube-baseline': { order: 10_000_000, defaultAction: 'Pass' },
}

export const tierSpec = once(() =>
  object({ order: defaulted(float(), defaultTierOrder), defaultAction: defaulted(oneOf('Deny', 'Pass'), 'Deny') }),
)

export const tierStatus = once(() => object({ conditions: optional(list(condition())) }))

export interface TierSpec extends Infer<typeof tierSpec> {}
export interface TierStatus extends Infer<typeof tierStatus> {}
export interface Tier extends Resource<'Tier', TierSpec, TierStatus> {}
