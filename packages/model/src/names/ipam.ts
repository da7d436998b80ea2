import { sha256 } from '@noble/hashes/sha2.js'

/**
 * Names of Calico's custom resources for IPAM's objects in Kubernetes (spec 01 §3.5.1). A block has that name in every
 * store. An affinity has not: its resource's name does not say where the owner ends and the block begins, so in the
 * contract it is named by @tortie/datastore's `affinityKey`, from which this one can be made.
 */

/** `10-65-0-0-26` for `10.65.0.0/26`. @param cidr canonical text */
export function blockName(cidr: string): string {
  return cidr.replace(/[.:/]/g, '-')
}

const maxNameLength = 253
const suffixLength = 11

/** `<owner>-<block>`; an owner that makes it too long is cut and told apart by a hash. Its type is not part of it. */
export function blockAffinityName(owner: string, cidr: string): string {
  const block = blockName(cidr)
  const name = `${owner}-${block}`
  if (name.length < maxNameLength) return name
  const digest = sha256(new TextEncoder().encode(`${owner}+${block}`))
  const hex = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const kept = owner.slice(0, maxNameLength - 1 - block.length - 2 - suffixLength)
  return `${kept}-${block}-${hex.slice(0, suffixLength)}`
}
