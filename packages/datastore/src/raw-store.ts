import type { Call } from '@tortie/runtime'

/** Keys `from` ≤ key < `to`, compared as bytes. */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

export interface RawEntry {
  readonly key: string
  /** UTF-8 text, JSON in all that we write. */
  readonly value: string
  /** Revision of the last write of this key, decimal. */
  readonly revision: string
}

export interface RawListing {
  /** In the order of their keys. */
  readonly entries: readonly RawEntry[]
  /** The store's revision at which `entries` were current. */
  readonly revision: string
}

export type RawEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly revision: string }
  | { readonly type: 'delete'; readonly key: string; readonly revision: string }

export interface RawBatch {
  /** In revision order; may be empty, when only `revision` moved on. */
  readonly events: readonly RawEvent[]
  /** Everything up to here has been told; go on after it. */
  readonly revision: string
}

/** What a key must be for a write to happen: not there, there in whatever revision, or there in just this revision. */
export type Expected = 'absent' | 'present' | { readonly revision: string }

export type RawOutcome =
  | { readonly done: true; readonly revision: string; readonly previous?: RawEntry }
  | { readonly done: false; readonly current?: RawEntry }

/**
 * What a store of keys and values has to offer so that `createDatastore` makes a Datastore of it. One revision counts
 * all writes of the store, each write is one revision. Every method throws `signal.reason` on abort, and DatastoreError
 * `Unavailable` or `Unauthorized`.
 */
export interface RawStore extends AsyncDisposable {
  /** Names the store in messages: a path, endpoints. */
  readonly name: string
  get(key: string, call: Call): Promise<RawEntry | undefined>
  list(range: KeyRange, call: Call): Promise<RawListing>
  /** Writes `value`, or deletes the key when it is undefined, if the key is as `expected`. Durable when it returns. */
  compareAndSwap(key: string, expected: Expected, value: string | undefined, call: Call): Promise<RawOutcome>
  /**
   * Changes after revision `after`, pulled by the reader. The first batch comes at once, empty if need be: the store is
   * there. Ends only by throwing.
   * @throws DatastoreError `Compacted` when history since `after` is no longer known
   */
  watch(range: KeyRange, after: string, call: Call): AsyncIterable<RawBatch>
}

/** All keys that begin with `prefix`. What follows a character beyond ASCII is left to the caller to tell apart. */
export function prefixRange(prefix: string): KeyRange {
  const ascii = /^[\x20-\x7d]*/.exec(prefix)?.[0] ?? ''
  const last = ascii.length - 1
  return { from: ascii, to: ascii.slice(0, last) + String.fromCharCode(ascii.charCodeAt(last) + 1) }
}

export function inRange({ from, to }: KeyRange, key: string): boolean {
  return key >= from && key < to
}
