/** Echo requests and replies: RFC 792, RFC 4443 §4. */
const payloadBytes = 8

/** Without the IP header. The checksum of version 6 is the kernel's to fill in. */
export function echoRequest(v6: boolean, id: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(8 + payloadBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, v6 ? 128 : 8)
  view.setUint16(4, id)
  view.setUint16(6, sequence)
  if (!v6) view.setUint16(2, checksum(view))
  return bytes
}

/** @param bytes as a raw socket has them: version 4 with its IP header, version 6 without */
export function isEchoReply(bytes: Uint8Array, v6: boolean, id: number): boolean {
  const start = v6 ? 0 : ((bytes[0] ?? 0) & 15) * 4
  if (bytes.length < start + 8) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return view.getUint8(start) === (v6 ? 129 : 0) && view.getUint16(start + 4) === id
}

function checksum(view: DataView): number {
  let sum = 0
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
