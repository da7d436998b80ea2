import { NetlinkError } from '../errors.ts'
import { align, attributeHeaderSize, headerSize, hostIsLittleEndian, NLA_TYPE_MASK } from './header.ts'

const host = hostIsLittleEndian

/** One message of a datagram, read in place. The visitor gets the same object each time: copy what is to be kept. */
export interface Message {
  readonly view: DataView
  readonly type: number
  readonly flags: number
  readonly seq: number
  /** Payload: from `start` up to `end` in `view`. */
  readonly start: number
  readonly end: number
}

/** Calls `visit` for every message of one datagram. @throws NetlinkError `netlink/malformed` on a bad length. */
export function forEachMessage(datagram: Uint8Array, visit: (message: Message) => void): void {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  const message = { view, type: 0, flags: 0, seq: 0, start: 0, end: 0 }
  for (let at = 0; at + headerSize <= datagram.length; ) {
    const length = view.getUint32(at, host)
    if (length < headerSize || at + length > datagram.length)
      throw new NetlinkError('netlink/malformed', { what: `message length ${length} at ${at} of ${datagram.length}` })
    message.type = view.getUint16(at + 4, host)
    message.flags = view.getUint16(at + 6, host)
    message.seq = view.getUint32(at + 8, host)
    message.start = at + headerSize
    message.end = at + length
    visit(message)
    at += align(length)
  }
}

/**
 * The attributes between `start` and `end`, without an object for each:
 * `for (let at = start; at < end; at = nextAttribute(view, at, end)) switch (attributeType(view, at)) { case …: }`
 */
export function nextAttribute(view: DataView, at: number, end: number): number {
  const next = at + align(attributeLength(view, at, end))
  return end - next < attributeHeaderSize ? end : next
}

/** Length with its header. @throws NetlinkError `netlink/malformed` when the attribute does not fit before `end`. */
export function attributeLength(view: DataView, at: number, end: number): number {
  const length = end - at < attributeHeaderSize ? 0 : view.getUint16(at, host)
  if (length < attributeHeaderSize || at + length > end)
    throw new NetlinkError('netlink/malformed', { what: `attribute length ${length} at ${at} of ${end}` })
  return length
}

/** Type without the NESTED and BYTEORDER flags. */
export function attributeType(view: DataView, at: number): number {
  return view.getUint16(at + 2, host) & NLA_TYPE_MASK
}

/** Where the value of the attribute at `at` ends, before padding. */
export function attributeEnd(view: DataView, at: number): number {
  return at + view.getUint16(at, host)
}

/** Plain form, for what is read rarely: calls `visit` with the type and the extent of each value. */
export function forEachAttribute(
  view: DataView,
  start: number,
  end: number,
  visit: (type: number, valueStart: number, valueEnd: number) => void,
): void {
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const length = attributeLength(view, at, end)
    visit(attributeType(view, at), at + attributeHeaderSize, at + length)
  }
}

/** Host byte order. */
export function readU16(view: DataView, at: number): number {
  return view.getUint16(at, host)
}
/** Host byte order. */
export function readU32(view: DataView, at: number): number {
  return view.getUint32(at, host)
}
/** Host byte order. */
export function readI32(view: DataView, at: number): number {
  return view.getInt32(at, host)
}
/** Host byte order. */
export function readU64(view: DataView, at: number): bigint {
  return view.getBigUint64(at, host)
}

/** The bytes from `start` to `end`, without a copy. */
export function readBytes(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start)
}

/** Text up to its closing zero, or to `end`. */
export function readString(view: DataView, start: number, end: number): string {
  let stop = start
  let ascii = true
  for (; stop < end; stop++) {
    const byte = view.getUint8(stop)
    if (byte === 0) break
    if (byte > 127) ascii = false
  }
  if (!ascii) return new TextDecoder().decode(readBytes(view, start, stop))
  let text = ''
  for (let i = start; i < stop; i++) text += String.fromCharCode(view.getUint8(i))
  return text
}
