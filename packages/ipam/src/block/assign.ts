import { type Address, addressAt, formatAddress } from '@tortie/ip'
import type { AllocationAttribute } from '@tortie/model'
import { IpamError } from '../errors.ts'
import { attributeAt, type Block, blockPrefix, handleOf, type IsReserved, ordinalIn } from './block.ts'

/** Who will hold an address: `attributes` are shown to operators and used for routes (`node`) and collection. */
export interface Holder {
  readonly handle?: string
  /** `pod`, `namespace`, `node`, `type`, `timestamp`, … Without `node` a borrowed address gets no route. */
  readonly attributes?: Readonly<Record<string, string>>
}

export interface Taken {
  readonly block: Block
  /** In the order taken. */
  readonly ordinals: readonly number[]
}

/**
 * Takes up to `count` addresses from the head of the queue; reserved ones stay where they are in it. Fewer come back when
 * the block runs dry: an empty result is an answer. Spec 03 §2 `autoAssign`.
 */
export function takeOrdinals(block: Block, count: number, holder: Holder, isReserved?: IsReserved): Taken {
  const prefix = blockPrefix(block)
  const ordinals: number[] = []
  const unallocated: number[] = []
  for (const ordinal of block.unallocated ?? []) {
    const skip = ordinals.length >= count || isReserved?.(addressAt(prefix, ordinal))
    ;(skip ? unallocated : ordinals).push(ordinal)
  }
  if (ordinals.length === 0) return { block, ordinals }
  return { block: hold({ ...block, unallocated }, ordinals, holder), ordinals }
}

/**
 * Takes the address asked for, reserved or not. Spec 03 §2 `assign`.
 * @throws IpamError ipam/address-assigned, also while it cools down; ipam/bad-request outside the block
 */
export function takeAddress(block: Block, address: Address, holder: Holder): Block {
  const ordinal = ordinalIn(block, address)
  const held = attributeAt(block, ordinal)
  if (held) {
    const handle = handleOf(held)
    const facts = { address: formatAddress(address), block: block.cidr }
    throw new IpamError('ipam/address-assigned', handle === '' ? facts : { ...facts, handle })
  }
  const unallocated = (block.unallocated ?? []).filter((free) => free !== ordinal)
  return hold({ ...block, unallocated }, [ordinal], holder)
}

function hold(block: Block, ordinals: readonly number[], holder: Holder): Block {
  const attribute = attributeFor(holder)
  const attributes = [...(block.attributes ?? [])]
  const known = attributes.findIndex((existing) => sameAttribute(existing, attribute))
  const index = known >= 0 ? known : attributes.push(attribute) - 1
  const allocations = [...block.allocations]
  const sequenceNumberForAllocation = { ...block.sequenceNumberForAllocation }
  for (const ordinal of ordinals) {
    allocations[ordinal] = index
    sequenceNumberForAllocation[ordinal] = BigInt(block.sequenceNumber)
  }
  return { ...block, allocations, attributes, sequenceNumberForAllocation }
}

/** As Calico writes it: what is empty is left out. */
function attributeFor({ handle, attributes = {} }: Holder): AllocationAttribute {
  return {
    ...(handle !== undefined && { handle_id: handle }),
    ...(Object.keys(attributes).length > 0 && { secondary: { ...attributes } }),
  }
}

function sameAttribute(a: AllocationAttribute, b: AllocationAttribute): boolean {
  return (
    a.handle_id === b.handle_id &&
    !a.releasedAt &&
    !b.releasedAt &&
    sameRecord(a.secondary, b.secondary) &&
    sameRecord(a.alternateOwnerAttrs, b.alternateOwnerAttrs)
  )
}

type OptionalRecord = Readonly<Record<string, string>> | null | undefined

function sameRecord(a: OptionalRecord, b: OptionalRecord): boolean {
  const entries = Object.entries(a ?? {})
  return entries.length === Object.keys(b ?? {}).length && entries.every(([key, value]) => b?.[key] === value)
}
