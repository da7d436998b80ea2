import { type Kind, kinds, prepareCreate, prepareUpdate, present, type ResourceOf, validate } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Listing, OfKind, ResourceKey, Selection, WatchEvent, WatchOptions } from '../contract.ts'
import { isDefaultAllow } from '../entry.ts'
import { DatastoreError, isDatastoreError } from '../errors.ts'
import { keyOf } from '../key-of.ts'
import { retryConflicts } from './conflicts.ts'
import type { ClientContext } from './ports.ts'
import { type DeleteOptions, type StoreRules, storeRules } from './rules.ts'

/** Names an object of a kind that is known. */
export type Name<K extends Kind = Kind> = Omit<ResourceKey, 'kind'> | ResourceKey<K>
export type Within = Omit<Selection, 'kind'>

/** One kind, with Calico's client rules (spec 01 §1.4–1.17): defaults and validation on writes, defaults on reads. */
export interface KindClient<K extends Kind> {
  /** uid and creationTimestamp are made. @throws ModelError model/invalid; DatastoreError AlreadyExists, DoesNotExist */
  create(resource: ResourceOf<K>, call: Call): Promise<ResourceOf<K>>
  /** Over the revision that `metadata.resourceVersion` says. @throws ModelError model/invalid; DatastoreError Conflict, … */
  update(resource: ResourceOf<K>, call: Call): Promise<ResourceOf<K>>
  /**
   * Creates, or writes over what is there. Labels, annotations and spec are as given, other metadata as stored. With a
   * resourceVersion only over that revision.
   */
  apply(resource: ResourceOf<K>, call: Call): Promise<ResourceOf<K>>
  /** @throws DatastoreError DoesNotExist */
  get(name: Name<K>, call: Call): Promise<ResourceOf<K>>
  list(within: Within, call: Call): Promise<Listing<K>>
  /** @throws DatastoreError DoesNotExist, Conflict, Unsupported for what is built in or in use */
  delete(name: Name<K>, options: DeleteOptions, call: Call): Promise<ResourceOf<K>>
  /** As the contract's; the defaults that `get` fills in are missing, except the tier label of policies. */
  watch(within: Within, options: WatchOptions, call: Call): AsyncIterable<WatchEvent<K>>
}

export function createKindClient<K extends Kind>(kind: K, context: ClientContext): KindClient<K> {
  const { datastore } = context
  const rules: StoreRules<K> = storeRules[kind] ?? {}
  const keyFor = ({ name, namespace }: Name<K>): ResourceKey<K> => ({ kind, name, ...(namespace && { namespace }) })

  const update = async (resource: ResourceOf<K>, call: Call): Promise<ResourceOf<K>> => {
    const key = keyOf<K>(resource)
    if (isDefaultAllow(key))
      throw new DatastoreError('Unsupported', { ...key, operation: 'update', reason: 'it is built in' })
    const old = await datastore.get(key, call)
    const prepared = preparedUpdate(kind, resource, old)
    await rules.beforeUpdate?.(context, prepared, call)
    return await datastore.update(prepared, call)
  }
  const create = async (resource: ResourceOf<K>, call: Call): Promise<ResourceOf<K>> => {
    const prepared = preparedCreate(kind, resource, context)
    await rules.beforeCreate?.(context, prepared, call)
    return await datastore.create(prepared, call)
  }
  return {
    create,
    update,
    async apply(resource, call) {
      const { resourceVersion, ...metadata } = resource.metadata
      try {
        return await create({ ...resource, metadata }, call)
      } catch (error) {
        if (!isDatastoreError(error, 'AlreadyExists')) throw error
      }
      const overwrite = async (): Promise<ResourceOf<K>> =>
        await update(overStored(resource, await datastore.get(keyOf<K>(resource), call)), call)
      return resourceVersion === undefined ? await retryConflicts(overwrite, context, call) : await overwrite()
    },
    get: async (name, call) => present(await datastore.get(keyFor(name), call)),
    async list(within, call) {
      const { items, revision } = await datastore.list({ ...within, kind }, call)
      return { items: items.map((item) => present(item)), revision }
    },
    delete: async (name, options, call) =>
      present(await (rules.remove ?? removePlainly)(context, keyFor(name), options, call)),
    watch: (within, options, call) => {
      const events = datastore.watch({ ...within, kind }, options, call)
      return rules.presentEvents ? presentEvents(events) : events
    },
  }
}

function withKind<K extends Kind>(kind: K, resource: ResourceOf<K>): OfKind<K> {
  return { ...resource, kind } as unknown as OfKind<K>
}

/** IPAM's objects have no metadata in etcd: there is no uid to ask for (spec 01 §2.3). */
function preparedCreate<K extends Kind>(kind: K, resource: ResourceOf<K>, context: ClientContext): OfKind<K> {
  const named = withKind(kind, resource)
  if (kinds[kind].hasResourceKey) return prepareCreate(named, context) as OfKind<K>
  validate(named)
  return named
}

function preparedUpdate<K extends Kind>(kind: K, resource: ResourceOf<K>, old: ResourceOf<K>): OfKind<K> {
  const named = withKind(kind, resource)
  if (kinds[kind].hasResourceKey) return prepareUpdate<ResourceOf<K>>(named, old) as OfKind<K>
  validate(named, { operation: 'update' })
  return named
}

function overStored<K extends Kind>(resource: ResourceOf<K>, stored: ResourceOf<K>): ResourceOf<K> {
  const { labels: _labels, annotations: _annotations, ...kept } = stored.metadata
  const { labels, annotations, resourceVersion } = resource.metadata
  return {
    ...resource,
    metadata: {
      ...kept,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  }
}

async function removePlainly<K extends Kind>(
  { datastore }: ClientContext,
  key: ResourceKey<K>,
  options: DeleteOptions,
  call: Call,
): Promise<ResourceOf<K>> {
  return await datastore.delete(key, options, call)
}

async function* presentEvents<K extends Kind>(events: AsyncIterable<WatchEvent<K>>): AsyncGenerator<WatchEvent<K>> {
  for await (const event of events) {
    if (event.type === 'put') yield { ...event, item: present(event.item) }
    else if (event.type === 'snapshot') yield { ...event, items: event.items.map((item) => present(item)) }
    else yield event
  }
}
