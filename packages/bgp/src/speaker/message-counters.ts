import { MessageType } from '../message/iana.ts'
import { headerSize } from '../message/message.ts'
import type { MessageCounts } from './speaker.ts'

interface Counter {
  received: number
  sent: number
}

/** Counts a peer's messages by the type in their header. */
export class MessageCounters {
  private readonly all: Counter = { received: 0, sent: 0 }
  private readonly updates: Counter = { received: 0, sent: 0 }
  private readonly refreshes: Counter = { received: 0, sent: 0 }

  /** @param bytes whole messages, one after the other */
  count(bytes: Uint8Array, direction: keyof Counter): void {
    for (let at = 0; at + headerSize <= bytes.length; at += ((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0)) {
      this.all[direction]++
      const type = bytes[at + 18]
      if (type === MessageType.UPDATE) this.updates[direction]++
      else if (type === MessageType.ROUTE_REFRESH) this.refreshes[direction]++
    }
  }

  get counts(): MessageCounts {
    return { ...this.all, updates: { ...this.updates }, refreshes: { ...this.refreshes } }
  }
}
