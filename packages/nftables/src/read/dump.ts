import {
  beginNfnetlink,
  createMessageWriter,
  errnoName,
  type Message,
  type MessageWriter,
  type NetlinkTransport,
  NFNL_SUBSYS_NFTABLES,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  nfgenmsgSize,
  nfnetlinkType,
  readAnswers,
} from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { NftablesError, refusedError } from '../errors.ts'
import { type Family, families, familyOf } from '../object/family.ts'
import { getU8 } from '../wire/number.ts'

/** A question to the kernel. */
export interface Request {
  /** In errors: `chains of inet tortie`. */
  readonly what: string
  /** GET message and the NEW message that answers it. */
  readonly type: number
  readonly answer: number
  /** All families without it. */
  readonly family?: Family
  readonly dump: boolean
  write?(writer: MessageWriter): void
}

/** `start` is behind the nfgenmsg. */
export type Visit = (view: DataView, start: number, end: number, family: Family) => void

/**
 * Asks and walks the answers. @throws NftablesError `dump-interrupted` when the ruleset changed meanwhile, and as the
 * kernel refuses
 */
export async function ask(transport: NetlinkTransport, request: Request, call: Call, visit: Visit): Promise<void> {
  call.signal.throwIfAborted()
  const writer = createMessageWriter(256)
  const family = request.family === undefined ? 0 : families[request.family]
  const flags = NLM_F_REQUEST | (request.dump ? NLM_F_DUMP : NLM_F_ACK)
  beginNfnetlink(writer, nfnetlinkType(NFNL_SUBSYS_NFTABLES, request.type), flags, 1, { family })
  request.write?.(writer)
  writer.end()
  const answer = nfnetlinkType(NFNL_SUBSYS_NFTABLES, request.answer)
  const { refusals, interrupted } = readAnswers(
    await transport.exchange(writer.bytes, call),
    ({ type, view, start, end }: Message) => {
      if (type !== answer) return
      const of = familyOf(getU8(view, start, end))
      visit(view, start + nfgenmsgSize, end, of ?? 'inet')
    },
  )
  const [first] = refusals
  if (first?.errno === EINTR || interrupted)
    throw new NftablesError('nftables/dump-interrupted', { what: request.what })
  if (first)
    throw refusedError({ index: 0, operation: `read ${request.what}`, ...first, errnoName: errnoName(first.errno) }, [])
}

const EINTR = 4
