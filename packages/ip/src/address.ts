import { IpError } from './errors.ts'

export type Family = 4 | 6

/** `value` is the address as an unsigned integer: 32 bits for family 4, 128 for family 6. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

const widths = { 4: 32, 6: 128 } as const

/** Number of bits in an address of `family`. */
export function width(family: Family): 32 | 128 {
  return widths[family]
}

/** @throws RangeError if `value` does not fit the family. */
export function addressOf(family: Family, value: bigint): Address {
  if (value < 0n || value >> BigInt(width(family)) !== 0n) throw new RangeError(`${value} is no IPv${family} address`)
  return { family, value }
}

/** Dotted quad or RFC 4291 text, without prefix length or zone. @throws IpError */
export function parseAddress(text: string): Address {
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text)
  if (typeof bytes === 'string') throw new IpError('ip/bad-address', text, bytes)
  return addressFromBytes(bytes)
}

export function isAddress(text: string): boolean {
  return typeof (text.includes(':') ? parseV6(text) : parseV4(text)) !== 'string'
}

/** RFC 5952 text; IPv4-mapped addresses as `::ffff:a.b.c.d`. */
export function formatAddress({ family, value }: Address): string {
  return family === 4 ? formatV4(Number(value)) : formatV6(value)
}

/** 4 or 16 bytes in network order. */
export function addressToBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(width(address.family) / 8)
  let rest = address.value
  for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
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
 * Writes the address in `text` at `offset`; returns the number of bytes, 4 or 16. @throws IpError
 * PERF: no bigint for IPv4, for the many set elements of a full load.
 */
export function writeAddress(text: string, into: Uint8Array, offset: number): number {
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text)
  if (typeof bytes === 'string') throw new IpError('ip/bad-address', text, bytes)
  into.set(bytes, offset)
  return bytes.length
}

function parseV4(text: string): Uint8Array | string {
  const bytes = new Uint8Array(4)
  let part = 0
  let digits = 0
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (digits === 0 || part === 3) return 'it needs four numbers between dots'
      bytes[part++] = value
      digits = 0
      value = 0
    } else if (code >= 48 && code <= 57) {
      if (digits === 1 && value === 0) return 'a number has a leading zero'
      value = value * 10 + code - 48
      digits++
      if (value > 255) return 'a number is over 255'
    } else return `unexpected ${JSON.stringify(text[i])}`
  }
  if (part !== 3 || digits === 0) return 'it needs four numbers between dots'
  bytes[3] = value
  return bytes
}

function parseV6(text: string): Uint8Array | string {
  let body = text
  let tail: Uint8Array | undefined
  if (text.includes('.')) {
    const cut = text.lastIndexOf(':') + 1
    const v4 = parseV4(text.slice(cut))
    if (typeof v4 === 'string') return v4
    tail = v4
    body = `${text.slice(0, cut)}0:0`
  }
  const halves = body.split('::')
  if (halves.length > 2) return '"::" appears twice'
  const [head = '', rest] = halves
  const before = head === '' ? [] : head.split(':')
  const after = rest === undefined || rest === '' ? [] : rest.split(':')
  const missing = 8 - before.length - after.length
  if (rest === undefined ? missing !== 0 : missing < 1) return 'it needs eight groups, or fewer with "::"'
  const bytes = new Uint8Array(16)
  const groups = [...before, ...Array<string>(rest === undefined ? 0 : missing).fill('0'), ...after]
  for (const [i, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return `bad group ${JSON.stringify(group)}`
    const value = Number.parseInt(group, 16)
    bytes[2 * i] = value >> 8
    bytes[2 * i + 1] = value & 0xff
  }
  if (tail) bytes.set(tail, 12)
  return bytes
}

function formatV4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn))
  if (value >> 32n === 0xffffn) return `::ffff:${formatV4(Number(value & 0xffffffffn))}`
  const zeros = longestZeroRun(groups)
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return zeros ? `${text(0, zeros.start)}::${text(zeros.end, 8)}` : text(0, 8)
}

/** RFC 5952 §4.2: the first of the longest runs of two or more zero groups. */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly end: number } | undefined {
  let best: { start: number; end: number } | undefined
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start >= 2 && (!best || end - start > best.end - best.start)) best = { start, end }
    start = Math.max(start, end)
  }
  return best
}
