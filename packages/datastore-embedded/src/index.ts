/** A datastore in one directory, shared by several processes, on SQLite. */
import { createDatastore, type Datastore } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { type EmbeddedOptions, openEmbeddedStore } from './embedded-store.ts'

export { type EmbeddedOptions, openEmbeddedStore } from './embedded-store.ts'
export { EmbeddedStoreError, type EmbeddedStoreErrorCode } from './errors.ts'

/**
 * Opens the datastore in the directory `path`, which is made when it is absent. Several processes may have it open: each
 * write is on disk when it returns, a killed process loses nothing that it was told, and a change reaches the watchers of
 * other processes within milliseconds. Revisions count up by one with each write.
 * @throws EmbeddedStoreError for a directory that cannot be used; DatastoreError Unavailable when it may be later
 */
export async function openEmbedded(options: EmbeddedOptions, call: Call): Promise<Datastore> {
  return createDatastore(await openEmbeddedStore(options, call), options)
}
