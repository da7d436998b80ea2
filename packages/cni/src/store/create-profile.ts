import { type Datastore, isDatastoreError } from '@tortie/datastore'
import { apiVersion, type Profile, prepareCreate } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { CniError, textOf } from '../errors.ts'
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

/** One that another process creates at the same time is fine. @throws CniError cni/bad-config for a name it cannot have */
export async function createProfile(
  store: Datastore,
  network: string,
  ports: Pick<CniDrivers, 'clock' | 'random'>,
  call: Call,
): Promise<void> {
  try {
    await store.create(prepare(network, ports), call)
  } catch (error) {
    if (!isDatastoreError(error, 'AlreadyExists')) throw error
  }
}

function prepare(network: string, ports: Pick<CniDrivers, 'clock' | 'random'>): Profile {
  try {
    return prepareCreate(networkProfile(network), ports)
  } catch (cause) {
    throw new CniError('cni/bad-config', `network name ${network} cannot be a profile's: ${textOf(cause)}`, { cause })
  }
}
