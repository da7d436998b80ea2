import { type Flow, hasPorts } from '@tortie/dataplane'
import { addressToBytes, parseAddress } from '@tortie/ip'

/** First packet of a flow as an Ethernet frame with right checksums, marked with a number that survives forwarding. */
export function encodeFrame(flow: Flow, mark: number, to: Uint8Array, from: Uint8Array): Uint8Array {
  const source = addressToBytes(parseAddress(flow.source))
  const destination = addressToBytes(parseAddress(flow.destination))
  const payload = encodePayload(flow, source, destination)
  const v6 = source.length === 16
  const header = v6
    ? ip6Header(flow.protocol, payload.length, mark, source, destination)
    : ip4Header(flow.protocol, payload.length, mark, source, destination)
  return Uint8Array.of(...to, ...from, ...(v6 ? [0x86, 0xdd] : [0x08, 0x00]), ...header, ...payload)
}

/** The number given to `encodeFrame`; undefined for frames that are not IP. */
export function markOf(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const type = view.getUint16(12)
  if (type === 0x0800) return view.getUint16(18)
  return type === 0x86dd ? view.getUint32(14) & 0xffff : undefined
}

function ip4Header(
  protocol: number,
  size: number,
  mark: number,
  source: Uint8Array,
  destination: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  bytes[0] = 0x45
  view.setUint16(2, 20 + size)
  view.setUint16(4, mark)
  bytes[8] = 64
  bytes[9] = protocol
  bytes.set(source, 12)
  bytes.set(destination, 16)
  view.setUint16(10, checksum(bytes))
  return bytes
}

/** The mark is the flow label. */
function ip6Header(
  protocol: number,
  size: number,
  mark: number,
  source: Uint8Array,
  destination: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(40)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x6000_0000 | mark)
  view.setUint16(4, size)
  bytes[6] = protocol
  bytes[7] = 64
  bytes.set(source, 8)
  bytes.set(destination, 24)
  return bytes
}

function encodePayload(flow: Flow, source: Uint8Array, destination: Uint8Array): Uint8Array {
  const { protocol, sourcePort = 0, destinationPort = 0, icmpType = 0, icmpCode = 0 } = flow
  if (hasPorts(protocol)) {
    const bytes = new Uint8Array(portPayload[protocol]?.size ?? 8)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, sourcePort)
    view.setUint16(2, destinationPort)
    portPayload[protocol]?.fill(view, pseudoHeader(protocol, bytes.length, source, destination))
    return bytes
  }
  if (protocol !== 1 && protocol !== 58) return new Uint8Array(8)
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  bytes[0] = icmpType
  bytes[1] = icmpCode
  view.setUint16(4, 4711)
  const over = protocol === 58 ? Uint8Array.of(...pseudoHeader(58, bytes.length, source, destination), ...bytes) : bytes
  view.setUint16(2, checksum(over))
  return bytes
}

interface PortPayload {
  readonly size: number
  fill(view: DataView, pseudo: Uint8Array): void
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer)

/** By protocol. */
const portPayload: Readonly<Record<number, PortPayload>> = {
  6: {
    size: 20,
    fill(view, pseudo) {
      view.setUint32(4, 1)
      view.setUint8(12, 5 << 4)
      view.setUint8(13, 2)
      view.setUint16(14, 65_535)
      view.setUint16(16, checksum(Uint8Array.of(...pseudo, ...bytesOf(view))))
    },
  },
  17: {
    size: 16,
    fill(view, pseudo) {
      view.setUint16(4, 16)
      view.setUint16(6, checksum(Uint8Array.of(...pseudo, ...bytesOf(view))))
    },
  },
  /** INIT chunk: RFC 9260 §3.3.2. */
  132: {
    size: 32,
    fill(view) {
      view.setUint8(12, 1)
      view.setUint16(14, 20)
      view.setUint32(16, 1)
      view.setUint32(20, 65_535)
      view.setUint16(24, 1)
      view.setUint16(26, 1)
      view.setUint32(28, 1)
      view.setUint32(8, crc32c(bytesOf(view)), true)
    },
  },
  /** Coverage of the whole: RFC 3828 §3.1. */
  136: {
    size: 16,
    fill(view, pseudo) {
      view.setUint16(4, 16)
      view.setUint16(6, checksum(Uint8Array.of(...pseudo, ...bytesOf(view))))
    },
  },
}

function pseudoHeader(protocol: number, size: number, source: Uint8Array, destination: Uint8Array): Uint8Array {
  const addresses = [...source, ...destination]
  if (source.length === 16) return Uint8Array.of(...addresses, 0, 0, size >> 8, size & 255, 0, 0, 0, protocol)
  return Uint8Array.of(...addresses, 0, protocol, size >> 8, size & 255)
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return ~crc >>> 0
}
