import { BgpError } from '../errors.ts'
import { ErrorCode, HeaderSubcode, MessageType } from './iana.ts'
import type { AttributeInterner } from './intern.ts'
import { type NotificationMessage, notification } from './notification.ts'
import { decodeOpen, encodeOpen, type OpenMessage } from './open.ts'
import type { WireOptions } from './options.ts'
import { type DecodedUpdate, decodeUpdate, encodeUpdate, type UpdateMessage } from './update.ts'
import { ByteWriter, viewOf } from './writer.ts'

export interface KeepaliveMessage {
  readonly kind: 'KEEPALIVE'
}

/** A request for all routes of a family (RFC 2918), or a mark before and after the answer (RFC 7313). */
export interface RouteRefreshMessage {
  readonly kind: 'ROUTE-REFRESH'
  readonly afi: number
  readonly safi: number
  /** `RefreshSubtype`; an unknown one is to be ignored. */
  readonly subtype: number
}

export type Message = OpenMessage | UpdateMessage | NotificationMessage | KeepaliveMessage | RouteRefreshMessage

/**
 * A received message. `update` carries what RFC 7606 says to do; `error` is a message that costs the session, with the
 * NOTIFICATION to send.
 */
export type DecodedMessage =
  | { readonly kind: 'message'; readonly message: Exclude<Message, UpdateMessage> }
  | { readonly kind: 'update'; readonly decoded: DecodedUpdate }
  | { readonly kind: 'error'; readonly notification: NotificationMessage }

/** Octets of the header: marker, length, type (RFC 4271 §4.1). */
export const headerSize = 19
const standardLimit = 4096
const extendedLimit = 65_535

export const keepalive: KeepaliveMessage = { kind: 'KEEPALIVE' }

interface TypeRow {
  readonly smallest: number
  readonly exact: boolean
  /** May use what RFC 8654 allows. */
  readonly extends: boolean
}

const types: ReadonlyMap<number, TypeRow> = new Map([
  [MessageType.OPEN as number, { smallest: 29, exact: false, extends: false }],
  [MessageType.UPDATE, { smallest: 23, exact: false, extends: true }],
  [MessageType.NOTIFICATION, { smallest: 21, exact: false, extends: true }],
  [MessageType.KEEPALIVE, { smallest: 19, exact: true, extends: false }],
  // The exact length of 23 is checked where it can be told apart: RFC 7313 §5 has its own error for it.
  [MessageType.ROUTE_REFRESH, { smallest: 19, exact: false, extends: true }],
])

/**
 * Checks the 19 octets at the start of `bytes`: the length of the whole message, or the NOTIFICATION of RFC 4271 §6.1.
 * The length is known, and bounded, before the rest has come.
 */
export function checkHeader(bytes: Uint8Array, extendedMessage: boolean): number | NotificationMessage {
  for (let i = 0; i < 16; i++)
    if (bytes[i] !== 0xff) return notification(ErrorCode.header, HeaderSubcode.notSynchronized)
  const length = ((bytes[16] as number) << 8) | (bytes[17] as number)
  const type = bytes[18] as number
  if (length < headerSize || length > (extendedMessage ? extendedLimit : standardLimit)) return badSize(bytes)
  const row = types.get(type)
  if (!row) return notification(ErrorCode.header, HeaderSubcode.badType, Uint8Array.of(type))
  if (length < row.smallest || (row.exact && length !== row.smallest)) return badSize(bytes)
  return !row.extends && length > standardLimit ? badSize(bytes) : length
}

/**
 * Decodes one whole message, header included. Never throws, and allocates no more than a small multiple of its length.
 * @param interner  see `decodeUpdate`
 */
export function decodeMessage(bytes: Uint8Array, options: WireOptions, interner?: AttributeInterner): DecodedMessage {
  const length = bytes.length < headerSize ? badSize(bytes) : checkHeader(bytes, options.extendedMessage)
  if (typeof length !== 'number') return { kind: 'error', notification: length }
  if (length !== bytes.length) return { kind: 'error', notification: badSize(bytes) }
  switch (bytes[18]) {
    case MessageType.OPEN: {
      const open = decodeOpen(bytes)
      return open.kind === 'OPEN' ? { kind: 'message', message: open } : { kind: 'error', notification: open }
    }
    case MessageType.UPDATE:
      return { kind: 'update', decoded: decodeUpdate(bytes, options, interner) }
    case MessageType.NOTIFICATION:
      return { kind: 'message', message: notification(bytes[19] ?? 0, bytes[20] ?? 0, bytes.slice(21)) }
    case MessageType.ROUTE_REFRESH:
      return decodeRefresh(bytes)
    default:
      return { kind: 'message', message: keepalive }
  }
}

function badSize(bytes: Uint8Array): NotificationMessage {
  return notification(ErrorCode.header, HeaderSubcode.badLength, bytes.slice(16, 18))
}

function decodeRefresh(bytes: Uint8Array): DecodedMessage {
  // RFC 7313 §5: the whole message is the data.
  if (bytes.length !== 23)
    return { kind: 'error', notification: notification(ErrorCode.routeRefresh, 1, bytes.slice()) }
  const view = viewOf(bytes)
  const message: RouteRefreshMessage = {
    kind: 'ROUTE-REFRESH',
    afi: view.getUint16(19),
    subtype: view.getUint8(21),
    safi: view.getUint8(22),
  }
  return { kind: 'message', message }
}

const bodies: { readonly [K in Message['kind']]: Body<K> } = {
  OPEN: [MessageType.OPEN, encodeOpen],
  UPDATE: [MessageType.UPDATE, encodeUpdate],
  NOTIFICATION: [MessageType.NOTIFICATION, (writer, m) => writer.u8(m.code).u8(m.subcode).raw(m.data)],
  KEEPALIVE: [MessageType.KEEPALIVE, () => undefined],
  'ROUTE-REFRESH': [MessageType.ROUTE_REFRESH, (writer, m) => writer.u16(m.afi).u8(m.subtype).u8(m.safi)],
}
type Write<M> = (writer: ByteWriter, message: M, options: WireOptions) => void
type Body<K extends Message['kind']> = readonly [type: number, write: Write<Extract<Message, { readonly kind: K }>>]

/**
 * Appends one message to `writer`. On an error nothing is appended.
 * @throws BgpError `bgp/message-too-long` over 4096 octets (65535 where RFC 8654 was negotiated and allows it), and
 * BgpError or IpError for values that their field cannot hold
 */
export function writeMessage(writer: ByteWriter, message: Message, options: WireOptions): void {
  const start = writer.length
  const [type, write] = bodies[message.kind] as readonly [number, Write<Message>]
  try {
    for (let i = 0; i < 4; i++) writer.u32(0xffffffff)
    writer.u16(0).u8(type)
    write(writer, message, options)
    const size = writer.length - start
    const limit = options.extendedMessage && types.get(type)?.extends ? extendedLimit : standardLimit
    if (size > limit) throw new BgpError('bgp/message-too-long', { message: message.kind, size, limit })
    writer.patchU16(start + 16, size)
  } catch (error) {
    writer.reset(start)
    throw error
  }
}

/** One message as bytes of its own. @throws as `writeMessage` */
export function encodeMessage(message: Message, options: WireOptions): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(256)
  writeMessage(writer, message, options)
  return writer.bytes
}
