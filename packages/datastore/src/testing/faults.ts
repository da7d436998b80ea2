import type { Call, Clock } from '@tortie/runtime'
import { DatastoreError } from '../errors.ts'
import type { RawBatch, RawStore } from '../raw-store.ts'

/** The faults of a network before a store. All are off at first. */
export interface Faults {
  /** Handles of the store that suffer from them. */
  wrap(store: RawStore): RawStore
  /** Ends every watch with Unavailable, at its next event or wait, once each. */
  cutWatches(): void
  /** While true every call fails with Unavailable, and watches end so. */
  down: boolean
  /** The answers of so many of the next writes are lost: they happen, the caller is told Unavailable. */
  lostAnswers: number
  /** How long every answer takes, on `clock`. */
  latencyMs: number
  /** How many calls and watches were told Unavailable so far. */
  readonly suffered: number
}

/** @param clock on which slow answers wait; only needed with `latencyMs` */
export function createFaults(clock?: Clock): Faults {
  let cut = new AbortController()
  let suffered = 0
  const unavailable = (store: RawStore, why: string): DatastoreError => {
    suffered++
    return new DatastoreError('Unavailable', { store: store.name, why })
  }
  const faults: Faults = {
    down: false,
    lostAnswers: 0,
    latencyMs: 0,
    get suffered() {
      return suffered
    },
    cutWatches() {
      cut.abort()
      cut = new AbortController()
    },
    wrap: (store) => ({
      name: store.name,
      get: (key, call) => answer(store, call, () => store.get(key, call)),
      list: (range, call) => answer(store, call, () => store.list(range, call)),
      compareAndSwap: (key, expected, value, call) =>
        answer(store, call, async () => {
          const outcome = await store.compareAndSwap(key, expected, value, call)
          if (faults.lostAnswers > 0) {
            faults.lostAnswers--
            throw unavailable(store, 'the answer was lost')
          }
          return outcome
        }),
      watch: (range, after, call) => watch(store, call, (inner) => store.watch(range, after, inner)),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }),
  }

  async function answer<T>(store: RawStore, call: Call, work: () => Promise<T>): Promise<T> {
    call.signal.throwIfAborted()
    if (faults.down) throw unavailable(store, 'it is down')
    const result = await work()
    if (faults.latencyMs > 0) await clock?.sleep(faults.latencyMs, call)
    return result
  }

  async function* watch(
    store: RawStore,
    call: Call,
    open: (call: Call) => AsyncIterable<RawBatch>,
  ): AsyncGenerator<RawBatch> {
    const { signal } = cut
    try {
      for await (const batch of open({ signal: AbortSignal.any([call.signal, signal]) })) {
        if (faults.latencyMs > 0) await clock?.sleep(faults.latencyMs, call)
        if (signal.aborted || faults.down) throw unavailable(store, 'the connection was cut')
        yield batch
      }
    } catch (error) {
      call.signal.throwIfAborted()
      throw signal.aborted ? unavailable(store, 'the connection was cut') : error
    }
  }

  return faults
}
