import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatastore } from '@tortie/datastore'
import { createFaults, datastoreLaws } from '@tortie/datastore/testing'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { describe, it } from 'vitest'
import { Database } from './database.ts'
import { openEmbeddedStore } from './index.ts'

describe('the embedded store', () => {
  for (const law of datastoreLaws)
    it(law.name, async ({ signal, onTestFinished }) => {
      const path = mkdtempSync(join(tmpdir(), 'tortie-laws-'))
      onTestFinished(() => rmSync(path, { recursive: true }))
      const faults = createFaults()
      const ports = { clock: systemClock, random: systemRandom, log: silentLog }
      await law.check(
        {
          open: async (call) => createDatastore(faults.wrap(await openEmbeddedStore({ path, ...ports }, call)), ports),
          async compact() {
            const database = Database.open(path)
            database.compact(Number.MAX_SAFE_INTEGER)
            database.close()
          },
          disconnect: () => faults.cutWatches(),
          faults,
        },
        { signal },
      )
    })
})
