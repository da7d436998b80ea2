/** The datastore contract, its key table, an in-memory store and a typed client. */
export type { Datastore, Listing, ResourceKey, Selection, WatchEvent } from './contract.ts'
export { DatastoreError, type DatastoreErrorCode, describeKey, isDatastoreError } from './errors.ts'
