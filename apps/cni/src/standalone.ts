/** The work without an agent: loaded only when there is none, with the store and the native code it needs. */
import { existsSync } from 'node:fs'
import { type CniDrivers, type CniReply, type CniRequest, createCniDrivers, runCni } from '@tortie/cni'
import { type Call, silentLog } from '@tortie/runtime'

function drivers(): CniDrivers {
  const made: CniDrivers = createCniDrivers({
    async openDatastore(choice, call) {
      const ports = { clock: made.clock, random: made.random, log: silentLog }
      if (choice.type === 'etcdv3') {
        const { etcdEnvironment, openEtcd, readEtcdSettings } = await import('@tortie/datastore-etcd')
        return await openEtcd(
          { ...readEtcdSettings(etcdEnvironment(choice.environment, choice.names)), ...ports },
          call,
        )
      }
      const { path } = choice
      // A store is made by the agent; an empty one at a mistyped path would only hide the mistake.
      if (!existsSync(path)) {
        const { DatastoreError } = await import('@tortie/datastore')
        throw new DatastoreError('Unavailable', {
          store: path,
          why: 'it is not there; start the agent, which makes it',
        })
      }
      const { openEmbedded } = await import('@tortie/datastore-embedded')
      return await openEmbedded({ path, ...ports }, call)
    },
  })
  return made
}

export function runHere(request: CniRequest, call: Call): Promise<CniReply> {
  return runCni(request, drivers(), call)
}

/**
 * The agent went away while it worked for us. An ADD may be half done: it is taken back, and the runtime asked to try
 * again. Everything else can be done twice.
 */
export async function runAfterLoss(request: CniRequest, why: string, call: Call): Promise<CniReply> {
  if (request.env.CNI_COMMAND !== 'ADD') return await runHere(request, call)
  const undone = await runHere({ ...request, env: { ...request.env, CNI_COMMAND: 'DEL' } }, call)
  const details = undone.exitCode === 0 ? 'nothing is left of it' : undone.stdout.trim()
  const error = { code: 11, msg: `the agent stopped while it worked (${why}); try again`, details }
  return { stdout: `${JSON.stringify(error, null, 4)}\n`, stderr: '', exitCode: 1 }
}
