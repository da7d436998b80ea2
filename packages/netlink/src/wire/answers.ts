import { align, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './header.ts'
import {
  attributeEnd,
  attributeLength,
  attributeType,
  forEachMessage,
  type Message,
  nextAttribute,
  readI32,
  readString,
  readU32,
} from './reader.ts'

/** One message that the kernel refused. */
export interface Refusal {
  /** nlmsg_seq of the request it answers; for a batch refused at its commit, that of the batch's begin. */
  readonly seq: number
  /** Positive. */
  readonly errno: number
  /** The kernel's extended-ack text (NLMSGERR_ATTR_MSG). */
  readonly text?: string
  /** Byte offset in the request of the attribute at fault (NLMSGERR_ATTR_OFFS). */
  readonly offset?: number
}

export interface Answers {
  /** In the order in which the kernel answered. */
  readonly refusals: readonly Refusal[]
  /** nlmsg_seq of the requests acknowledged without error. */
  readonly acknowledged: ReadonlySet<number>
  /** A dump during which the dumped table changed (NLM_F_DUMP_INTR): it may be incomplete and should be repeated. */
  readonly interrupted: boolean
}

const NLMSGERR_ATTR_MSG = 1
const NLMSGERR_ATTR_OFFS = 2
const noMessage = (): void => undefined

/**
 * Walks everything that answers one request: acknowledgements and errors are collected, any other message is handed to
 * `visit`. @throws NetlinkError `netlink/malformed`
 */
export function readAnswers(datagrams: readonly Uint8Array[], visit: (message: Message) => void = noMessage): Answers {
  const refusals: Refusal[] = []
  const acknowledged = new Set<number>()
  let interrupted = false
  const each = (message: Message): void => {
    if ((message.flags & NLM_F_DUMP_INTR) !== 0 && message.type !== NLMSG_ERROR) interrupted = true
    if (message.type > NLMSG_DONE) visit(message)
    if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return
    const code = message.end - message.start >= 4 ? readI32(message.view, message.start) : 0
    if (code < 0) refusals.push(readRefusal(message, -code))
    else if (message.type === NLMSG_ERROR) acknowledged.add(message.seq)
  }
  for (const datagram of datagrams) forEachMessage(datagram, each)
  return { refusals, acknowledged, interrupted }
}

function readRefusal({ view, type, flags, seq, start, end }: Message, errno: number): Refusal {
  if ((flags & NLM_F_ACK_TLVS) === 0) return { seq, errno }
  // nlmsgerr is the code and the header of the request, with the whole request behind it unless capped; DONE has no request.
  const echoed = type === NLMSG_DONE ? 0 : (flags & NLM_F_CAPPED) !== 0 ? 16 : align(readU32(view, start + 4))
  let text: string | undefined
  let offset: number | undefined
  for (let at = start + 4 + echoed; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const kind = attributeType(view, at)
    if (kind === NLMSGERR_ATTR_MSG) text = readString(view, at + 4, attributeEnd(view, at))
    else if (kind === NLMSGERR_ATTR_OFFS) offset = readU32(view, at + 4)
  }
  return { seq, errno, ...(text === undefined ? {} : { text }), ...(offset === undefined ? {} : { offset }) }
}
