import { readAddress } from '@tortie/ip'
import { type Capability, decodeCapabilities, encodeCapability, findCapability } from './capabilities.ts'
import { AS_TRANS, ErrorCode, OpenParameter, OpenSubcode } from './iana.ts'
import { type NotificationMessage, notification } from './notification.ts'
import { ByteWriter, viewOf } from './writer.ts'

export interface OpenMessage {
  readonly kind: 'OPEN'
  /** My Autonomous System: 16 bits; a larger one is sent as 23456 (AS_TRANS). See `asOf`. */
  readonly myAs: number
  /** Seconds; 0 means no keepalives. */
  readonly holdTime: number
  /** BGP Identifier as IPv4 text. */
  readonly bgpId: string
  readonly capabilities: readonly Capability[]
}

/** The AS of the sender: that of its 4-octet capability, else the field. */
export function asOf({ myAs, capabilities }: OpenMessage): number {
  return findCapability(capabilities, 'fourOctetAs')?.as ?? myAs
}

/** Decodes a whole OPEN of at least 29 octets; the NOTIFICATION to answer with when it is malformed. Never throws. */
export function decodeOpen(message: Uint8Array): OpenMessage | NotificationMessage {
  const view = viewOf(message)
  if (view.getUint8(19) !== 4) return notification(ErrorCode.open, OpenSubcode.unsupportedVersion, Uint8Array.of(0, 4))
  const capabilities = decodeParameters(message)
  if (!Array.isArray(capabilities)) return capabilities
  return {
    kind: 'OPEN',
    myAs: view.getUint16(20),
    holdTime: view.getUint16(22),
    bgpId: readAddress(message, 24, 4),
    capabilities,
  }
}

function decodeParameters(message: Uint8Array): Capability[] | NotificationMessage {
  const malformed = notification(ErrorCode.open, OpenSubcode.unspecific)
  const view = viewOf(message)
  const short = view.getUint8(28)
  // RFC 9072: a first parameter of type 255 says that lengths have two octets, whatever the short length says.
  const wide = short > 0 && message.length >= 32 && view.getUint8(29) === OpenParameter.extendedLength
  const start = wide ? 32 : 29
  if (start + (wide ? view.getUint16(30) : short) !== message.length) return malformed
  const head = wide ? 3 : 2
  const capabilities: Capability[] = []
  for (let at = start; at < message.length; ) {
    if (at + head > message.length) return malformed
    const end = at + head + (wide ? view.getUint16(at + 1) : view.getUint8(at + 1))
    if (end > message.length) return malformed
    if (message[at] !== OpenParameter.capabilities)
      return notification(ErrorCode.open, OpenSubcode.unsupportedOptionalParameter, message.slice(at, end))
    const some = decodeCapabilities(message.subarray(at + head, end))
    if (!some) return malformed
    for (const capability of some) capabilities.push(capability)
    at = end
  }
  return capabilities
}

/** Writes what follows the header: one parameter, in the form of RFC 9072 only when over 255 octets need it. */
export function encodeOpen(writer: ByteWriter, { myAs, holdTime, bgpId, capabilities }: OpenMessage): void {
  writer
    .u8(4)
    .u16(myAs > 0xffff ? AS_TRANS : myAs)
    .u16(holdTime)
    .ipv4(bgpId)
  const inner = new ByteWriter(256)
  for (const capability of capabilities) encodeCapability(inner, capability)
  const size = inner.length
  if (size === 0) writer.u8(0)
  else if (size + 2 <= 255)
    writer
      .u8(size + 2)
      .u8(OpenParameter.capabilities)
      .u8(size)
      .raw(inner.bytes)
  else {
    writer
      .u8(255)
      .u8(OpenParameter.extendedLength)
      .u16(size + 3)
    writer.u8(OpenParameter.capabilities).u16(size).raw(inner.bytes)
  }
}
