/** gRPC's length-prefixed messages: a byte that says whether it is compressed, four of length, the message. */
const prefixLength = 5

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixLength + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, prefixLength)
  return framed
}

/** Cuts a stream of bytes into messages, whatever the pieces in which it comes. */
export interface Unframer {
  /** The messages that `chunk` completes, views of it where possible. @throws RangeError for what is no such stream */
  push(chunk: Buffer): Buffer[]
  /** Bytes of a message that is not complete. */
  readonly pending: number
}

/** @param longest length beyond which a message is taken for garbage, in bytes */
export function createUnframer(longest: number = 2 ** 30): Unframer {
  let chunks: Buffer[] = []
  let pending = 0
  let wanted = prefixLength
  return {
    get pending() {
      return pending
    },
    push(chunk) {
      chunks.push(chunk)
      pending += chunk.length
      if (pending < wanted) return []
      const all = chunks.length === 1 ? chunk : Buffer.concat(chunks, pending)
      const messages: Buffer[] = []
      let at = 0
      wanted = prefixLength
      while (all.length - at >= prefixLength) {
        if (all[at] !== 0) throw new RangeError('it sent what is not uncompressed gRPC')
        const end = at + prefixLength + all.readUInt32BE(at + 1)
        if (end - at > longest) throw new RangeError('it sent what is not gRPC, or a message that is too long')
        if (end > all.length) {
          wanted = end - at
          break
        }
        messages.push(all.subarray(at + prefixLength, end))
        at = end
      }
      pending = all.length - at
      chunks = pending === 0 ? [] : [all.subarray(at)]
      return messages
    },
  }
}
