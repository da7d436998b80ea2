import { createCniDrivers, serveCni } from '@tortie/cni'
import type { Datastore } from '@tortie/datastore'
import { etcdEnvironment, isSameCluster, readEtcdSettings } from '@tortie/datastore-etcd'
import type { Call, Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import type { Settings } from './settings.ts'
import { openStore } from './store.ts'
import type { StoreSettings } from './store-settings.ts'

/** Does the work of the CNI plugin for the processes that container runtimes start on this host. */
export function serveCniSocket(
  { cniSocket, store }: Settings,
  { datastore, log }: { readonly datastore: Datastore; readonly log: Log },
  call: Call,
): Promise<AsyncDisposable> {
  const drivers = createCniDrivers({
    log: log.with({ part: 'cni' }),
    agentPresent: true,
    // A config may name another store than the agent's; the same one is shared, and stays open.
    async openDatastore(choice, opening) {
      const wanted: StoreSettings =
        choice.type === 'embedded'
          ? choice
          : { type: 'etcdv3', etcd: readEtcdSettings(etcdEnvironment(choice.environment, choice.names)) }
      if (isSame(wanted, store)) return { ...shared(datastore), [Symbol.asyncDispose]: () => Promise.resolve() }
      return await openStore(wanted, { clock: systemClock, random: systemRandom, log }, opening)
    },
  })
  return serveCni({ path: cniSocket, drivers, log }, call)
}

/** Credentials do not matter: only root can ask, and the agent's own let in. */
function isSame(a: StoreSettings, b: StoreSettings): boolean {
  if (a.type === 'embedded') return b.type === 'embedded' && a.path === b.path
  return b.type === 'etcdv3' && isSameCluster(a.etcd, b.etcd)
}

function shared(datastore: Datastore): Omit<Datastore, typeof Symbol.asyncDispose> {
  return {
    get: (key, call) => datastore.get(key, call),
    list: (selection, call) => datastore.list(selection, call),
    create: (resource, call) => datastore.create(resource, call),
    update: (resource, call) => datastore.update(resource, call),
    delete: (key, options, call) => datastore.delete(key, options, call),
    watch: (selection, options, call) => datastore.watch(selection, options, call),
  }
}
