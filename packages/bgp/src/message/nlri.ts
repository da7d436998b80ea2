import { type Family, formatAddress, parsePrefix, readAddress } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import type { ByteWriter } from './writer.ts'

/**
 * Prefixes of one message as columns: entry i has `lengths[i]`, `pathIds?.[i]` and the address words
 * `words[i]` (IPv4) or `words[4 * i]` to `words[4 * i + 3]` (IPv6); bits beyond the length are zero.
 * PERF: a prefix is no object; a table keyed by integers takes them as they are. The columns of a decoded message may lie
 * in a buffer with those of others: whoever keeps them copies them.
 */
export interface Nlri {
  readonly family: Family
  readonly count: number
  readonly words: Uint32Array
  readonly lengths: Uint8Array
  /** RFC 7911 path identifiers; undefined when ADD-PATH is not in use. */
  readonly pathIds: Uint32Array | undefined
}

const empty = (family: Family): Nlri => ({
  family,
  count: 0,
  words: new Uint32Array(0),
  lengths: new Uint8Array(0),
  pathIds: undefined,
})

/** Two values without prefixes, to be shared. */
export const noNlri: Readonly<Record<Family, Nlri>> = { 4: empty(4), 6: empty(6) }

/** Words for one address of the family. */
export const wordsOf = (family: Family): 1 | 4 => (family === 4 ? 1 : 4)

/**
 * Reads `bytes[start..end)`. Undefined when a length is over the family's, or the last prefix is cut (RFC 4271 §6.3).
 * Two passes: the first counts and checks, so that the columns have their exact size.
 */
export function decodeNlri(
  bytes: Uint8Array,
  start: number,
  end: number,
  family: Family,
  addPath: boolean,
): Nlri | undefined {
  if (start === end && !addPath) return noNlri[family]
  const count = countNlri(bytes, start, end, family, addPath)
  if (count === undefined) return undefined
  const perAddress = wordsOf(family)
  const [words, lengths] = columns(count * perAddress, count)
  const pathIds = addPath ? new Uint32Array(count) : undefined
  for (let at = start, i = 0; i < count; i++) {
    if (pathIds) {
      pathIds[i] = wordAt(bytes, at, 4)
      at += 4
    }
    const length = bytes[at++] ?? 0
    lengths[i] = length
    for (let w = 0, left = length; left > 0; w++, left -= 32) {
      const size = left >= 32 ? 4 : (left + 7) >> 3
      const word = wordAt(bytes, at, size)
      words[i * perAddress + w] = left >= 32 ? word : word & (-1 << (32 - left))
      at += size
    }
  }
  return { family, count, words, lengths, pathIds }
}

/**
 * PERF: columns of small messages are cut from one buffer, whose parts are given out once each: buffers of their own, of
 * some dozen octets, cost half the time of decoding.
 */
let shared = new ArrayBuffer(0)
let sharedUsed = 0
const sharedBytes = 64 * 1024

function columns(words: number, lengths: number): readonly [words: Uint32Array, lengths: Uint8Array] {
  const size = (words * 4 + lengths + 3) & ~3
  if (size > sharedBytes / 4) return [new Uint32Array(words), new Uint8Array(lengths)]
  if (sharedUsed + size > shared.byteLength) {
    shared = new ArrayBuffer(sharedBytes)
    sharedUsed = 0
  }
  const at = sharedUsed
  sharedUsed += size
  return [new Uint32Array(shared, at, words), new Uint8Array(shared, at + words * 4, lengths)]
}

function countNlri(bytes: Uint8Array, start: number, end: number, family: Family, addPath: boolean) {
  const longest = family === 4 ? 32 : 128
  const idSize = addPath ? 4 : 0
  let count = 0
  let at = start
  while (at < end) {
    at += idSize
    if (at >= end) return undefined
    const length = bytes[at] ?? 0
    if (length > longest) return undefined
    at += 1 + ((length + 7) >> 3)
    count++
  }
  return at === end ? count : undefined
}

/** The first `size` bytes at `at` as the high bytes of a 32-bit word. */
function wordAt(bytes: Uint8Array, at: number, size: number): number {
  let word = (bytes[at] ?? 0) << 24
  if (size > 1) word |= (bytes[at + 1] ?? 0) << 16
  if (size > 2) word |= (bytes[at + 2] ?? 0) << 8
  if (size > 3) word |= bytes[at + 3] ?? 0
  return word >>> 0
}

/** Bytes that `encodeNlri` will write. */
export function nlriSize({ count, lengths }: Nlri, addPath: boolean): number {
  let size = addPath ? count * 5 : count
  for (let i = 0; i < count; i++) size += ((lengths[i] ?? 0) + 7) >> 3
  return size
}

/** Writes every prefix; with ADD-PATH and no identifiers, identifier 0. */
export function encodeNlri(writer: ByteWriter, nlri: Nlri, addPath: boolean): void {
  const { family, count, words, lengths, pathIds } = nlri
  const perAddress = wordsOf(family)
  for (let i = 0; i < count; i++) {
    if (addPath) writer.u32(pathIds?.[i] ?? 0)
    const length = lengths[i] ?? 0
    writer.u8(length)
    for (let w = 0, left = length; left > 0; w++, left -= 32) {
      const word = words[i * perAddress + w] ?? 0
      if (left > 24) writer.u32(word)
      else for (let bits = 0; bits < left; bits += 8) writer.u8((word >>> (24 - bits)) & 0xff)
    }
  }
}

/**
 * Columns of canonical prefix texts. @param pathIds one for each prefix, when ADD-PATH is in use
 * @throws IpError for text that is no prefix, BgpError for the other family or a wrong number of identifiers
 */
export function nlriOf(family: Family, prefixes: readonly string[], pathIds?: readonly number[]): Nlri {
  if (pathIds && pathIds.length !== prefixes.length)
    throw new BgpError('bgp/bad-value', { field: 'pathIds', why: `${prefixes.length} prefixes need as many` })
  const perAddress = wordsOf(family)
  const words = new Uint32Array(prefixes.length * perAddress)
  const lengths = new Uint8Array(prefixes.length)
  for (const [i, text] of prefixes.entries()) {
    const prefix = parsePrefix(text)
    if (prefix.family !== family)
      throw new BgpError('bgp/bad-value', { field: text, why: `it is not of family IPv${family}` })
    lengths[i] = prefix.length
    for (let w = perAddress - 1, value = prefix.value; w >= 0; w--, value >>= 32n)
      words[i * perAddress + w] = Number(value & 0xffffffffn)
  }
  return { family, count: prefixes.length, words, lengths, pathIds: pathIds && Uint32Array.from(pathIds) }
}

/** Canonical text of entry `i`. */
export function formatNlriEntry({ family, words, lengths }: Nlri, i: number): string {
  if (family === 4) return `${formatAddress({ family, value: BigInt(words[i] ?? 0) })}/${lengths[i] ?? 0}`
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (let w = 0; w < 4; w++) view.setUint32(4 * w, words[4 * i + w] ?? 0)
  return `${readAddress(bytes, 0, 6)}/${lengths[i] ?? 0}`
}

/** Canonical texts of all entries. */
export function formatNlri(nlri: Nlri): string[] {
  return Array.from({ length: nlri.count }, (_, i) => formatNlriEntry(nlri, i))
}
