import { type Datastore, findResource } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import type { CniDrivers } from '../ports.ts'

/** Creates the network's profile if it is missing; one that is there is never changed. Spec 04 §10. */
export async function ensureProfile(
  store: Datastore,
  network: string,
  ports: Pick<CniDrivers, 'clock' | 'random'>,
  call: Call,
): Promise<void> {
  if (await findResource(store, { kind: 'Profile', name: network }, call)) return
  const { createProfile } = await import('./create-profile.ts') // with schemas, once for a network
  await createProfile(store, network, ports, call)
}
