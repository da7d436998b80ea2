import { join, resolve } from 'node:path'
import {
  DatastoreError,
  type Expected,
  type KeyRange,
  type RawBatch,
  type RawEntry,
  type RawListing,
  type RawOutcome,
  type RawStore,
} from '@tortie/datastore'
import type { Call, Clock, Log, Random } from '@tortie/runtime'
import { Database } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { explain, isBusy } from './sqlite-errors.ts'

export interface EmbeddedOptions {
  /** A directory; made for its owner alone (0700) when absent. Not on a network file system. */
  readonly path: string
  /** `false`: a store that is not there is an error, and nothing is made. */
  readonly create?: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** How many revisions are kept for watchers that are behind; those further behind list again. */
  readonly history?: number
}

const defaultHistory = 50_000
/** Longest wait for another process that has the lock: it needs a millisecond, unless it is stopped. */
const lockPatienceMs = 10_000
/**
 * Longest waits between two looks at a lock. Longer ones, and ones that grow, keep rivals from writing for a second;
 * shorter ones spend the processor on looking. Ten processes that never stop: 3,900 writes/s, none waits over 0.3 s.
 */
const firstWaitMs = 1
const longestWaitMs = 4
/** Events handed over at once. */
const batchSize = 1_000

/**
 * Keys and values in one directory that several processes have open at once. @throws EmbeddedStoreError for a directory
 * that cannot be used; DatastoreError Unavailable for one that may be usable later
 */
export async function openEmbeddedStore(options: EmbeddedOptions, call: Call): Promise<RawStore> {
  const store = new EmbeddedStore({ ...options, path: resolve(options.path) })
  await store.open(call)
  return store
}

class EmbeddedStore implements RawStore {
  readonly name: string
  readonly #options: EmbeddedOptions
  readonly #history: number
  readonly #doorbell: Doorbell
  readonly #closed = new AbortController()
  #database: Database | undefined
  #generation = 0

  constructor(options: EmbeddedOptions) {
    this.name = options.path
    this.#options = options
    this.#history = options.history ?? defaultHistory
    this.#doorbell = new Doorbell(join(options.path, 'doorbell'), options)
  }

  async open(call: Call): Promise<void> {
    await this.#run(() => undefined, call)
  }

  get(key: string, call: Call): Promise<RawEntry | undefined> {
    return this.#run((database) => database.get(key), call)
  }

  list(range: KeyRange, call: Call): Promise<RawListing> {
    return this.#run((database) => database.list(range), call)
  }

  async compareAndSwap(key: string, expected: Expected, value: string | undefined, call: Call): Promise<RawOutcome> {
    const outcome = await this.#run((database) => database.swap(key, expected, value, this.#history), call)
    if (outcome.done) this.#doorbell.ring()
    return outcome
  }

  async *watch(range: KeyRange, after: string, { signal }: Call): AsyncGenerator<RawBatch, never> {
    const call = { signal: AbortSignal.any([signal, this.#closed.signal]) }
    using _listening = this.#doorbell.listen()
    const generation = this.#generation
    let last = Number(after)
    let begun = false
    for (;;) {
      const { rings } = this.#doorbell
      const changes = await this.#run((database) => database.changes(range, last, batchSize), call)
      if (changes === undefined || generation !== this.#generation)
        throw new DatastoreError('Compacted', { store: this.name, after: String(last) })
      if (changes.revision === last && begun) await this.#doorbell.heardMoreThan(rings, call)
      else {
        begun = true
        last = changes.revision
        yield { events: changes.events, revision: String(last) }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(new DatastoreError('Closed', { store: this.name }))
    this.#doorbell.close()
    this.#database?.close()
    this.#database = undefined
  }

  /** Repeats `work` while another process has the lock, with waits that differ, so that no rival is always first. */
  async #run<T>(work: (database: Database) => T, call: Call): Promise<T> {
    const { clock, random } = this.#options
    const since = clock.monotonicMs()
    for (let longestMs = firstWaitMs; ; longestMs = longestWaitMs) {
      call.signal.throwIfAborted()
      this.#closed.signal.throwIfAborted()
      try {
        return work(this.#current())
      } catch (error) {
        if (!isBusy(error) || clock.monotonicMs() - since > lockPatienceMs) throw explain(error, this.name)
      }
      await clock.sleep(0.2 + random.next() * longestMs, call)
    }
  }

  /**
   * A database that was replaced, say from a backup, is opened anew, and watchers list again. One that was removed is
   * not made again: to readers that would look as if everything had been deleted.
   */
  #current(): Database {
    const state = this.#database?.state() ?? 'current'
    if (state === 'removed')
      throw new DatastoreError('Unavailable', {
        store: this.name,
        why: 'its files were removed; restore them, or restart to begin with an empty store',
      })
    if (state === 'replaced') {
      this.#options.log.warn('datastore.embedded.replaced', { path: this.name })
      this.#database?.close()
      this.#database = undefined
      this.#generation++
      this.#doorbell.reopen()
    }
    this.#database ??= Database.open(this.name, this.#options)
    return this.#database
  }
}
