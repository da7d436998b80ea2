import { IpError } from './errors.ts'
import { formatV4, formatV6, parseV4, parseV6, scratch } from './text.ts'

export type Family = 4 | 6

/** `value` is the address as an unsigned integer: 32 bits for family 4, 128 for family 6. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** Number of bits in an address of `family`. */
export function width(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128
}

/** @throws RangeError if `value` does not fit the family. */
export function addressOf(family: Family, value: bigint): Address {
  if (value < 0n || value >> BigInt(width(family)) !== 0n) throw new RangeError(`${value} is no IPv${family} address`)
  return { family, value }
}

/** Dotted quad or RFC 4291 text, without prefix length or zone. @throws IpError */
export function parseAddress(text: string): Address {
  if (text.includes(':')) {
    const why = parseV6(text)
    if (why !== undefined) throw new IpError('ip/bad-address', text, why)
    return { family: 6, value: (scratch.getBigUint64(0) << 64n) | scratch.getBigUint64(8) }
  }
  const value = parseV4(text)
  if (typeof value === 'string') throw new IpError('ip/bad-address', text, value)
  return { family: 4, value: BigInt(value) }
}

export function isAddress(text: string): boolean {
  return text.includes(':') ? parseV6(text) === undefined : typeof parseV4(text) === 'number'
}

/** RFC 5952 text; IPv4-mapped addresses as `::ffff:a.b.c.d`. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return formatV4(Number(value))
  scratch.setBigUint64(0, value >> 64n)
  scratch.setBigUint64(8, value)
  return formatV6(scratch, 0)
}

/** 4 or 16 bytes in network order. */
export function addressToBytes({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16)
  const view = new DataView(bytes.buffer)
  if (family === 4) view.setUint32(0, Number(value))
  else {
    view.setBigUint64(0, value >> 64n)
    view.setBigUint64(8, value)
  }
  return bytes
}

/** @param bytes 4 or 16 bytes in network order. @throws RangeError for another length. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length !== 4 && bytes.length !== 16)
    throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 4) return { family: 4, value: BigInt(view.getUint32(0)) }
  return { family: 6, value: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) }
}

/**
 * Writes the address in `text` at `offset`; returns the number of bytes, 4 or 16. @throws IpError, and RangeError when
 * `into` is too short.
 * PERF: no bigint and no allocation, for the many set elements of a full load: 5 times `parseAddress`.
 */
export function writeAddress(text: string, into: Uint8Array, offset: number): 4 | 16 {
  const v6 = text.includes(':')
  const parsed = v6 ? (parseV6(text) ?? 0) : parseV4(text)
  if (typeof parsed === 'string') throw new IpError('ip/bad-address', text, parsed)
  const size = v6 ? 16 : 4
  if (offset < 0 || offset + size > into.length)
    throw new RangeError(`${size} bytes at offset ${offset} do not fit in ${into.length}`)
  if (v6) for (let i = 0; i < 16; i++) into[offset + i] = scratch.getUint8(i)
  else for (let i = 0; i < 4; i++) into[offset + i] = parsed >>> (24 - 8 * i)
  return size
}

/** Text of the 4 or 16 bytes at `offset`, without a copy. @throws RangeError when they are not there. */
export function readAddress(bytes: Uint8Array, offset: number, family: Family): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return family === 4 ? formatV4(view.getUint32(offset)) : formatV6(view, offset)
}

/** Order of family, then value. */
export function compareAddresses(a: Address, b: Address): number {
  return a.family - b.family || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0)
}
