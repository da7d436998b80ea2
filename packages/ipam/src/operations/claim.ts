import type { Call } from '@tortie/runtime'
import { claimStep, formatOwner, type Owner } from '../affinity/affinity.ts'
import { type HostReservation, newBlock } from '../block/block.ts'
import { IpamError } from '../errors.ts'
import type { Context } from '../store/context.ts'
import {
  claimTime,
  createBlock,
  deleteAffinity,
  findAffinity,
  findBlock,
  type StoredAffinity,
  type StoredBlock,
  writeAffinity,
  writeBlock,
} from '../store/records.ts'
import { swap } from '../store/swap.ts'

export interface Claim {
  readonly owner: Owner
  readonly cidr: string
  readonly cooldownSeconds: number
  readonly reservation?: HostReservation | undefined
  /** What a listing showed a moment ago; `new` when it showed no affinity. Saves a read. */
  readonly listed?: StoredAffinity | 'new'
}

/**
 * Makes a block the owner's, whatever an earlier attempt that crashed left behind, and returns it.
 * @throws IpamError ipam/block-claimed when it is another's; an affinity of ours is then stale and removed
 */
export async function claimBlock(context: Context, claim: Claim, call: Call): Promise<StoredBlock> {
  let listed = claim.listed
  return swap(
    context,
    `block ${claim.cidr}`,
    async () => {
      const known = listed
      listed = undefined
      const affinity =
        known === 'new' ? undefined : (known ?? (await findAffinity(context, claim.owner, claim.cidr, call)))
      return takeClaimSteps(context, claim, affinity, call)
    },
    call,
  )
}

async function takeClaimSteps(
  context: Context,
  { owner, cidr, cooldownSeconds, reservation }: Claim,
  found: StoredAffinity | undefined,
  call: Call,
): Promise<StoredBlock> {
  let affinity = found
  let block: StoredBlock | undefined
  let [touched, read] = [false, false]
  for (;;) {
    // The claim is announced before the block is read: what another then does to the block shows in a lost race.
    if (!read && affinity) {
      block = await findBlock(context, cidr, cooldownSeconds, call)
      read = true
    }
    switch (claimStep(affinity?.state, owner, block?.block, touched)) {
      case 'announce':
        affinity = await writeAffinity(context, owner, cidr, affinity, 'pending', call)
        break
      case 'create': {
        const made = newBlock(cidr, context.clock.wallNs(), reservation)
        const affine = { affinity: formatOwner(owner), affinityClaimTime: claimTime(context) }
        block = await createBlock(context, { ...made, ...affine }, call)
        context.count.claimed()
        context.log.info('ipam.block.claimed', { block: cidr, owner: formatOwner(owner) })
        touched = true
        break
      }
      case 'touch':
        if (block) block = await writeBlock(context, block, block.block, call)
        touched = true
        break
      case 'confirm':
        affinity = await writeAffinity(context, owner, cidr, affinity, 'confirmed', call)
        break
      case 'withdraw':
        if (affinity) await deleteAffinity(context, affinity, call)
        throw new IpamError('ipam/block-claimed', {
          block: cidr,
          owner: block?.block.affinity ?? '',
          wanted: formatOwner(owner),
        })
      case 'use':
        if (block) return block
    }
  }
}
