import type { Call } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import type { Session } from '../session.ts'
import { openStore, requireReady } from '../store/ready.ts'

const patienceMs = 2_000

/** Whether the datastore answers within 2 s and is ready. @throws CniError cni/set-up */
export async function reachDatastore(given: Pick<Session, 'config' | 'env' | 'drivers'>, call: Call): Promise<void> {
  const soon = { signal: AbortSignal.any([call.signal, AbortSignal.timeout(patienceMs)]) }
  try {
    await using store = await openStore(given, soon)
    await requireReady(store, soon)
  } catch (cause) {
    throw new CniError('cni/set-up', 'data store connection failed', { cause })
  }
}
