import type { Datastore } from '@tortie/datastore'
import type { WorkloadEndpoint } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { CniError, textOf } from '../errors.ts'
import { readNodeName } from '../identity/node-name.ts'
import type { Session } from '../session.ts'
import { changeProfiles, deleteEndpoint, listNodeEndpoints } from '../store/endpoint.ts'
import { openStore, requireReady } from '../store/ready.ts'
import { addressSource } from './plain.ts'

/**
 * GC: removes endpoints, links and addresses that this network gave to containers of this node which are not among
 * `cni.dev/valid-attachments`. Goes on after an error and reports all of them at the end.
 */
export async function gc(session: Session, call: Call): Promise<void> {
  const { config, drivers, log } = session
  const node = readNodeName(config, drivers.hostname)
  const valid = config['cni.dev/valid-attachments']
  const attachments = new Set(valid.map(({ containerID, ifname }) => `${containerID}/${ifname}`))
  using network = await drivers.openPodNetwork()
  await using store = await openStore(session, call)
  await requireReady(store, call)
  const stale = (await listNodeEndpoints(store, node, call)).filter(
    ({ spec }) =>
      spec.profiles?.includes(config.name) && !attachments.has(`${spec.containerID ?? ''}/${spec.endpoint ?? ''}`),
  )
  const problems: string[] = []
  const attempt = async (what: string, step: () => Promise<void>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      problems.push(`${what}: ${textOf(error)}`)
    }
  }
  const links: string[] = []
  const kept = new Set(valid.map(({ containerID }) => containerID))
  for (const endpoint of stale)
    await attempt(endpoint.metadata.name, async () => {
      if (await leave(store, endpoint, config.name, call)) links.push(endpoint.spec.interfaceName ?? '')
      else kept.add(endpoint.spec.containerID ?? '')
      log.info('cni.gc.removed', { endpoint: endpoint.metadata.name })
    })
  await attempt('interfaces', () => network.removeHostInterfaces(links.filter(Boolean), call))
  await attempt('addresses', async () => await addressSource(session, store, node).collect(kept, call))
  if (problems.length > 0)
    throw new CniError('cni/failed', `GC of ${config.name} is incomplete: ${problems.join('; ')}`)
}

/** Takes the endpoint out of the network; true if it was in no other and is gone. */
async function leave(store: Datastore, endpoint: WorkloadEndpoint, network: string, call: Call): Promise<boolean> {
  const others = (endpoint.spec.profiles ?? []).filter((profile) => profile !== network)
  if (others.length > 0) {
    await changeProfiles(store, endpoint, (profiles) => profiles.filter((profile) => profile !== network), call)
    return false
  }
  await deleteEndpoint(store, endpoint, call)
  return true
}
