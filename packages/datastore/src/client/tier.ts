import { builtInTiers, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError, describeKey } from '../errors.ts'
import { keyOf } from '../key-of.ts'
import type { ClientContext } from './ports.ts'
import type { DeleteOptions } from './rules.ts'

type Policy = ResourceOf<'NetworkPolicy' | 'GlobalNetworkPolicy'>

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
  for (const kind of ['NetworkPolicy', 'GlobalNetworkPolicy'] as const) {
    const { items } = await datastore.list({ kind }, call)
    const inside = (items as readonly Policy[]).find(({ spec }) => spec.tier === key.name)
    if (inside) refuse(`${describeKey(keyOf(inside))} is in it; delete its policies first`)
  }
  return await datastore.delete(key, options, call)
}
