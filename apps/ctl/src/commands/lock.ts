import { ensureInitialized } from '@tortie/datastore'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { prefixed, worded } from '../errors.ts'
import type { CommandContext, ExitCode } from '../shell.ts'

/** `datastore migrate lock` and `unlock`: components leave addresses alone meanwhile. Spec 06 §11.5. @throws CtlError */
export async function setLock(lock: boolean, { connection, shell, call }: CommandContext): Promise<ExitCode> {
  const { client, datastore } = connection
  const doing = lock ? 'locking' : 'unlocking'
  await ensureInitialized(datastore, {}, { clock: systemClock, random: systemRandom }, call)
  const information = await worded(
    (error) => prefixed(`error retrieving ClusterInformation for ${doing}: `, error),
    () => client.clusterInformation.get({ name: 'default' }, call),
  )
  const spec = { ...information.spec, datastoreReady: !lock }
  await worded(
    (error) => prefixed(`error updating ClusterInformation for ${doing}: `, error),
    () => client.clusterInformation.update({ ...information, spec }, call),
  )
  shell.stdout(lock ? 'Datastore locked.\n' : 'Datastore unlocked.\n')
  return 0
}
