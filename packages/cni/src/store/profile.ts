import { type Datastore, isDatastoreError } from '@tortie/datastore'
import { apiVersion, type Profile } from '@tortie/model'
import type { Call } from '@tortie/runtime'

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
export async function ensureProfile(store: Datastore, network: string, call: Call): Promise<void> {
  try {
    await store.get({ kind: 'Profile', name: network }, call)
  } catch (error) {
    if (!isDatastoreError(error, 'DoesNotExist')) throw error
    await createProfile(store, network, call)
  }
}

async function createProfile(store: Datastore, network: string, call: Call): Promise<void> {
  try {
    await store.create<'Profile'>(networkProfile(network), call)
  } catch (error) {
    if (!isDatastoreError(error, 'AlreadyExists')) throw error
  }
}
