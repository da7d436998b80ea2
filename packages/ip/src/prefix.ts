import { type Address, type Family, formatAddress, parseAddress, width } from './address.ts'
import { IpError } from './errors.ts'

/** A network: `value` has no bit set beyond `length`. */
export interface Prefix {
  readonly family: Family
  readonly value: bigint
  readonly length: number
}

/** `address/length`, or a bare address as a host prefix. Host bits must be zero. @throws IpError */
export function parsePrefix(text: string): Prefix {
  const { address, length } = parseCidr(text)
  const prefix = prefixOf(address, length)
  if (prefix.value !== address.value)
    throw new IpError('ip/bad-prefix', text, `host bits are set; write ${formatPrefix(prefix)}`)
  return prefix
}

/** `address/length` with host bits kept, as interface addresses and IPAM results are written. @throws IpError */
export function parseCidr(text: string): { readonly address: Address; readonly length: number } {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  const bits = width(address.family)
  if (slash < 0) return { address, length: bits }
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > bits)
    throw new IpError('ip/bad-prefix', text, `the length must be 0 to ${bits}`)
  return { address, length: Number(digits) }
}

export function isPrefix(text: string): boolean {
  try {
    parsePrefix(text)
    return true
  } catch {
    return false
  }
}

/** The network of `length` that holds `address`. @throws RangeError if the length does not fit the family. */
export function prefixOf({ family, value }: Address, length: number): Prefix {
  const host = BigInt(width(family) - length)
  if (length < 0 || length > width(family)) throw new RangeError(`/${length} does not fit IPv${family}`)
  return { family, value: (value >> host) << host, length }
}

export function hostPrefix(address: Address): Prefix {
  return { ...address, length: width(address.family) }
}

/** Always with the length: `10.0.0.1/32`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`
}

/** Canonical text of a CIDR or address: masked, with length, RFC 5952. @throws IpError */
export function canonicalPrefix(text: string): string {
  const { address, length } = parseCidr(text)
  return formatPrefix(prefixOf(address, length))
}

/** Number of addresses. */
export function prefixSize({ family, length }: Prefix): bigint {
  return 1n << BigInt(width(family) - length)
}

export function firstAddress({ family, value }: Prefix): Address {
  return { family, value }
}

export function lastAddress(prefix: Prefix): Address {
  return { family: prefix.family, value: prefix.value + prefixSize(prefix) - 1n }
}

export function containsAddress(prefix: Prefix, address: Address): boolean {
  if (prefix.family !== address.family) return false
  const host = BigInt(width(prefix.family) - prefix.length)
  return prefix.value >> host === address.value >> host
}

/** Whether `inner` lies within `outer`, or equals it. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && containsAddress(outer, inner)
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return containsPrefix(a, b) || containsPrefix(b, a)
}
