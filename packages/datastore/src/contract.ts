import type { Kind, ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'

/** Names one object. `namespace` only for namespaced kinds. */
export interface ResourceKey<K extends Kind = Kind> {
  readonly kind: K
  readonly name: string
  readonly namespace?: string
}

/** Which objects of one kind: all, those of a namespace, or those whose name starts so. */
export interface Selection<K extends Kind = Kind> {
  readonly kind: K
  readonly namespace?: string
  readonly namePrefix?: string
}

export interface Listing<K extends Kind = Kind> {
  readonly items: readonly ResourceOf<K>[]
  /** The store's revision at which `items` were current; give it to `watch` as `after`. */
  readonly revision: string
}

/**
 * `snapshot` replaces everything the watcher knew of the selection: first event when `after` was not given, and again
 * whenever history was compacted or a connection was lost too long. `put` and `delete` follow in revision order.
 */
export type WatchEvent<K extends Kind = Kind> =
  | { readonly type: 'snapshot'; readonly items: readonly ResourceOf<K>[]; readonly revision: string }
  | { readonly type: 'put'; readonly item: ResourceOf<K>; readonly revision: string }
  | { readonly type: 'delete'; readonly key: ResourceKey<K>; readonly revision: string }

/** A resource from which the compiler tells `K`. */
export type OfKind<K extends Kind> = ResourceOf<K> & { readonly kind: K }

export interface WatchOptions {
  readonly after?: string
  /** Told when the store cannot be reached, with the cause, and when it can again. Connected is assumed at first. */
  readonly onConnection?: (connected: boolean, cause?: unknown) => void
}

/**
 * Typed resources in a shared store, with compare-and-swap. What a driver writes is what Calico's client writes; unknown
 * fields survive a read-modify-write. `metadata.resourceVersion` of a returned object is its revision.
 * The contract stores what it is given: defaults, validation and kind-specific rules are `createClient`'s.
 */
export interface Datastore extends AsyncDisposable {
  /** @throws DatastoreError DoesNotExist */
  get<K extends Kind>(key: ResourceKey<K>, call: Call): Promise<ResourceOf<K>>
  list<K extends Kind>(selection: Selection<K>, call: Call): Promise<Listing<K>>
  /** @throws DatastoreError AlreadyExists */
  create<K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>>
  /** Compares `metadata.resourceVersion`, which is required. @throws DatastoreError Conflict, DoesNotExist */
  update<K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>>
  /** Compares `revision` when given; returns what was deleted. @throws DatastoreError Conflict, DoesNotExist */
  delete<K extends Kind>(
    key: ResourceKey<K>,
    options: { readonly revision?: string },
    call: Call,
  ): Promise<ResourceOf<K>>
  /**
   * Changes after revision `after` (from a listing); without it a snapshot first. Pulled by the reader. Survives
   * compaction and disconnects by a new snapshot: no delete is lost, nothing older is shown after something newer.
   * Ends only by throwing: `signal.reason` on abort.
   */
  watch<K extends Kind>(selection: Selection<K>, options: WatchOptions, call: Call): AsyncIterable<WatchEvent<K>>
}
