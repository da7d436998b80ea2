import { type Address, compareAddresses, type Family, formatAddress, parseAddress, width } from './address.ts'
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
  if (slash < 0) {
    const address = parseAddress(text)
    return { address, length: width(address.family) }
  }
  const address = addressOfCidr(text, slash)
  const bits = width(address.family)
  const length = parseLength(text, slash + 1)
  if (length > bits) throw new IpError('ip/bad-prefix', text, `the length must be 0 to ${bits}`)
  return { address, length }
}

/** As `parseAddress`, but the message shows the whole of `text`. */
function addressOfCidr(text: string, slash: number): Address {
  try {
    return parseAddress(text.slice(0, slash))
  } catch (error) {
    if (error instanceof IpError) throw new IpError('ip/bad-prefix', text, error.why)
    throw error
  }
}

/** The decimal number from `from` on, without sign or leading zero; Infinity when it is none. */
function parseLength(text: string, from: number): number {
  const digits = text.length - from
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(from) === 48)) return Number.POSITIVE_INFINITY
  let length = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return Number.POSITIVE_INFINITY
    length = length * 10 + code - 48
  }
  return length
}

/** Whether `parsePrefix` accepts it. */
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
  if (!Number.isInteger(length) || length < 0 || length > width(family))
    throw new RangeError(`/${length} does not fit IPv${family}`)
  const host = BigInt(width(family) - length)
  return { family, value: (value >> host) << host, length }
}

export function hostPrefix({ family, value }: Address): Prefix {
  return { family, value, length: width(family) }
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

/** The address at `ordinal`, counted from the first. @throws RangeError outside the prefix. */
export function addressAt(prefix: Prefix, ordinal: number | bigint): Address {
  const offset = BigInt(ordinal)
  if (offset < 0n || offset >= prefixSize(prefix))
    throw new RangeError(`${formatPrefix(prefix)} has no address ${offset}`)
  return { family: prefix.family, value: prefix.value + offset }
}

/** The place of `address` in the prefix, counted from the first. @throws RangeError outside the prefix. */
export function ordinalOf(prefix: Prefix, address: Address): bigint {
  if (!containsAddress(prefix, address))
    throw new RangeError(`${formatAddress(address)} is not in ${formatPrefix(prefix)}`)
  return address.value - prefix.value
}

/** Every network of `length` within `prefix`, in order. @throws RangeError when `length` is shorter or does not fit. */
export function* subnets(prefix: Prefix, length: number): Generator<Prefix> {
  if (length < prefix.length || length > width(prefix.family))
    throw new RangeError(`${formatPrefix(prefix)} has no subnets of length ${length}`)
  const size = 1n << BigInt(width(prefix.family) - length)
  const last = lastAddress(prefix).value
  for (let value = prefix.value; value <= last; value += size) yield { family: prefix.family, value, length }
}

/** The mask as an address: 255.255.255.192 for a /26. */
export function netmask({ family, length }: Prefix): Address {
  const bits = BigInt(width(family))
  return { family, value: ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(length))) - 1n) }
}

/** Order of family, address, then the shorter first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(a, b) || a.length - b.length
}
