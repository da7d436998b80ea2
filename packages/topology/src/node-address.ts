import {
  containsAddress,
  type Family,
  formatAddress,
  isAddress,
  type Prefix,
  parseAddress,
  parseCidr,
  prefixOf,
} from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'

/** A node's address of one family; `subnet` only when the BGP spec gives its mask. */
export interface NodeAddress {
  /** Canonical text without length. */
  readonly address: string
  readonly subnet?: Prefix
}

/** Spec 02 §3.5: the BGP address, else InternalIP, else ExternalIP. */
export function nodeAddress({ spec }: ResourceOf<'Node'>, family: Family): NodeAddress | undefined {
  const bgp = family === 4 ? spec.bgp?.ipv4Address : spec.bgp?.ipv6Address
  if (bgp) {
    const { address, length } = parseCidr(bgp)
    const text = formatAddress(address)
    return bgp.includes('/') ? { address: text, subnet: prefixOf(address, length) } : { address: text }
  }
  for (const type of ['InternalIP', 'ExternalIP']) {
    for (const entry of spec.addresses ?? []) {
      if (entry.type !== type || !isAddress(entry.address)) continue
      const address = parseAddress(entry.address)
      if (address.family === family) return { address: formatAddress(address) }
    }
  }
  return undefined
}

/** Whether `remote` lies in the subnet of this node's own address. Unknown mask: no. */
export function onSameSubnet(own: NodeAddress | undefined, remote: NodeAddress): boolean {
  return own?.subnet !== undefined && containsAddress(own.subnet, parseAddress(remote.address))
}
