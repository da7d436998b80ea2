import { checkHeader, headerSize } from './message.ts'
import type { NotificationMessage } from './notification.ts'

/**
 * Cuts a byte stream into messages. Holds at most one incomplete message: 4096 octets, or 65535 once
 * `extendedMessage` is set. Segments of any size, down to one octet, cost the same.
 */
export class MessageFramer {
  /** Set after the OPENs agreed on it (RFC 8654). */
  extendedMessage = false
  /** PERF: made when a message is cut for the first time; an idle session, whose messages come whole, has none. */
  private held: Uint8Array<ArrayBuffer> = none
  private size = 0

  /** Octets of an incomplete message. */
  get pending(): number {
    return this.size
  }

  /**
   * Gives every message that `segment` completes to `take`; the bytes are valid only during the call. Returns the
   * NOTIFICATION to send when the stream is no BGP: nothing after it can be read. `take` may return false to stop; the
   * rest of the segment is then lost.
   */
  push(segment: Uint8Array, take: (message: Uint8Array) => boolean | undefined): NotificationMessage | undefined {
    for (let at = 0; at < segment.length; ) {
      // PERF: a message that lies whole in the segment is not copied.
      const whole = this.size === 0 && segment.length - at >= headerSize
      if (whole) {
        const length = checkHeader(at === 0 ? segment : segment.subarray(at), this.extendedMessage)
        if (typeof length !== 'number') return length
        if (at + length <= segment.length) {
          if (take(segment.subarray(at, at + length)) === false) return undefined
          at += length
          continue
        }
      }
      const wanted = this.wanted()
      if (typeof wanted !== 'number') return wanted
      const part = segment.subarray(at, at + wanted - this.size)
      this.append(part)
      at += part.length
      const outcome = this.complete(take)
      if (outcome !== true) return outcome || undefined
    }
    return undefined
  }

  /** Octets that must be there before more can be said. */
  private wanted(): number | NotificationMessage {
    return this.size < headerSize ? headerSize : checkHeader(this.held, this.extendedMessage)
  }

  private append(part: Uint8Array): void {
    if (this.size + part.length > this.held.length) {
      const grown = new Uint8Array(this.size + part.length > 4096 ? 65_535 : 4096)
      grown.set(this.held.subarray(0, this.size))
      this.held = grown
    }
    this.held.set(part, this.size)
    this.size += part.length
  }

  /** True to go on, false when `take` had enough. */
  private complete(take: (message: Uint8Array) => boolean | undefined): boolean | NotificationMessage {
    const wanted = this.wanted()
    if (typeof wanted !== 'number') return wanted
    if (this.size < headerSize || this.size < wanted) return true
    const message = this.held.subarray(0, wanted)
    this.size = 0
    return take(message) !== false
  }
}

const none = new Uint8Array(0)
