import { DatastoreError } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { findEndpoints, readTls } from './discover.ts'
import { explain } from './explain.ts'
import { Channel } from './grpc/channel.ts'
import type { Connection, Metadata } from './grpc/connection.ts'
import { Deadlines } from './grpc/deadlines.ts'
import { RpcError, status } from './grpc/rpc-error.ts'
import { checkOptions, type EtcdOptions, originsOf } from './options.ts'
import * as etcd from './protobuf/etcd.ts'
import type { Message } from './protobuf/message.ts'

interface Method<Q, A> {
  readonly path: string
  readonly request: Message<unknown, Q>
  readonly answer: Message<A, never>
  /** Changes nothing, so that it may be made again when the answer was lost. */
  readonly reads: boolean
}

const method = <Q, A>(
  path: string,
  request: Message<unknown, Q>,
  answer: Message<A, never>,
  reads = false,
): Method<Q, A> => ({
  path: `/etcdserverpb.${path}`,
  request,
  answer,
  reads,
})

export const methods = {
  range: method('KV/Range', etcd.rangeRequest, etcd.rangeResponse, true),
  put: method('KV/Put', etcd.putRequest, etcd.putResponse),
  txn: method('KV/Txn', etcd.txnRequest, etcd.txnResponse),
  compact: method('KV/Compact', etcd.compactionRequest, etcd.compactionResponse),
  leaseGrant: method('Lease/LeaseGrant', etcd.leaseGrantRequest, etcd.leaseGrantResponse),
  authenticate: method('Auth/Authenticate', etcd.authenticateRequest, etcd.authenticateResponse, true),
  status: method('Maintenance/Status', etcd.statusRequest, etcd.statusResponse, true),
}

export type WatchAnswer = ReturnType<typeof etcd.watchResponse.decode>

const watchPath = '/etcdserverpb.Watch/Watch'
/** Larger pages arrive without waiting for us; what a watcher does not read stays with the server. */
const callWindowBytes = 1 << 20
const watchWindowBytes = 1 << 16
const mostAttempts = 3

/** etcd's calls as functions of messages, over connections that are made when needed. */
export class EtcdClient {
  readonly name: string
  readonly #options: EtcdOptions
  readonly #deadlines: Deadlines
  readonly #calls: Channel
  readonly #watches: Channel
  readonly #closed = new AbortController()
  #token: Promise<string | undefined> | undefined

  /** @throws EtcdError etcd/bad-options */
  constructor(options: EtcdOptions) {
    checkOptions(options)
    const { endpoints = [], discoverySrv, tls, clock, random, log } = options
    this.name = endpoints.length > 0 ? originsOf(endpoints).join(',') : `of ${discoverySrv}`
    this.#options = options
    this.#deadlines = new Deadlines(clock, options.requestTimeoutMs ?? 10_000)
    const shared = {
      clock,
      random,
      log,
      deadlines: this.#deadlines,
      dialTimeoutMs: options.dialTimeoutMs ?? 5_000,
      keepaliveMs: options.keepaliveMs ?? 10_000,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5_000,
      endpoints: () => findEndpoints(options),
      tls: () => readTls(tls),
    }
    this.#calls = new Channel({ ...shared, windowBytes: callWindowBytes })
    this.#watches = new Channel({ ...shared, windowBytes: watchWindowBytes })
  }

  /** @throws DatastoreError Unavailable, Unauthorized, Closed; EtcdError; `signal.reason` on abort */
  async invoke<Q, A>(method: Method<Q, A>, request: Q, call: Call): Promise<A> {
    const message = method.request.encode(request)
    const answer = await this.#attempt(this.#calls, method, call, (connection, metadata) =>
      connection.unary(method.path, message, metadata, call),
    )
    return method.answer.decode(answer)
  }

  /** Answers of one watch, from its creation on. Ends only by throwing, as `invoke` does. */
  async *watch(request: Parameters<typeof etcd.watchCreateRequest.encode>[0], call: Call): AsyncGenerator<WatchAnswer> {
    const message = etcd.watchRequest.encode({ create: request })
    for (let attempt = 1; ; attempt++) {
      const answers = await this.#attempt(this.#watches, { reads: true }, call, async (connection, metadata) =>
        connection.stream(watchPath, message, metadata, call),
      )
      try {
        let told = false
        for await (const bytes of answers) {
          const answer = etcd.watchResponse.decode(bytes)
          if (answer.canceled && !told && attempt < mostAttempts && staleToken.test(answer.cancelReason)) break
          told = true
          yield answer
        }
        this.#token = undefined
      } catch (error) {
        throw this.explain(error, call)
      }
    }
  }

  /** What a failed call throws outward. */
  explain(error: unknown, call: Call, written = false): unknown {
    if (call.signal.aborted) return call.signal.reason
    if (this.#closed.signal.aborted) return this.#closed.signal.reason
    if (isStaleToken(error)) this.#token = undefined
    return explain(error, this.name, written)
  }

  close(): void {
    if (this.#closed.signal.aborted) return
    const closed = new DatastoreError('Closed', { store: this.name })
    this.#closed.abort(closed)
    this.#calls.close(closed)
    this.#watches.close(closed)
    this.#deadlines[Symbol.dispose]()
  }

  async #attempt<T>(
    channel: Channel,
    { reads }: { readonly reads: boolean },
    call: Call,
    work: (connection: Connection, metadata: Metadata) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      call.signal.throwIfAborted()
      let connection: Connection | undefined
      const token = this.#token
      try {
        connection = await channel.connection(call)
        return await work(connection, await this.#metadata(connection, call))
      } catch (error) {
        const again = this.#mayTryAgain(error, reads, channel, connection)
        if (isStaleToken(error) && this.#token === token) this.#token = undefined
        if (!again || attempt === mostAttempts) throw this.explain(error, call, !reads)
      }
    }
  }

  #mayTryAgain(error: unknown, reads: boolean, channel: Channel, connection: Connection | undefined): boolean {
    if (!(error instanceof RpcError) || connection === undefined) return false
    if (isStaleToken(error)) return true
    if (error.status !== status.unavailable) return false
    if (/no leader|leader changed|timed out|stopped/.test(error.message)) channel.turnAwayFrom(connection)
    return reads || !error.sent || /etcdserver: no leader$/.test(error.message)
  }

  async #metadata(connection: Connection, call: Call): Promise<Metadata> {
    const { username = '', password = '' } = this.#options
    if (username === '' || password === '') return withLeader
    this.#token ??= this.#authenticate(connection, username, password).catch((error) => {
      this.#token = undefined
      throw error
    })
    const token = await this.#token
    call.signal.throwIfAborted()
    return token === undefined ? withLeader : { ...withLeader, token }
  }

  /** Undefined when the cluster asks for no authentication. */
  async #authenticate(connection: Connection, name: string, password: string): Promise<string | undefined> {
    const { path, request, answer } = methods.authenticate
    try {
      const bytes = await connection.unary(path, request.encode({ name, password }), {}, this.#closed)
      return answer.decode(bytes).token
    } catch (error) {
      if (!(error instanceof RpcError) || !/authentication is not enabled/.test(error.message)) throw error
      this.#options.log.warn('datastore.etcd.noAuthentication', { remedy: 'enable it, or give no username' })
      return undefined
    }
  }
}

/** A member that lost its leader refuses at once, and ends watches, instead of telling old news. */
const withLeader: Metadata = { hasleader: 'true' }

const staleToken = /invalid auth token|revision of auth store is old/

function isStaleToken(error: unknown): boolean {
  return error instanceof RpcError && staleToken.test(error.message)
}
