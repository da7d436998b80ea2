/** A datastore in etcd, over a client of its own on HTTP/2. */
import { createDatastore, type Datastore } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { createEtcdStore, type EtcdStore } from './etcd-store.ts'
import type { EtcdOptions } from './options.ts'

export { EtcdError, type EtcdErrorCode } from './errors.ts'
export { createEtcdStore, type EtcdStatus, type EtcdStore } from './etcd-store.ts'
export type { EtcdOptions, EtcdTls } from './options.ts'
export {
  type EtcdSetting,
  type EtcdSettings,
  type EtcdSource,
  type EtcdVariable,
  etcdEnvironment,
  isSameCluster,
  readEtcdSettings,
  type Written,
} from './settings.ts'

/**
 * Keys and values of an etcd cluster, 3.4 or newer, once it has answered.
 * @throws EtcdError etcd/bad-options; DatastoreError Unavailable, Unauthorized
 */
export async function openEtcdStore(options: EtcdOptions, call: Call): Promise<EtcdStore> {
  const store = createEtcdStore(options)
  try {
    await store.get('/calico/', call)
    return store
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Opens the datastore that Calico's components have in etcd (spec 01 §2): same keys, same values. Calls go to one of the
 * endpoints and to the next when it fails; each has a deadline. Watches resume after what was delivered last.
 * @throws EtcdError etcd/bad-options; DatastoreError Unavailable, Unauthorized
 */
export async function openEtcd(options: EtcdOptions, call: Call): Promise<Datastore> {
  return createDatastore(await openEtcdStore(options, call), options)
}
