import { addressOf, formatPrefix, hostPrefix, parsePrefix } from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'

export interface BlockRoute {
  /** Canonical CIDR. */
  readonly destination: string
  readonly node: string
}

/**
 * The block to the node it is affine to, and each address that another node borrowed to that node. An allocation
 * without `node` has no route of its own. Spec 03 §2 (consumers), 02 §3.5.
 */
export function blockRoutes({ spec }: ResourceOf<'IPAMBlock'>): BlockRoute[] {
  const block = parsePrefix(spec.cidr)
  const owner = spec.affinity?.startsWith('host:') ? spec.affinity.slice('host:'.length) : undefined
  const routes: BlockRoute[] = owner === undefined ? [] : [{ destination: formatPrefix(block), node: owner }]
  for (const [ordinal, attribute] of spec.allocations.entries()) {
    if (attribute === null) continue
    const node = spec.attributes?.[attribute]?.secondary?.node
    if (!node || node === owner) continue
    const address = addressOf(block.family, block.value + BigInt(ordinal))
    routes.push({ destination: formatPrefix(hostPrefix(address)), node })
  }
  return routes
}
