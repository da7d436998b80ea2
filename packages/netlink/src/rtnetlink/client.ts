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
/** PERF: about 1 MB of a dump, 20,000 routes, some milliseconds. */
const datagramsPerTurn = 32
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
  /**
   * As `read`, for tables too large to keep: each object is handed over as it is decoded. `begin` is called again when an
   * interrupted dump starts anew.
   * @param pause called now and then, so that other work gets a turn
   */
  scan<T>(query: Query<T>, begin: () => (value: T) => void, call: Call, pause?: () => Promise<unknown>): Promise<void>
  /** One object, or undefined when it is not there. */
  find<T>(query: Query<T>, call: Call): Promise<T | undefined>
  findSync<T>(query: Query<T>): T | undefined
}

export function createRtnetlink(transport: NetlinkTransport): Rtnetlink {
  return new Client(transport)
}

class Client implements Rtnetlink {
  readonly #transport: NetlinkTransport
  #seq = 0

  constructor(transport: NetlinkTransport) {
    this.#transport = transport
  }

  async attempt(requests: readonly Request[], call: Call): Promise<readonly RefusalError[]> {
    const refusals: RefusalError[] = []
    for (const sent of this.#datagrams(requests))
      collect(sent, await this.#transport.exchange(sent.bytes, call), refusals)
    return refusals
  }

  attemptSync(requests: readonly Request[]): readonly RefusalError[] {
    const refusals: RefusalError[] = []
    for (const sent of this.#datagrams(requests)) collect(sent, this.#transport.exchangeSync(sent.bytes), refusals)
    return refusals
  }

  async run(requests: readonly Request[], call: Call): Promise<void> {
    throwFirst(await this.attempt(requests, call))
  }

  runSync(requests: readonly Request[]): void {
    throwFirst(this.attemptSync(requests))
  }

  async read<T>(query: Query<T>, call: Call): Promise<T[]> {
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      const found = readAll(query, await this.#transport.exchange(this.#question(query), call))
      if (found) return found
    }
    throw new NetlinkError('netlink/dump-interrupted', { what: query.what })
  }

  readSync<T>(query: Query<T>): T[] {
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      const found = readAll(query, this.#transport.exchangeSync(this.#question(query)))
      if (found) return found
    }
    throw new NetlinkError('netlink/dump-interrupted', { what: query.what })
  }

  async scan<T>(
    query: Query<T>,
    begin: () => (value: T) => void,
    call: Call,
    pause?: () => Promise<unknown>,
  ): Promise<void> {
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      const datagrams = await this.#transport.exchange(this.#question(query), call)
      const visit = begin()
      let whole = true
      for (let at = 0; at < datagrams.length; at += datagramsPerTurn) {
        if (at > 0) await pause?.()
        whole = visitAll(query, datagrams.slice(at, at + datagramsPerTurn), visit) && whole
      }
      if (whole) return
    }
    throw new NetlinkError('netlink/dump-interrupted', { what: query.what })
  }

  async find<T>(query: Query<T>, call: Call): Promise<T | undefined> {
    return (await this.read(query, call).catch(emptyIfMissing))[0]
  }

  findSync<T>(query: Query<T>): T | undefined {
    try {
      return this.readSync(query)[0]
    } catch (error) {
      return emptyIfMissing(error)[0]
    }
  }

  /** The first of `count` sequence numbers in a row. */
  #take(count: number): number {
    if (this.#seq + count > 0xffffffff) this.#seq = 0
    const first = this.#seq + 1
    this.#seq += count
    return first
  }

  *#datagrams(requests: readonly Request[]): Generator<Sent> {
    for (let at = 0; at < requests.length; at += requestsPerDatagram) {
      const chunk = requests.slice(at, at + requestsPerDatagram)
      const first = this.#take(chunk.length)
      // A writer for each: a thread may still be reading the one before.
      const writer = createMessageWriter(chunk.length * 96)
      for (const [i, request] of chunk.entries()) encodeRequest(writer, request, first + i, i === chunk.length - 1)
      yield { bytes: writer.bytes, chunk, first, at }
    }
  }

  #question<T>(query: Query<T>): Uint8Array {
    const writer = createMessageWriter(128)
    const ack = (query.flags & NLM_F_DUMP) === NLM_F_DUMP ? 0 : NLM_F_ACK
    writer.begin(query.type, NLM_F_REQUEST | query.flags | ack, this.#take(1))
    query.encode(writer)
    return writer.end().bytes
  }
}

interface Sent {
  readonly bytes: Uint8Array
  readonly chunk: readonly Request[]
  readonly first: number
  /** Place of the first in all requests. */
  readonly at: number
}

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
  return visitAll(query, datagrams, (value) => found.push(value)) ? found : undefined
}

/** @returns false when the dump was interrupted */
function visitAll<T>(query: Query<T>, datagrams: readonly Uint8Array[], visit: (value: T) => void): boolean {
  const answers = readAnswers(datagrams, (message: Message) => {
    const value = query.decode(message)
    if (value !== undefined) visit(value)
  })
  throwRefusal(answers, () => ({ index: 0, label: `read ${query.what}` }))
  return !answers.interrupted
}

function throwFirst(refusals: readonly RefusalError[]): void {
  if (refusals[0]) throw refusals[0]
}

function emptyIfMissing(error: unknown): never[] {
  if (error instanceof NetlinkError && error.code === 'netlink/missing') return []
  throw error
}
