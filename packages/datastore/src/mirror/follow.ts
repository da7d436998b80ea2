import type { Kind, ResourceOf } from '@tortie/model'
import { type Backoff, type Call, type Clock, createBackoff, isRetryable, type Random } from '@tortie/runtime'
import type { Datastore, ResourceKey } from '../contract.ts'
import { type Bell, createBell } from '../memory/bell.ts'
import { createPending, type Pending } from './pending.ts'

export type Change<K extends Kind = Kind> =
  | { readonly type: 'put'; readonly item: ResourceOf<K> }
  | { readonly type: 'delete'; readonly key: ResourceKey<K> }

export interface MirrorBatch<K extends Kind = Kind> {
  /** At most one per object, the last; deletes only of what was put before. */
  readonly changes: readonly Change<K>[]
  /** With this batch the reader knows everything that was there when following began. Never false again. */
  readonly inSync: boolean
  /** False while the store cannot be reached: what the reader knows then may be old, and nothing is taken from it. */
  readonly connected: boolean
  /** Why it is not connected. */
  readonly cause?: unknown
}

/**
 * Follows all objects of some kinds. Yields whenever something changed since the last batch was asked for: what changes
 * several times meanwhile is told once, so a slow reader costs no more memory than one copy of each object. Snapshots are
 * told as the difference to what the reader knows. Ends only by throwing: `signal.reason` on abort, or what cannot be
 * retried.
 */
export async function* followResources<K extends Kind>(
  datastore: Datastore,
  kinds: readonly K[],
  ports: { readonly clock: Clock; readonly random: Random },
  call: Call,
): AsyncGenerator<MirrorBatch<K>, never> {
  const ended = new AbortController()
  const pumping = { signal: AbortSignal.any([call.signal, ended.signal]) }
  const pumps = kinds.map((kind) => new Pump(datastore, kind, createBackoff(ports)))
  const bell = createBell()
  for (const pump of pumps) pump.start(bell, pumping)
  let told = ''
  try {
    for (;;) {
      call.signal.throwIfAborted()
      for (const { failure } of pumps) if (failure) throw failure.error
      const inSync = pumps.every((pump) => pump.inSync)
      const lost = pumps.find((pump) => !pump.connected)
      const state = `${inSync} ${lost === undefined}`
      if (state !== told || pumps.some(({ pending }) => pending.size > 0)) {
        told = state
        const changes = pumps.flatMap(({ pending }) => pending.take())
        yield { changes, inSync, connected: lost === undefined, ...(lost && { cause: lost.cause }) }
      } else await bell.heard(call)
    }
  } finally {
    ended.abort(new Error('following ended'))
  }
}

/** Moves the events of one kind into what the reader has still to be told. */
class Pump<K extends Kind> {
  readonly pending: Pending<K> = createPending()
  readonly #datastore: Datastore
  readonly #kind: K
  readonly #backoff: Backoff
  inSync = false
  connected = true
  cause: unknown
  failure: { readonly error: unknown } | undefined

  constructor(datastore: Datastore, kind: K, backoff: Backoff) {
    this.#datastore = datastore
    this.#kind = kind
    this.#backoff = backoff
  }

  start(bell: Bell, call: Call): void {
    this.#run(bell, call).catch((error: unknown) => {
      if (call.signal.aborted) return
      this.failure = { error }
      bell.ring()
    })
  }

  async #run(bell: Bell, call: Call): Promise<never> {
    const onConnection = (connected: boolean, cause?: unknown): void => {
      this.connected = connected
      this.cause = cause
      bell.ring()
    }
    for (;;) {
      let cause: unknown
      try {
        for await (const event of this.#datastore.watch({ kind: this.#kind }, { onConnection }, call)) {
          this.connected = true
          this.#backoff.reset()
          this.pending.accept(event)
          this.inSync ||= event.type === 'snapshot'
          bell.ring()
        }
      } catch (error) {
        call.signal.throwIfAborted()
        if (!isRetryable(error)) throw error
        cause = error
      }
      onConnection(false, cause)
      await this.#backoff.wait(call)
    }
  }
}
