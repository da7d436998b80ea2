import { createDatastore, prefixRange } from '@tortie/datastore'
import { createFaults, datastoreLaws } from '@tortie/datastore/testing'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { openEtcdStore } from './index.ts'
import { type EtcdServer, startEtcd } from './testing/etcd-server.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }

let server: EtcdServer
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the etcd store', () => {
  for (const law of datastoreLaws)
    it(law.name, async ({ signal }) => {
      const options = { endpoints: [server.endpoint], ...ports }
      await using admin = await openEtcdStore(options, { signal })
      const everything = prefixRange('/')
      for (const { key } of (await admin.list(everything, { signal })).entries)
        await admin.compareAndSwap(key, 'present', undefined, { signal })
      const faults = createFaults()
      await law.check(
        {
          open: async (call) => createDatastore(faults.wrap(await openEtcdStore(options, call)), ports),
          async compact(call) {
            await admin.compact((await admin.list(everything, call)).revision, call)
          },
          disconnect: () => faults.cutWatches(),
          faults,
        },
        { signal },
      )
    })
})
