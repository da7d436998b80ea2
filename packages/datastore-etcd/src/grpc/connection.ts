import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { Call, Clock } from '@tortie/runtime'
import type { Deadlines } from './deadlines.ts'
import { createUnframer, frame } from './frames.ts'
import { RpcError, status, statusIn } from './rpc-error.ts'

export interface ConnectionOptions {
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Longest that making a connection may take. */
  readonly dialTimeoutMs: number
  /** How often a connection with calls under way is asked whether it lives, and how long the answer may take. */
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  /** Most bytes of one stream that may be on the way to us before they are read. */
  readonly windowBytes: number
  readonly tls: SecureClientSessionOptions
}

export type Metadata = Readonly<Record<string, string>>

/** One HTTP/2 connection that carries gRPC calls. */
export class Connection {
  readonly endpoint: string
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<unknown>
  readonly #session: ClientHttp2Session
  readonly #options: ConnectionOptions
  readonly #ended = new AbortController()
  #streams = 0
  #retired = false
  #reason: unknown

  /** @throws Error that says why the endpoint cannot be used */
  static async open(endpoint: string, options: ConnectionOptions, { signal }: Call): Promise<Connection> {
    signal.throwIfAborted()
    const session = connect(endpoint, {
      ...options.tls,
      settings: { enablePush: false, initialWindowSize: options.windowBytes },
      peerMaxConcurrentStreams: 100_000,
      maxSessionMemory: 1_000,
    })
    const over = new AbortController()
    const stop = (reason: Error): void => session.destroy(reason)
    const abort = (): void => stop(new Error('it was given up'))
    signal.addEventListener('abort', abort)
    options.clock.sleep(options.dialTimeoutMs, over).then(
      () => stop(new Error(`no answer within ${options.dialTimeoutMs} ms`)),
      () => undefined,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        session.once('error', reject)
        // When TLS 1.3 ends with an alert, as for a client without certificate, Node's session tells nobody.
        session.socket.once('error', reject)
        session.once('close', () => reject(new Error('the connection was closed at once')))
        session.once('remoteSettings', () => resolve())
      })
      return new Connection(endpoint, session, options)
    } catch (error) {
      session.on('error', () => undefined)
      session.destroy()
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
      over.abort()
    }
  }

  private constructor(endpoint: string, session: ClientHttp2Session, options: ConnectionOptions) {
    this.endpoint = endpoint
    this.#session = session
    this.#options = options
    session.setLocalWindowSize(Math.max(65_535, 4 * options.windowBytes))
    session.on('error', (error) => {
      this.#reason ??= error
    })
    session.on('goaway', (code) => {
      this.#reason ??= new Error(`the server ended the connection (HTTP/2 code ${code})`)
      this.retire()
    })
    this.lost = new Promise((resolve) => {
      const end = (error?: Error): void => {
        this.#reason ??= error ?? new Error('the server closed the connection')
        this.#ended.abort()
        resolve(this.#reason)
      }
      session.once('close', end)
      session.socket.once('error', end)
    })
    void this.#keepAlive()
  }

  get usable(): boolean {
    return !this.#retired && !this.#session.closed && !this.#session.destroyed
  }

  /** Takes no more calls; those under way go on. */
  retire(): void {
    this.#retired = true
    if (!this.#session.destroyed) this.#session.close()
  }

  destroy(reason: Error): void {
    this.#reason ??= reason
    this.#session.destroy(reason)
  }

  /** One message there and one back. @throws RpcError; `signal.reason` on abort */
  async unary(path: string, message: Uint8Array, metadata: Metadata, { signal }: Call): Promise<Buffer> {
    signal.throwIfAborted()
    const { deadlines } = this.#options
    const stream = this.#request(path, { ...metadata, 'grpc-timeout': `${deadlines.timeoutMs}m` })
    return new Promise((resolve, reject) => {
      const unframer = createUnframer()
      const messages: Buffer[] = []
      const outcome = watchOutcome(stream)
      const end = (error: unknown): void => {
        settle()
        stream.close(constants.NGHTTP2_CANCEL)
        reject(error)
      }
      const abort = (): void => end(signal.reason)
      const forget = deadlines.add(() => {
        end(this.#tooLate())
        void this.probe()
      })
      const settle = (): void => {
        forget()
        signal.removeEventListener('abort', abort)
      }
      signal.addEventListener('abort', abort)
      stream.on('data', (chunk: Buffer) => {
        try {
          messages.push(...unframer.push(chunk))
        } catch (error) {
          end(notGrpc(error))
        }
      })
      stream.once('close', () => {
        settle()
        const [answer] = messages
        if (outcome.status === 'ok' && answer !== undefined) resolve(answer)
        else reject(outcome.status === 'ok' ? notGrpc(undefined) : this.#failure(stream, outcome))
      })
      stream.end(frame(message))
    })
  }

  /**
   * One message there and many back, until the reader stops. Pulled by the reader: what it does not take stays with the
   * server, but for a window of it. @throws RpcError; `signal.reason` on abort
   */
  async *stream(path: string, message: Uint8Array, metadata: Metadata, call: Call): AsyncGenerator<Buffer, never> {
    const { signal } = call
    signal.throwIfAborted()
    const stream = this.#request(path, metadata)
    const outcome = watchOutcome(stream)
    const end = (): void => {
      stream.close(constants.NGHTTP2_CANCEL)
      stream.destroy()
    }
    let expired = false
    const forget = this.#options.deadlines.add(() => {
      expired = true
      end()
      void this.probe()
    })
    signal.addEventListener('abort', end)
    const unframer = createUnframer()
    try {
      stream.write(frame(message))
      for await (const chunk of stream) {
        forget()
        yield* unframer.push(chunk as Buffer)
      }
    } catch (error) {
      outcome.cause ??= error
    } finally {
      forget()
      signal.removeEventListener('abort', end)
      end()
    }
    signal.throwIfAborted()
    if (expired) throw this.#tooLate()
    throw this.#failure(stream, outcome)
  }

  /** Whether the server still answers; if it does not, the connection is destroyed. */
  async probe(): Promise<void> {
    if (this.#session.destroyed) return
    const over = new AbortController()
    const { clock, keepaliveTimeoutMs } = this.#options
    const silent = clock.sleep(keepaliveTimeoutMs, { signal: AbortSignal.any([over.signal, this.#ended.signal]) }).then(
      () => this.destroy(new Error(`the server did not answer a ping within ${keepaliveTimeoutMs} ms`)),
      () => undefined,
    )
    try {
      this.#session.ping(() => over.abort())
    } catch {
      over.abort()
    }
    await silent
  }

  async #keepAlive(): Promise<void> {
    try {
      for (;;) {
        await this.#options.clock.sleep(this.#options.keepaliveMs, this.#ended)
        // A server counts pings without calls as abuse.
        if (this.#streams > 0) await this.probe()
      }
    } catch {
      // The connection has ended.
    }
  }

  #request(path: string, metadata: Metadata): ClientHttp2Stream {
    if (!this.usable) throw new RpcError(status.unavailable, this.#why(), false)
    const stream = this.#session.request(
      {
        ...metadata,
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      },
      { endStream: false },
    )
    this.#streams++
    stream.once('close', () => {
      this.#streams--
    })
    return stream
  }

  #failure(stream: ClientHttp2Stream, { status: told, httpStatus, cause }: Outcome): RpcError {
    if (told instanceof RpcError) return told
    if (httpStatus !== undefined && httpStatus !== 200)
      return new RpcError(status.unavailable, `it answered with HTTP status ${httpStatus}`, true)
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
    return new RpcError(status.unavailable, this.#why(cause), !refused, { cause: this.#reason ?? cause })
  }

  #tooLate(): RpcError {
    return new RpcError(status.deadlineExceeded, `no answer within ${this.#options.deadlines.timeoutMs} ms`, true)
  }

  #why(cause?: unknown): string {
    const reason = this.#reason ?? cause
    return reason instanceof Error ? reason.message : 'the connection was lost'
  }
}

interface Outcome {
  status: RpcError | 'ok' | undefined
  httpStatus: number | undefined
  cause: unknown
}

function watchOutcome(stream: ClientHttp2Stream): Outcome {
  const outcome: Outcome = { status: undefined, httpStatus: undefined, cause: undefined }
  stream.on('response', (headers) => {
    outcome.httpStatus = headers[':status']
    outcome.status ??= statusIn(headers)
  })
  stream.on('trailers', (headers) => {
    outcome.status ??= statusIn(headers)
  })
  stream.on('error', (error) => {
    outcome.cause ??= error
  })
  return outcome
}

function notGrpc(cause: unknown): RpcError {
  const why = cause instanceof Error ? cause.message : 'it gave an empty answer'
  return new RpcError(status.internal, why, true, { cause })
}
