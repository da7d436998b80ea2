import type { IPAMHandleSpec } from '@tortie/model'

/**
 * A handle finds the blocks in which an id holds addresses. It is written before the block when addresses are taken and
 * after it when they are released, so it may count too many, never too few. Spec 03 §1.3, §4 of the model, §23.3.
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

/**
 * Counts less; undefined when nothing is left and the object is to be deleted. Takes no more than there is: what was
 * counted too little must not keep the handle.
 */
export function takeFromHandle(handle: Handle, cidr: string, count: number): Handle | undefined {
  const left = (handle.block?.[cidr] ?? 0) - count
  const block: Record<string, number> = { ...handle.block, [cidr]: left }
  if (left <= 0) delete block[cidr]
  return Object.keys(block).length === 0 ? undefined : { ...handle, block }
}
