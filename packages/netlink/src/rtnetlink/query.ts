import type { Message } from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'

/** A question to the kernel, as a value: a dump of a table, or one object. */
export interface Query<T> {
  /** For messages: `routes`, `link eth0`. */
  readonly what: string
  readonly type: number
  /** NLM_F_DUMP for a table, 0 for one object. */
  readonly flags: number
  /** Header of the protocol and attributes, after nlmsghdr. */
  readonly encode: (writer: MessageWriter) => void
  /** undefined leaves the object out. */
  readonly decode: (message: Message) => T | undefined
}
