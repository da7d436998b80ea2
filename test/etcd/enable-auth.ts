/**
 * Gives an etcd users and passwords; run where it can be reached, with the settings of an etcd client in the environment,
 * the passwords of root and of the user `calico` among them.
 */
import { etcdEnvironment, readEtcdSettings } from '@tortie/datastore-etcd'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { EtcdClient } from '../../packages/datastore-etcd/src/client.ts'
import { enableAuth } from '../../packages/datastore-etcd/src/testing/auth.ts'

const { ROOT_PASSWORD = '', CALICO_PASSWORD = '' } = process.env
const settings = readEtcdSettings(etcdEnvironment(process.env))
const client = new EtcdClient({ ...settings, clock: systemClock, random: systemRandom, log: silentLog })
await enableAuth(client, ROOT_PASSWORD, CALICO_PASSWORD, { signal: AbortSignal.timeout(20_000) })
client.close()
