import { addressAt, formatAddress } from '@tortie/ip'
import { ownerOf } from '../affinity/affinity.ts'
import { attributeAt, type Block, blockPrefix, handleOf, sequenceNumberAt } from '../block/block.ts'

/** One address that is not free, as operators and collection see it. */
export interface Allocation {
  readonly address: string
  /** CIDR of its block. */
  readonly block: string
  readonly handle: string
  readonly sequenceNumber: bigint
  readonly attributes: Readonly<Record<string, string>>
  /** The node that uses it, from its attributes. */
  readonly node: string | undefined
  /** Whether the block is not that node's. */
  readonly borrowed: boolean
  /** Released, and not to be given out yet. */
  readonly coolingDown: boolean
}

/** Tunnel addresses of nodes, by their attribute `type`. Spec 03 §2 */
export const tunnelTypes: ReadonlySet<string> = new Set([
  'ipipTunnelAddress',
  'vxlanTunnelAddress',
  'vxlanV6TunnelAddress',
  'wireguardTunnelAddress',
  'wireguardV6TunnelAddress',
])

export function allocationsOf(block: Block): Allocation[] {
  const prefix = blockPrefix(block)
  const owner = ownerOf(block)
  const found: Allocation[] = []
  for (let ordinal = 0; ordinal < block.allocations.length; ordinal++) {
    const held = attributeAt(block, ordinal)
    if (!held) continue
    const attributes = held.secondary ?? {}
    const { node } = attributes
    found.push({
      address: formatAddress(addressAt(prefix, ordinal)),
      block: block.cidr,
      handle: handleOf(held),
      sequenceNumber: sequenceNumberAt(block, ordinal),
      attributes,
      node,
      borrowed: node !== undefined && owner?.name !== node,
      coolingDown: Boolean(held.releasedAt),
    })
  }
  return found
}

export interface BorrowedAddress {
  readonly address: string
  readonly borrowingNode: string
  readonly block: string
  /** Empty when the block is nobody's. */
  readonly blockOwner: string
  readonly type: string
  readonly allocatedTo: string
}

/** Rows of `ipam show --show-borrowed`, and how many addresses name no node. Spec 03 §21 */
export function borrowedAddresses(blocks: readonly Block[]): {
  readonly borrowed: readonly BorrowedAddress[]
  readonly withoutNode: number
} {
  const borrowed: BorrowedAddress[] = []
  let withoutNode = 0
  for (const block of blocks)
    for (const { address, attributes, node, borrowed: isBorrowed, coolingDown } of allocationsOf(block)) {
      if (coolingDown) continue
      if (node === undefined) withoutNode++
      else if (isBorrowed)
        borrowed.push({
          address,
          borrowingNode: node,
          block: block.cidr,
          blockOwner: ownerOf(block)?.name ?? '',
          ...usedBy(attributes),
        })
    }
  return { borrowed, withoutNode }
}

function usedBy(attributes: Readonly<Record<string, string>>): { readonly type: string; readonly allocatedTo: string } {
  const { namespace = '', pod, type, service } = attributes
  const vmi = attributes['vmi-name']
  if (vmi !== undefined) return { type: 'vmi', allocatedTo: `${namespace}/${vmi}` }
  if (pod !== undefined) return { type: 'pod', allocatedTo: `${namespace}/${pod}` }
  if (service !== undefined) return { type: type ?? 'service', allocatedTo: `${namespace}/${service}` }
  return { type: type ?? '', allocatedTo: attributes.node ?? '' }
}
