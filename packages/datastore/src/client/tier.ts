import { builtInTiers, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError, describeKey } from '../errors.ts'
import { keyOf } from '../key-of.ts'
import type { ClientContext } from './ports.ts'
import type { DeleteOptions } from './rules.ts'

/** The kinds that lie in tiers. Others that say a tier do not count (spec 01 §6, trap 10). */
const policyKinds = [
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
] as const
type Policy = ResourceOf<(typeof policyKinds)[number]>

/** @throws DatastoreError DoesNotExist that names the tier (spec 01 §1.7) */
export async function checkTierExists({ datastore }: ClientContext, { spec }: Policy, call: Call): Promise<void> {
  await datastore.get({ kind: 'Tier', name: spec.tier || 'default' }, call)
}

/** Refuses built-in tiers and tiers that policies are in (spec 01 §1.5). @throws DatastoreError Unsupported */
export async function deleteTier(
  { datastore }: ClientContext,
  key: ResourceKey<'Tier'>,
  options: DeleteOptions,
  call: Call,
): Promise<ResourceOf<'Tier'>> {
  const refuse = (reason: string): never => {
    throw new DatastoreError('Unsupported', { ...key, operation: 'delete', reason })
  }
  if (Object.hasOwn(builtInTiers, key.name)) refuse('it is built in')
  for (const kind of policyKinds) {
    const { items } = await datastore.list({ kind }, call)
    const inside = (items as readonly Policy[]).find(({ spec }) => spec.tier === key.name)
    if (inside)
      refuse(`Cannot delete a non-empty tier: ${describeKey(keyOf(inside))} is in it; delete its policies first`)
  }
  return await datastore.delete(key, options, call)
}
