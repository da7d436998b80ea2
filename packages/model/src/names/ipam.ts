import { sha256 } from '@noble/hashes/sha2.js'

/**
 * Names of the objects that IPAM keeps. They are the names of Calico's custom resources, so that one object has one name
 * in every store; etcd's keys are made from the specs instead (spec 01 §2.3, §3.5.1).
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
