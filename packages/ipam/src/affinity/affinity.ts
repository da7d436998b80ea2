import type { BlockAffinitySpec } from '@tortie/model'
import type { Block } from '../block/block.ts'

/** Who a block is kept for: a node, or a controller that acts as one (`virtual:load-balancer`). */
export interface Owner {
  readonly type: 'host' | 'virtual'
  readonly name: string
}

export function formatOwner({ type, name }: Owner): string {
  return `${type}:${name}`
}

/** Undefined when the block is nobody's. */
export function ownerOf({ affinity }: Block): Owner | undefined {
  for (const type of ['host', 'virtual'] as const)
    if (affinity?.startsWith(`${type}:`)) return { type, name: affinity.slice(type.length + 1) }
  return undefined
}

export function isOwnedBy(block: Block, owner: Owner): boolean {
  return block.affinity === formatOwner(owner)
}

export type AffinityState = 'pending' | 'confirmed' | 'pendingDeletion'

/** An empty state is old data and means confirmed. */
export function stateOf(affinity: Pick<BlockAffinitySpec, 'state'> | undefined): AffinityState | undefined {
  return affinity && (affinity.state || 'confirmed')
}

/**
 * What to do next to own a block. ∅ → pending → confirmed: the claim is announced before the block is made, so that a
 * crash leaves an announcement that the owner's next attempt completes, never a block that its owner cannot find.
 *
 * | step | means |
 * |--|--|
 * | announce | create the affinity, or write it again, as pending |
 * | create | create the block with our affinity |
 * | touch | write the block unchanged: whoever meant to release it loses the race |
 * | confirm | write the affinity as confirmed |
 * | use | the block is ours |
 * | withdraw | the block is another's, or nobody's: delete the affinity |
 */
export type ClaimStep = 'announce' | 'create' | 'touch' | 'confirm' | 'use' | 'withdraw'

/** @param touched whether this attempt wrote the block. Spec 03 §7 `getBlockFromAffinity`, §8 */
export function claimStep(
  state: AffinityState | undefined,
  owner: Owner,
  block: Block | undefined,
  touched: boolean,
): ClaimStep {
  if (block && !isOwnedBy(block, owner)) return 'withdraw'
  if (state === 'confirmed') return block ? 'use' : 'announce'
  if (state !== 'pending') return 'announce'
  if (!block) return 'create'
  return touched ? 'confirm' : 'touch'
}

/** The block without owner: others may borrow from it, and its last release deletes it. */
export function disown(block: Block): Block {
  const { affinityClaimTime: _, ...rest } = block
  return { ...rest, affinity: null }
}
