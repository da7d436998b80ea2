import type { Call } from '@tortie/runtime'
import { NetlinkError, type RefusalError, refusalError, throwRefusal } from '../errors.ts'
import type { NetlinkTransport } from '../transport.ts'
import { readAnswers } from '../wire/answers.ts'
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from '../wire/header.ts'
import type { Message } from '../wire/reader.ts'
import { createMessageWriter } from '../wire/writer.ts'
import type { Query } from './query.ts'
import { encodeRequest, formatRequest, type Request } from './request.ts'

/** PERF: 1,000 in one send is as fast as any number, and gives other work a turn between (bench/routes.bench.ts). */
const requestsPerDatagram = 1000
/** spec 02 §5.4: an interrupted dump is repeated up to five times. */
const dumpAttempts = 5

/** rtnetlink of one network namespace: that of its transport. */
export interface Rtnetlink {
  /**
   * Carries out the requests in order. They are not a transaction: one that is refused stops none of the others.
   * @returns what was refused, each with the place of its request in `facts.index`; empty when all went well
   */
  attempt(requests: readonly Request[], call: Call): Promise<readonly RefusalError[]>
  /** The same on the calling thread: for a few quick requests. */
  attemptSync(requests: readonly Request[]): readonly RefusalError[]
  /** As `attempt`. @throws NetlinkError the first refusal */
  run(requests: readonly Request[], call: Call): Promise<void>
  runSync(requests: readonly Request[]): void
  /** Everything that answers the query. @throws NetlinkError, `netlink/dump-interrupted` when it changes all the time */
  read<T>(query: Query<T>, call: Call): Promise<T[]>
  readSync<T>(query: Query<T>): T[]
  /** One object, or undefined when it is not there. */
  find<T>(query: Query<T>, call: Call): Promise<T | undefined>
  findSync<T>(query: Query<T>): T | undefined
}

export function createRtnetlink(transport: NetlinkTransport): Rtnetlink {
  let seq = 0
  const nextSeqs = (count: number): number => {
    if (seq + count > 0xffffffff) seq = 0
    const first = seq + 1
    seq += count
    return first
  }

  function* datagrams(requests: readonly Request[]): Generator<Sent> {
    for (let at = 0; at < requests.length; at += requestsPerDatagram) {
      const chunk = requests.slice(at, at + requestsPerDatagram)
      const first = nextSeqs(chunk.length)
      // A writer for each: a thread may still be reading the one before.
      const writer = createMessageWriter(chunk.length * 96)
      for (const [i, request] of chunk.entries()) encodeRequest(writer, request, first + i, i === chunk.length - 1)
      yield { bytes: writer.bytes, chunk, first, at }
    }
  }

  const ask = <T>(query: Query<T>): { readonly bytes: Uint8Array; readonly answer: Answered<T> } => {
    const writer = createMessageWriter(128)
    const ack = (query.flags & NLM_F_DUMP) === NLM_F_DUMP ? 0 : NLM_F_ACK
    writer.begin(query.type, NLM_F_REQUEST | query.flags | ack, nextSeqs(1))
    query.encode(writer)
    writer.end()
    return { bytes: writer.bytes, answer: (answers) => readAll(query, answers) }
  }

  const client: Rtnetlink = {
    async attempt(requests, call) {
      const refusals: RefusalError[] = []
      for (const sent of datagrams(requests)) collect(sent, await transport.exchange(sent.bytes, call), refusals)
      return refusals
    },
    attemptSync(requests) {
      const refusals: RefusalError[] = []
      for (const sent of datagrams(requests)) collect(sent, transport.exchangeSync(sent.bytes), refusals)
      return refusals
    },
    async run(requests, call) {
      throwFirst(await client.attempt(requests, call))
    },
    runSync(requests) {
      throwFirst(client.attemptSync(requests))
    },
    async read(query, call) {
      for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
        const { bytes, answer } = ask(query)
        const found = answer(await transport.exchange(bytes, call))
        if (found) return found
      }
      throw new NetlinkError('netlink/dump-interrupted', { what: query.what })
    },
    readSync(query) {
      for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
        const { bytes, answer } = ask(query)
        const found = answer(transport.exchangeSync(bytes))
        if (found) return found
      }
      throw new NetlinkError('netlink/dump-interrupted', { what: query.what })
    },
    async find(query, call) {
      return (await client.read(query, call).catch(emptyIfMissing))[0]
    },
    findSync(query) {
      try {
        return client.readSync(query)[0]
      } catch (error) {
        return emptyIfMissing(error)[0]
      }
    },
  }
  return client
}

interface Sent {
  readonly bytes: Uint8Array
  readonly chunk: readonly Request[]
  readonly first: number
  /** Place of the first in all requests. */
  readonly at: number
}
type Answered<T> = (datagrams: readonly Uint8Array[]) => T[] | undefined

function collect({ chunk, first, at }: Sent, datagrams: readonly Uint8Array[], refusals: RefusalError[]): void {
  for (const refusal of readAnswers(datagrams).refusals) {
    const place = refusal.seq - first
    const request = chunk[place]
    if (request) refusals.push(refusalError(refusal, formatRequest(request), at + place))
  }
}

/** undefined when the dump was interrupted. */
function readAll<T>(query: Query<T>, datagrams: readonly Uint8Array[]): T[] | undefined {
  const found: T[] = []
  const answers = readAnswers(datagrams, (message: Message) => {
    const value = query.decode(message)
    if (value !== undefined) found.push(value)
  })
  throwRefusal(answers, () => ({ index: 0, label: `read ${query.what}` }))
  return answers.interrupted ? undefined : found
}

function throwFirst(refusals: readonly RefusalError[]): void {
  if (refusals[0]) throw refusals[0]
}

function emptyIfMissing(error: unknown): never[] {
  if (error instanceof NetlinkError && error.code === 'netlink/missing') return []
  throw error
}
