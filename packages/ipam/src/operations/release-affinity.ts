import type { Call } from '@tortie/runtime'
import { disown, formatOwner, isOwnedBy, type Owner, ownerOf } from '../affinity/affinity.ts'
import { countInUse, isEmpty } from '../block/block.ts'
import { IpamError, isIpamError } from '../errors.ts'
import type { Context } from '../store/context.ts'
import {
  deleteAffinity,
  deleteBlock,
  findAffinity,
  findBlock,
  ignoreMissing,
  type StoredAffinity,
  type StoredBlock,
  writeAffinity,
  writeBlock,
} from '../store/records.ts'
import { lostRace, swap } from '../store/swap.ts'

export interface AffinityRelease {
  readonly owner: Owner
  readonly cidr: string
  readonly cooldownSeconds: number
  /** Leave the block alone unless no address of it is in use. */
  readonly mustBeEmpty: boolean
  /** Leave it alone also when it was written since it had this number. */
  readonly sequenceNumber?: bigint
}

/**
 * Gives a block up: deleted when empty, else nobody's until its last address is released. confirmed → pendingDeletion →
 * block → ∅, so that a crash between leaves an affinity that the owner's next allocation, or the next release, completes.
 * @returns false when the owner had neither affinity nor block
 * @throws IpamError ipam/block-not-empty, ipam/block-claimed (then our affinity was stale and is removed),
 *   ipam/block-changed
 */
export async function releaseBlockAffinity(context: Context, release: AffinityRelease, call: Call): Promise<boolean> {
  const { owner, cidr, cooldownSeconds } = release
  return swap(
    context,
    `block ${cidr}`,
    async () => {
      const affinity = await findAffinity(context, owner, cidr, call)
      const stored = await findBlock(context, cidr, cooldownSeconds, call)
      if (!affinity && !(stored && isOwnedBy(stored.block, owner))) return false
      await checkRelease(context, release, affinity, stored, call)
      const marked = affinity && (await writeAffinity(context, owner, cidr, affinity, 'pendingDeletion', call))
      if (stored) await giveUp(context, stored, call)
      if (marked) await deleteAffinity(context, marked, call)
      context.log.info('ipam.block.released', { block: cidr, owner: formatOwner(owner) })
      return true
    },
    call,
  )
}

async function checkRelease(
  context: Context,
  { owner, cidr, mustBeEmpty, sequenceNumber }: AffinityRelease,
  affinity: StoredAffinity | undefined,
  stored: StoredBlock | undefined,
  call: Call,
): Promise<void> {
  // Calico fails when the block is missing and so keeps the affinity for ever; here the affinity goes.
  if (!stored) return
  const { block } = stored
  if (sequenceNumber !== undefined && BigInt(block.sequenceNumber) !== sequenceNumber)
    throw new IpamError('ipam/block-changed', { block: cidr })
  if (block.affinity && !isOwnedBy(block, owner)) {
    if (affinity) await deleteAffinity(context, affinity, call)
    const facts = { block: cidr, owner: block.affinity, wanted: formatOwner(owner) }
    throw new IpamError('ipam/block-claimed', facts)
  }
  if (mustBeEmpty && !isEmpty(block))
    throw new IpamError('ipam/block-not-empty', { block: cidr, inUse: countInUse(block) })
}

async function giveUp(context: Context, stored: StoredBlock, call: Call): Promise<void> {
  if (isEmpty(stored.block)) await ignoreMissing(deleteBlock(context, stored, call))
  else if (stored.block.affinity) await writeBlock(context, stored, disown(stored.block), call)
}

/**
 * Takes an empty block from whoever has it, unless it was written since it was read. Unlike Calico's, also when it is
 * nobody's: a release during a cooldown leaves such blocks (spec 03 T15).
 * @returns whether it is free to be claimed now
 */
export async function reclaimBlock(
  context: Context,
  { cidr, block, resource }: StoredBlock,
  cooldownSeconds: number,
  call: Call,
): Promise<boolean> {
  const owner = ownerOf(block)
  const sequenceNumber = BigInt(resource.spec.sequenceNumber)
  try {
    if (!owner) await ignoreMissing(deleteBlock(context, { cidr, block, resource }, call))
    else await releaseBlockAffinity(context, { owner, cidr, cooldownSeconds, mustBeEmpty: true, sequenceNumber }, call)
    return true
  } catch (error) {
    if (!lostRace(error) && !lost.some((code) => isIpamError(error, code))) throw error
    context.log.debug('ipam.block.not-reclaimed', { block: cidr, why: String(error) })
    return false
  }
}

const lost = ['ipam/block-changed', 'ipam/block-claimed', 'ipam/block-not-empty', 'ipam/contention'] as const
