import { sha1 } from '@noble/hashes/legacy.js'
import type { Vtep } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'
import { nodeAddress } from './node-address.ts'

/** Calico's derived VTEP MAC: 0x66, then the first five bytes of SHA-1 of the node's name (v6: name + `-v6`). Spec 02 §3.5. */
export function vtepMac(node: string, family: Family): string {
  const digest = sha1(new TextEncoder().encode(family === 4 ? node : `${node}-v6`))
  return [0x66, ...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** The node's VXLAN tunnel end; undefined unless it has both an address and a tunnel address of the family. */
export function vtepOf(node: ResourceOf<'Node'>, family: Family): Vtep | undefined {
  const { spec, metadata } = node
  const address = family === 4 ? spec.ipv4VXLANTunnelAddr : spec.ipv6VXLANTunnelAddr
  const mac = family === 4 ? spec.vxlanTunnelMACAddr : spec.vxlanTunnelMACAddrV6
  const parent = nodeAddress(node, family)?.address
  if (!address || !parent) return undefined
  return { node: metadata.name, mac: mac || vtepMac(metadata.name, family), address, parent }
}
