/** For tests and benches: the part of an agent that serves the CNI plugin, as a process. Arguments: socket, store. */
import { createCniDrivers, serveCni } from '@tortie/cni'
import { openEmbedded } from '@tortie/datastore-embedded'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'

const [, , path = '', store = ''] = process.argv
const call = { signal: new AbortController().signal }
const shared = await openEmbedded({ path: store, clock: systemClock, random: systemRandom, log: silentLog }, call)
const drivers = createCniDrivers({
  log: silentLog,
  openDatastore: () =>
    Promise.resolve(
      new Proxy(shared, {
        get(target, name) {
          if (name === Symbol.asyncDispose) return () => Promise.resolve()
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      }),
    ),
})
await serveCni({ path, drivers, log: silentLog }, call)
process.stdout.write('ready\n')
