import { silentLog } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import type { Datastore } from '../contract.ts'
import { createDatastore } from '../datastore.ts'
import { createMemoryState, type MemoryState } from '../memory/memory-store.ts'
import type { DatastorePorts } from '../watch.ts'

/** A handle on `state`, by default one of its own. Time does not pass by itself: only retries after faults need it. */
export function memoryDatastore(
  state: MemoryState = createMemoryState(),
  ports: DatastorePorts = { clock: virtualClock(), random: seededRandom(1), log: silentLog },
): Datastore {
  return createDatastore(state.open(), ports)
}
