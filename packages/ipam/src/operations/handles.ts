import { isDatastoreError } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { ordinalsOf } from '../block/release.ts'
import { IpamError } from '../errors.ts'
import { addToHandle, countOf, type Handle, newHandle, withCount } from '../handle/handle.ts'
import type { Context } from '../store/context.ts'
import { findBlock, findHandle, type StoredHandle, writeHandle, writeOrDeleteBlock } from '../store/records.ts'
import { lostRace, swap } from '../store/swap.ts'

export interface HandleCount {
  readonly handle: string
  /** Block. */
  readonly cidr: string
  readonly count: number
}

/** A count that was added, and what to write to take it back. */
export interface Increment {
  readonly before: Handle | undefined
  readonly after: StoredHandle | undefined
}

/**
 * Counts `count` more addresses of a block. Done before the block is written, so that a crash between leaves a handle
 * that counts too much, which release by handle and collection put right, never an address that no handle finds.
 * @param limit most addresses of the block's family that the handle may hold; 0: any number
 * @throws IpamError ipam/max-allocations
 */
export async function incrementHandle(
  context: Context,
  { handle: id, cidr, count }: HandleCount,
  limit: number,
  call: Call,
): Promise<Increment> {
  // Most handles are new: to create first saves a read.
  if (limit === 0 || count <= limit) {
    const after = await createHandle(context, addToHandle(newHandle(id), cidr, count), call)
    if (after) return { before: undefined, after }
  }
  return swap<Increment>(
    context,
    `handle ${id}`,
    async () => {
      const stored = await findHandle(context, id, call)
      const handle = stored?.handle ?? newHandle(id)
      if (limit > 0 && countOf(handle, cidr.includes(':') ? 6 : 4) + count > limit)
        throw new IpamError('ipam/max-allocations', { handle: id, limit })
      const after = await writeHandle(context, stored, addToHandle(handle, cidr, count), call)
      return { before: stored?.handle, after }
    },
    call,
  )
}

/** Undefined when there is one already. */
async function createHandle(context: Context, handle: Handle, call: Call): Promise<StoredHandle | undefined> {
  try {
    return await writeHandle(context, undefined, handle, call)
  } catch (error) {
    if (isDatastoreError(error, 'AlreadyExists')) return undefined
    throw error
  }
}

/**
 * Takes a count back whose block was not written. Only while the handle is as the count left it: others may have put it
 * right since (`settleHandle`), and to subtract then would take from what they hold. A count too many does no harm.
 */
export async function takeBack(context: Context, { before, after }: Increment, call: Call): Promise<void> {
  try {
    await writeHandle(context, after, before, call)
  } catch (error) {
    if (!lostRace(error)) throw error
  }
}

/**
 * Makes the handle count what it holds in the block, whatever crashes and lost races left. Safe beside an assignment
 * under way, ours or Calico's, which counts in the handle after it read the block and before it writes it: the block is
 * written here after the handle was read, so an assignment based on an older block loses its race; one based on a newer
 * block has counted since, so our write of the handle loses instead, and we begin anew.
 */
export async function settleHandle(
  context: Context,
  { handle: id, cidr }: Omit<HandleCount, 'count'>,
  cooldownSeconds: number,
  call: Call,
): Promise<void> {
  await swap(
    context,
    `handle ${id}`,
    async () => {
      const stored = await findHandle(context, id, call)
      if (stored?.handle.block?.[cidr] === undefined) return
      const block = await findBlock(context, cidr, cooldownSeconds, call)
      if (block) await writeOrDeleteBlock(context, block, block.block, call)
      const held = block ? ordinalsOf(block.block, id).length : 0
      await writeHandle(context, stored, withCount(stored.handle, cidr, held), call)
    },
    call,
  )
}
