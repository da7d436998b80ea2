import type { Kind, ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Datastore, ResourceKey } from '../contract.ts'
import { isDatastoreError } from '../errors.ts'

/** `get`, and undefined for what does not exist. */
export async function findResource<K extends Kind>(
  datastore: Datastore,
  key: ResourceKey<K>,
  call: Call,
): Promise<ResourceOf<K> | undefined> {
  try {
    return await datastore.get(key, call)
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) return undefined
    throw error
  }
}
