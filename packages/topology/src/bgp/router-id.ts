import { sha256 } from '@noble/hashes/sha2.js'

/** A BGP identifier from a node's name: the first four octets of its SHA-256, kept below multicast. Spec 05 A5. */
export function hashedRouterId(node: string): string {
  const [first = 0, ...rest] = sha256(new TextEncoder().encode(node)).subarray(0, 4)
  return [first > 223 ? first - 32 : first, ...rest].join('.')
}
