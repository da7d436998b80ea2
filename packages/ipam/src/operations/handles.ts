import type { Call } from '@tortie/runtime'
import { IpamError } from '../errors.ts'
import { addToHandle, countOf, newHandle, takeFromHandle } from '../handle/handle.ts'
import type { Context } from '../store/context.ts'
import { findHandle, type StoredHandle, writeHandle } from '../store/records.ts'
import { swap } from '../store/swap.ts'

export interface HandleCount {
  readonly handle: string
  /** Block. */
  readonly cidr: string
  readonly count: number
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
): Promise<void> {
  // Most handles are new: to create first saves a read.
  let isNew = limit === 0 || count <= limit
  await swap(
    context,
    `handle ${id}`,
    async () => {
      const stored: StoredHandle | undefined = isNew ? undefined : await findHandle(context, id, call)
      isNew = false
      const handle = stored?.handle ?? newHandle(id)
      if (limit > 0 && countOf(handle, cidr.includes(':') ? 6 : 4) + count > limit)
        throw new IpamError('ipam/max-allocations', { handle: id, limit })
      await writeHandle(context, stored, addToHandle(handle, cidr, count), call)
    },
    call,
  )
}

/** Counts less; deletes the handle when nothing is left. What is not counted is passed over and logged. */
export async function decrementHandle(
  context: Context,
  { handle: id, cidr, count }: HandleCount,
  call: Call,
): Promise<void> {
  await swap(
    context,
    `handle ${id}`,
    async () => {
      const stored = await findHandle(context, id, call)
      if ((stored?.handle.block?.[cidr] ?? 0) < count)
        context.log.warn('ipam.handle.undercount', { handle: id, block: cidr, count })
      if (stored) await writeHandle(context, stored, takeFromHandle(stored.handle, cidr, count), call)
    },
    call,
  )
}
