import { readAddress } from '@tortie/ip'
import { type AsPath, decodeAsPath, encodeAsPath } from './as-path.ts'
import { AS_TRANS } from './iana.ts'
import type { WireOptions } from './options.ts'
import { type ByteWriter, viewOf } from './writer.ts'

/** How the value of one attribute is read and written. */
export interface Field<V> {
  /** Whether a value of so many bytes can be right. */
  readonly fits: (length: number, options: WireOptions) => boolean
  /** Undefined when the value is malformed although its length fits. */
  readonly read: (bytes: Uint8Array, options: WireOptions) => V | undefined
  readonly write: (writer: ByteWriter, value: V, options: WireOptions) => void
}

/** The speaker that aggregated a route. */
export interface Aggregator {
  readonly as: number
  /** IPv4 text. */
  readonly address: string
}

export type LargeCommunity = readonly [globalAdministrator: number, localData1: number, localData2: number]

const exactly =
  (size: number) =>
  (length: number): boolean =>
    length === size

const some =
  (size: number) =>
  (length: number): boolean =>
    length > 0 && length % size === 0

function list<V>(size: number, read: (view: DataView, at: number) => V, write: (writer: ByteWriter, value: V) => void) {
  const field: Field<readonly V[]> = {
    fits: some(size),
    read: (bytes) => {
      const view = viewOf(bytes)
      return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size))
    },
    write: (writer, values) => {
      for (const value of values) write(writer, value)
    },
  }
  return field
}

export const u32: Field<number> = {
  fits: exactly(4),
  read: (bytes) => viewOf(bytes).getUint32(0),
  write: (writer, value) => writer.u32(value),
}

export const origin: Field<0 | 1 | 2> = {
  fits: exactly(1),
  read: (bytes) => {
    const [value] = bytes
    return value === 0 || value === 1 || value === 2 ? value : undefined
  },
  write: (writer, value) => writer.u8(value),
}

export const ipv4: Field<string> = {
  fits: exactly(4),
  read: (bytes) => readAddress(bytes, 0, 4),
  write: (writer, value) => writer.ipv4(value),
}

export const ipv4List: Field<readonly string[]> = {
  ...ipv4,
  fits: some(4),
  read: (bytes) => Array.from({ length: bytes.length / 4 }, (_, i) => readAddress(bytes, 4 * i, 4)),
  write: (writer, values) => {
    for (const value of values) writer.ipv4(value)
  },
}

export const nothing: Field<true> = { fits: exactly(0), read: () => true, write: () => undefined }

export const asPath: Field<AsPath> = {
  fits: () => true,
  read: (bytes, { as4 }) => decodeAsPath(bytes, as4),
  write: (writer, value, { as4 }) => encodeAsPath(writer, value, as4),
}

export const as4Path: Field<AsPath> = {
  fits: some(2),
  read: (bytes) => decodeAsPath(bytes, true),
  write: (writer, value) => encodeAsPath(writer, value, true),
}

export const aggregator: Field<Aggregator> = {
  fits: (length, { as4 }) => length === (as4 ? 8 : 6),
  read: (bytes, { as4 }) => ({
    as: as4 ? viewOf(bytes).getUint32(0) : viewOf(bytes).getUint16(0),
    address: readAddress(bytes, as4 ? 4 : 2, 4),
  }),
  write: (writer, { as, address }, { as4 }) => {
    if (as4) writer.u32(as)
    else writer.u16(as > 0xffff ? AS_TRANS : as)
    writer.ipv4(address)
  },
}

export const as4Aggregator: Field<Aggregator> = {
  fits: exactly(8),
  read: (bytes) => ({ as: viewOf(bytes).getUint32(0), address: readAddress(bytes, 4, 4) }),
  write: (writer, { as, address }) => writer.u32(as).ipv4(address),
}

export const communities = list<number>(
  4,
  (view, at) => view.getUint32(at),
  (writer, value) => writer.u32(value),
)

export const extendedCommunities = list<bigint>(
  8,
  (view, at) => view.getBigUint64(at),
  (writer, value) => writer.u64(value),
)

export const largeCommunities = list<LargeCommunity>(
  12,
  (view, at) => [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8)],
  (writer, [global, first, second]) => writer.u32(global).u32(first).u32(second),
)

/** The metric of the first AIGP TLV (type 1, length 11): RFC 7311 §3. Other TLVs are not kept. */
export const aigp: Field<bigint> = {
  fits: (length) => length >= 3,
  read: (bytes) => {
    const view = viewOf(bytes)
    for (let at = 0; at + 3 <= bytes.length; ) {
      const length = view.getUint16(at + 1)
      if (length < 3 || at + length > bytes.length) return undefined
      if (bytes[at] === 1) return length === 11 ? view.getBigUint64(at + 3) : undefined
      at += length
    }
    return undefined
  },
  write: (writer, value) => writer.u8(1).u16(11).u64(value),
}
