import type { Call } from '@tortie/runtime'
import { DatastoreError } from '../errors.ts'
import {
  type Expected,
  inRange,
  type KeyRange,
  type RawBatch,
  type RawEntry,
  type RawEvent,
  type RawListing,
  type RawOutcome,
  type RawStore,
} from '../raw-store.ts'
import { createBell } from './bell.ts'
import { createSortedMap } from './sorted-map.ts'

/** What several handles share, as processes share a server. Lives as long as something refers to it. */
export interface MemoryState {
  /** A handle of its own; closing it ends its calls and leaves the state to the others. */
  open(name?: string): RawStore
  /** Forgets history up to `revision`, by default all of it. */
  compact(revision?: number): void
  readonly revision: number
}

/** Most events that a watcher can be behind. */
const defaultHistory = 10_000

/** @param options.history how many events are kept for watchers that are behind; older ones are compacted away */
export function createMemoryState({ history = defaultHistory }: { readonly history?: number } = {}): MemoryState {
  const entries = createSortedMap<RawEntry>()
  const bell = createBell()
  /** `log[i]` is the event of revision `compacted + 1 + i`. */
  let log: RawEvent[] = []
  let compacted = 0
  let revision = 0

  const compact = (to: number): void => {
    log = log.slice(Math.max(0, to - compacted))
    compacted = Math.max(compacted, to)
  }
  const append = (event: RawEvent): void => {
    log.push(event)
    if (log.length > 2 * history) compact(revision - history)
    bell.ring()
  }
  const swap = (key: string, expected: Expected, value: string | undefined): RawOutcome => {
    const previous = entries.get(key)
    if (!isExpected(expected, previous)) return { done: false, ...(previous && { current: previous }) }
    revision++
    const event = { key, revision: String(revision) }
    if (value === undefined) entries.delete(key)
    else entries.set(key, { ...event, value })
    append(value === undefined ? { type: 'delete', ...event } : { type: 'put', ...event, value })
    return { done: true, revision: event.revision, ...(previous && { previous }) }
  }

  async function* watch(name: string, range: KeyRange, after: string, call: Call): AsyncGenerator<RawBatch, never> {
    let last = Number(after)
    let begun = false
    for (;;) {
      call.signal.throwIfAborted()
      if (last < compacted) throw new DatastoreError('Compacted', { store: name, after: String(last) })
      if (last >= revision && begun) {
        await bell.heard(call)
        continue
      }
      begun = true
      const events = log.slice(last - compacted, last - compacted + batchSize)
      last += events.length
      yield { events: events.filter(({ key }) => inRange(range, key)), revision: String(last) }
    }
  }

  const list = (range: KeyRange): RawListing => ({ entries: entries.range(range), revision: String(revision) })

  return {
    get revision() {
      return revision
    },
    compact: (to = revision) => compact(Math.min(to, revision)),
    open: (name = 'in memory') => openHandle(name, { get: entries.get, list, swap, watch }),
  }
}

/** Events handed over at once. */
const batchSize = 1_000

function isExpected(expected: Expected, entry: RawEntry | undefined): boolean {
  if (expected === 'absent') return entry === undefined
  return entry !== undefined && (expected === 'present' || expected.revision === entry.revision)
}

interface Shared {
  readonly get: (key: string) => RawEntry | undefined
  readonly list: (range: KeyRange) => RawListing
  readonly swap: (key: string, expected: Expected, value: string | undefined) => RawOutcome
  readonly watch: (name: string, range: KeyRange, after: string, call: Call) => AsyncIterable<RawBatch>
}

function openHandle(name: string, shared: Shared): RawStore {
  const open = new AbortController()
  const check = ({ signal }: Call): void => {
    signal.throwIfAborted()
    open.signal.throwIfAborted()
  }
  return {
    name,
    async get(key, call) {
      check(call)
      return shared.get(key)
    },
    async list(range, call) {
      check(call)
      return shared.list(range)
    },
    async compareAndSwap(key, expected, value, call) {
      check(call)
      return shared.swap(key, expected, value)
    },
    watch: (range, after, { signal }) =>
      shared.watch(name, range, after, { signal: AbortSignal.any([signal, open.signal]) }),
    async [Symbol.asyncDispose]() {
      open.abort(closed(name))
    },
  }
}

function closed(store: string): DatastoreError {
  return new DatastoreError('Closed', { store })
}
