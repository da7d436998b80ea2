import type { Call } from '@tortie/runtime'
import type { Datastore } from '../../contract.ts'
import type { Faults } from '../faults.ts'

/** One sentence that every implementation of a contract must make true. `check` throws an AssertionError otherwise. */
export interface Law<S> {
  readonly name: string
  check(subject: S, call: Call): Promise<void>
}

/** One store, empty at first. */
export interface DatastoreSubject {
  /** A handle of its own on the store, as another process has it. */
  open(call: Call): Promise<Datastore>
  /** Forgets history: a watcher that is behind has to be told a snapshot. */
  compact(call: Call): Promise<void>
  /** Cuts the connection of every watch, once, where there is something to cut. */
  disconnect?(): void
  /** Of every handle that `open` gives. */
  readonly faults?: Faults
}

export type DatastoreLaw = Law<DatastoreSubject>
