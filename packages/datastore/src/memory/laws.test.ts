import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { describe, it } from 'vitest'
import { createDatastore } from '../datastore.ts'
import { createFaults, datastoreLaws } from '../testing/index.ts'
import { createMemoryState } from './memory-store.ts'

describe('the store in memory', () => {
  for (const law of datastoreLaws)
    it(law.name, async ({ signal }) => {
      const state = createMemoryState()
      const faults = createFaults()
      const ports = { clock: systemClock, random: systemRandom, log: silentLog }
      await law.check(
        {
          open: async () => createDatastore(faults.wrap(state.open()), ports),
          compact: async () => state.compact(),
          disconnect: () => faults.cutWatches(),
          faults,
        },
        { signal },
      )
    })
})
