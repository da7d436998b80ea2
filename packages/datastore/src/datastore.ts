import { apiVersion, defaultAllowProfile, type Kind, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Datastore, Listing, OfKind, ResourceKey, Selection } from './contract.ts'
import { formatValue, isDefaultAllow, readEntry, tryParse, tryReadEntry } from './entry.ts'
import { DatastoreError } from './errors.ts'
import { keyOf } from './key-of.ts'
import { keyRow } from './keys/key-table.ts'
import { isSelected } from './keys/row.ts'
import type { Expected, RawEntry, RawOutcome, RawStore } from './raw-store.ts'
import { type DatastorePorts, watchResources } from './watch.ts'

/**
 * The contract over any store of keys and values, with Calico's etcd layout (spec 01 §2): keys and values by the key
 * table, revisions are the store's. Disposing it disposes the store.
 */
export function createDatastore(store: RawStore, ports: DatastorePorts): Datastore {
  return new KeyValueDatastore(store, ports)
}

class KeyValueDatastore implements Datastore {
  readonly #store: RawStore
  readonly #ports: DatastorePorts

  constructor(store: RawStore, ports: DatastorePorts) {
    this.#store = store
    this.#ports = ports
  }

  async get<K extends Kind>(key: ResourceKey<K>, call: Call): Promise<ResourceOf<K>> {
    if (isDefaultAllow(key)) return defaultAllowProfile as ResourceOf<K>
    const row = keyRow(key.kind)
    const entry = await this.#store.get(row.format(key), call)
    if (entry === undefined) throw new DatastoreError('DoesNotExist', key)
    return readEntry(row, key, entry)
  }

  async list<K extends Kind>(selection: Selection<K>, call: Call): Promise<Listing<K>> {
    const row = keyRow(selection.kind)
    const { entries, revision } = await this.#store.list(row.range(selection), call)
    const items: ResourceOf<K>[] = []
    for (const entry of entries) {
      const key = row.parse(entry.key)
      if (key === undefined || !isSelected(selection, key) || isDefaultAllow(key)) continue
      const item = tryReadEntry(row, key, entry, this.#ports.log)
      if (item !== undefined) items.push(item)
    }
    const { kind, name } = { kind: selection.kind, name: defaultAllowProfile.metadata.name }
    if (kind === 'Profile' && isSelected(selection, { kind, name })) items.push(defaultAllowProfile as ResourceOf<K>)
    return { items, revision }
  }

  async create<K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>> {
    const key = keyOf(resource)
    if (isDefaultAllow(key)) throw new DatastoreError('AlreadyExists', key)
    const outcome = await this.#write(key, 'absent', resource, call)
    if (!outcome.done) throw new DatastoreError('AlreadyExists', key)
    return withRevision(resource, outcome.revision)
  }

  async update<K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>> {
    const key = keyOf(resource)
    if (isDefaultAllow(key)) throw unsupported('update', key)
    const revision = checkedRevision(key, resource.metadata.resourceVersion)
    const row = keyRow(key.kind)
    const stored = row.keepsUnseen?.(key) ? await this.#store.get(row.format(key), call) : undefined
    const outcome = await this.#write(key, { revision }, resource, call, stored)
    if (!outcome.done) throw refused(key, revision, outcome)
    return withRevision(resource, outcome.revision)
  }

  async delete<K extends Kind>(
    key: ResourceKey<K>,
    options: { readonly revision?: string },
    call: Call,
  ): Promise<ResourceOf<K>> {
    if (isDefaultAllow(key)) throw unsupported('delete', key)
    const row = keyRow(key.kind)
    const revision = options.revision === undefined ? undefined : checkedRevision(key, options.revision)
    const expected: Expected = revision === undefined ? 'present' : { revision }
    const outcome = await this.#store.compareAndSwap(row.format(key), expected, undefined, call)
    if (!outcome.done) throw refused(key, revision ?? '', outcome)
    const { previous } = outcome
    const was = previous && tryReadEntry(row, key, previous, this.#ports.log)
    return was ?? unreadable(key)
  }

  watch<K extends Kind>(
    selection: Selection<K>,
    options: Parameters<Datastore['watch']>[1],
    call: Call,
  ): ReturnType<typeof watchResources<K>> {
    return watchResources(
      { store: this.#store, list: (c) => this.list(selection, c), ...this.#ports },
      selection,
      options,
      call,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]()
  }

  #write<K extends Kind>(
    key: ResourceKey<K>,
    expected: Expected,
    resource: ResourceOf<K>,
    call: Call,
    stored?: RawEntry,
  ): Promise<RawOutcome> {
    const row = keyRow(key.kind)
    const replaced = stored && tryParse(stored.value)
    return this.#store.compareAndSwap(row.format(key), expected, formatValue(row.encode(resource, replaced)), call)
  }
}

/** Stands for a deleted object whose value could not be read. */
function unreadable<K extends Kind>({ kind, ...metadata }: ResourceKey<K>): ResourceOf<K> {
  return { apiVersion, kind, metadata, spec: {} } as unknown as ResourceOf<K>
}

function withRevision<K extends Kind>(resource: ResourceOf<K>, resourceVersion: string): ResourceOf<K> {
  return { ...resource, metadata: { ...resource.metadata, resourceVersion } }
}

/** Fits etcd's signed 64 bits. */
function checkedRevision(key: ResourceKey, revision: string | undefined): string {
  if (revision === undefined || !/^(0|[1-9][0-9]{0,18})$/.test(revision))
    throw new DatastoreError('BadRevision', { ...key, revision })
  return revision
}

function unsupported(operation: string, key: ResourceKey): DatastoreError {
  return new DatastoreError('Unsupported', { ...key, operation, reason: 'it is built in' })
}

function refused(
  key: ResourceKey,
  revision: string,
  { current }: Extract<RawOutcome, { done: false }>,
): DatastoreError {
  if (current === undefined) return new DatastoreError('DoesNotExist', key)
  return new DatastoreError('Conflict', { ...key, revision, current: current.revision })
}
