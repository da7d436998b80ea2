import { type Datastore, findResource } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { chooseDatastore } from '../config/datastore-choice.ts'
import { CniError } from '../errors.ts'
import type { Session } from '../session.ts'

/** Opens the store that config and environment name. @throws CniError, DatastoreError */
export function openStore(
  { config, env, drivers }: Pick<Session, 'config' | 'env' | 'drivers'>,
  call: Call,
): Promise<Datastore> {
  return drivers.openDatastore(chooseDatastore(config, env), call)
}

/**
 * A store under upgrade or migration serves nobody (spec 04 §6 step 6).
 * @throws CniError cni/try-again
 */
export async function requireReady(store: Datastore, call: Call): Promise<void> {
  const information = await findResource(store, { kind: 'ClusterInformation', name: 'default' }, call)
  if (information?.spec.datastoreReady === true) return
  throw new CniError(
    'cni/try-again',
    information === undefined
      ? 'the datastore has no ClusterInformation "default": start the agent, which creates it, and try again'
      : 'Calico is currently not ready to process requests: ClusterInformation "default" has datastoreReady not true',
  )
}
