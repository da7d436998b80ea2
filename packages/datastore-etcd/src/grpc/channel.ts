import type { SecureClientSessionOptions } from 'node:http2'
import { type Backoff, type Call, createBackoff, type Log, type Random } from '@tortie/runtime'
import { Connection, type ConnectionOptions } from './connection.ts'
import { RpcError, status } from './rpc-error.ts'

export interface ChannelOptions extends Omit<ConnectionOptions, 'tls'> {
  readonly random: Random
  readonly log: Log
  /** Asked before each round of attempts, so that names and certificates that changed are seen. */
  readonly endpoints: (call: Call) => Promise<readonly string[]>
  readonly tls: (call: Call) => Promise<SecureClientSessionOptions>
}

/** One endpoint and why it could not be used. */
export interface Attempt {
  readonly endpoint: string
  readonly error: unknown
}

/** No endpoint could be used. */
export class Unreachable extends RpcError {
  readonly attempts: readonly Attempt[]

  constructor(attempts: readonly Attempt[]) {
    super(status.unavailable, attempts.map(describe).join('; ') || 'there is no endpoint', false, {
      cause: attempts[0]?.error,
    })
    this.attempts = attempts
  }
}

/** A connection to one of several endpoints: made when needed, and to the next endpoint when it is lost. */
export class Channel {
  readonly #options: ChannelOptions
  readonly #backoff: Backoff
  readonly #closed = new AbortController()
  #current: Connection | undefined
  #opening: Promise<Connection> | undefined
  /** Index of the endpoint to be tried first. */
  #first: number
  #failed = false
  /** What the log already says. */
  #told: string | undefined

  constructor(options: ChannelOptions) {
    this.#options = options
    this.#backoff = createBackoff(options, { firstMs: 10, longestMs: 1_000 })
    this.#first = Math.floor(options.random.next() * 1_000)
  }

  /** @throws Unreachable; RpcError when it takes too long; `signal.reason` on abort */
  async connection({ signal }: Call): Promise<Connection> {
    signal.throwIfAborted()
    this.#closed.signal.throwIfAborted()
    if (this.#current?.usable) return this.#current
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    const { deadlines } = this.#options
    let settle = (): void => undefined
    try {
      return await Promise.race([
        this.#opening,
        new Promise<never>((_resolve, reject) => {
          const forget = deadlines.add(() =>
            reject(new RpcError(status.unavailable, `no connection within ${deadlines.timeoutMs} ms`, false)),
          )
          const abort = (): void => reject(signal.reason)
          signal.addEventListener('abort', abort)
          settle = () => {
            forget()
            signal.removeEventListener('abort', abort)
          }
        }),
      ])
    } finally {
      settle()
    }
  }

  /** The server of `connection` said that it cannot serve: further calls go to the next endpoint. */
  turnAwayFrom(connection: Connection): void {
    if (connection !== this.#current) return
    this.#first++
    this.#current = undefined
    connection.retire()
  }

  close(reason: Error): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(reason)
    this.#current?.destroy(reason)
  }

  async #open(): Promise<Connection> {
    const { endpoints, tls, log } = this.#options
    if (this.#failed) await this.#backoff.wait(this.#closed)
    this.#failed = true
    const attempts: Attempt[] = []
    const all = await endpoints(this.#closed)
    const connecting = { ...this.#options, tls: await tls(this.#closed) }
    for (let i = 0; i < all.length; i++) {
      const endpoint = all[this.#first % all.length] ?? ''
      try {
        const connection = await Connection.open(endpoint, connecting, this.#closed)
        this.#use(connection)
        return connection
      } catch (error) {
        this.#closed.signal.throwIfAborted()
        attempts.push({ endpoint, error })
        this.#first++
      }
    }
    const unreachable = new Unreachable(attempts)
    const why = unreachable.message
    // Once: it is tried again every second for as long as it takes.
    if (why === this.#told) log.debug('datastore.etcd.unreachable', { why })
    else log.warn('datastore.etcd.unreachable', { why })
    this.#told = why
    throw unreachable
  }

  #use(connection: Connection): void {
    const { log } = this.#options
    const { endpoint } = connection
    this.#current = connection
    this.#failed = false
    this.#told = undefined
    this.#backoff.reset()
    log.info('datastore.etcd.connected', { endpoint })
    void connection.lost.then((error) => {
      if (this.#closed.signal.aborted) return
      log.warn('datastore.etcd.lost', { endpoint, error })
      if (this.#current !== connection) return
      this.#current = undefined
      this.#first++
    })
  }
}

function describe({ endpoint, error }: Attempt): string {
  return `${endpoint}: ${error instanceof Error ? messageOf(error) : String(error)}`
}

/** What a connect to a name with several addresses throws has its texts within. */
function messageOf(error: Error): string {
  if (error.message === '' && error instanceof AggregateError) return error.errors.map(String).join(', ')
  return error.message
}
