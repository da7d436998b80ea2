import { type Datastore, findResource, isDatastoreError } from '@tortie/datastore'
import { apiVersion, type Profile, prepareCreate } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { CniDrivers } from '../ports.ts'

/** The profile that lets the containers of one network reach each other: spec 04 §10. */
export function networkProfile(network: string): Profile {
  return {
    apiVersion,
    kind: 'Profile',
    metadata: { name: network },
    spec: {
      egress: [{ action: 'Allow' }],
      ingress: [{ action: 'Allow', source: { selector: `has(${network})` } }],
      labelsToApply: { [network]: '' },
    },
  }
}

/** Creates the network's profile if it is missing; one that is there is never changed. */
export async function ensureProfile(
  store: Datastore,
  network: string,
  ports: Pick<CniDrivers, 'clock' | 'random'>,
  call: Call,
): Promise<void> {
  if (await findResource(store, { kind: 'Profile', name: network }, call)) return
  try {
    await store.create(prepareCreate(networkProfile(network), ports), call)
  } catch (error) {
    if (!isDatastoreError(error, 'AlreadyExists')) throw error
  }
}
