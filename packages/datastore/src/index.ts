/** The datastore contract, its key table, an in-memory store and a typed client. */
export { type Client, createClient } from './client/client.ts'
export { type ClusterOptions, ensureInitialized } from './client/ensure-initialized.ts'
export { findResource } from './client/find.ts'
export type { KindClient, Name, Within } from './client/kind-client.ts'
export type { ClientIpam, ClientPorts } from './client/ports.ts'
export type { DeleteOptions } from './client/rules.ts'
export type { Datastore, Listing, OfKind, ResourceKey, Selection, WatchEvent, WatchOptions } from './contract.ts'
export { createDatastore } from './datastore.ts'
export { DatastoreError, type DatastoreErrorCode, describeKey, isDatastoreError } from './errors.ts'
export { keyOf } from './key-of.ts'
export {
  type AffinityIdentity,
  affinityKey,
  affinityNamePrefix,
  blockKey,
  handleKey,
  ipamConfigKey,
} from './keys/ipam-names.ts'
export { formatKey, keyTable, parseKey } from './keys/key-table.ts'
export type { KeyRow } from './keys/row.ts'
export { createMemoryState, type MemoryState } from './memory/memory-store.ts'
export { type Change, followResources, type MirrorBatch } from './mirror/follow.ts'
export {
  type Expected,
  type KeyRange,
  prefixRange,
  type RawBatch,
  type RawEntry,
  type RawEvent,
  type RawListing,
  type RawOutcome,
  type RawStore,
} from './raw-store.ts'
export type { DatastorePorts } from './watch.ts'
