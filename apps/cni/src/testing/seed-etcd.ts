/** For benches: fills the etcd of a site, which only processes in the site's namespace can reach. Argument: endpoint. */
import { openEtcd } from '@tortie/datastore-etcd'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { seed } from './site.ts'

const [, , endpoint = ''] = process.argv
const call = { signal: AbortSignal.timeout(20_000) }
await using store = await openEtcd(
  { endpoints: [endpoint], clock: systemClock, random: systemRandom, log: silentLog },
  call,
)
await seed(store)
