import type { IPAMHandleSpec } from '@tortie/model'

/**
 * A handle finds the blocks in which an id holds addresses. It is written before the block when addresses are taken and
 * after it when they are released, so it may count too many, never too few. Spec 03 §1.3, §3, §23.3.
 */
export type Handle = IPAMHandleSpec

export function newHandle(handleID: string): Handle {
  return { handleID, block: {}, deleted: false }
}

/** Addresses of one family that the handle counts. */
export function countOf(handle: Handle, family: 4 | 6): number {
  return Object.entries(handle.block ?? {}).reduce(
    (sum, [cidr, count]) => sum + (cidr.includes(':') === (family === 6) ? count : 0),
    0,
  )
}

export function addToHandle(handle: Handle, cidr: string, count: number): Handle {
  return { ...handle, block: { ...handle.block, [cidr]: (handle.block?.[cidr] ?? 0) + count } }
}

/** The handle with `count` addresses in the block; undefined when none is left anywhere and the object is to be deleted. */
export function withCount(handle: Handle, cidr: string, count: number): Handle | undefined {
  const block: Record<string, number> = { ...handle.block, [cidr]: count }
  if (count <= 0) delete block[cidr]
  return Object.keys(block).length === 0 ? undefined : { ...handle, block }
}
