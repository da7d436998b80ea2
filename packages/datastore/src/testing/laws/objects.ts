import { apiVersion, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Datastore } from '../../contract.ts'
import { type DatastoreErrorCode, isDatastoreError } from '../../errors.ts'

/** A global object and a namespaced one, with something in them that tells versions apart. */
export function tier(name: string, order = 0): ResourceOf<'Tier'> {
  return { apiVersion, kind: 'Tier', metadata: { name }, spec: { order, defaultAction: 'Deny' } }
}

export function networkSet(namespace: string, name: string, nets: readonly string[] = []): ResourceOf<'NetworkSet'> {
  return { apiVersion, kind: 'NetworkSet', metadata: { name, namespace }, spec: { nets } }
}

/** For `assert.rejects`. */
export function hasCode(code: DatastoreErrorCode): (error: unknown) => boolean {
  return (error) => isDatastoreError(error, code)
}

/** Reads, changes and writes a tier until nobody else was faster. */
export async function setOrder(store: Datastore, name: string, order: number, call: Call): Promise<ResourceOf<'Tier'>> {
  for (;;) {
    const current = await store.get({ kind: 'Tier', name }, call)
    try {
      return await store.update({ ...current, spec: { ...current.spec, order } }, call)
    } catch (error) {
      if (!isDatastoreError(error, 'Conflict')) throw error
    }
  }
}
