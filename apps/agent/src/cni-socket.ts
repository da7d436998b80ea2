import { createCniDrivers, serveCni } from '@tortie/cni'
import type { Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import type { Call, Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import type { Settings } from './settings.ts'

/** Does the work of the CNI plugin for the processes that container runtimes start on this host. */
export function serveCniSocket(
  { cniSocket, embeddedPath }: Settings,
  { datastore, log }: { readonly datastore: Datastore; readonly log: Log },
  call: Call,
): Promise<AsyncDisposable> {
  const drivers = createCniDrivers({
    log: log.with({ part: 'cni' }),
    agentPresent: true,
    // A config may name another store than the agent's; the same one is shared, and stays open.
    openDatastore: (choice, opening) =>
      choice.path === embeddedPath
        ? Promise.resolve({ ...shared(datastore), [Symbol.asyncDispose]: () => Promise.resolve() })
        : openEmbedded({ path: choice.path, clock: systemClock, random: systemRandom, log }, opening),
  })
  return serveCni({ path: cniSocket, drivers, log }, call)
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
