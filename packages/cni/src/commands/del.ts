import type { Datastore } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { hostInterfaceName } from '../identity/host-interface.ts'
import { readWorkload } from '../identity/labels.ts'
import { readNodeName } from '../identity/node-name.ts'
import { refuseOwnNetns } from '../prelude.ts'
import type { Session } from '../session.ts'
import { deleteEndpoint, findEndpoints } from '../store/endpoint.ts'
import { openStore, requireReady } from '../store/ready.ts'
import { addressSource } from './plain.ts'

const unlinkMs = 20_000

/**
 * DEL outside Kubernetes: spec 04 §12. Endpoint, link and addresses that are gone are fine; an unreachable store is not.
 * Addresses are given back last, so that nobody else gets one that is still in use. Every step is tried; the first error
 * is thrown.
 */
export async function del(session: Session, call: Call): Promise<void> {
  const { config, invocation, drivers } = session
  const node = readNodeName(config, drivers.hostname)
  using network = await drivers.openPodNetwork()
  refuseOwnNetns(invocation, network)
  await using store = await openStore(session, call)
  await requireReady(store, call)
  const { netns, ifname, containerId } = invocation
  const { namespace } = readWorkload(config, session.args.testNamespace)
  const here = await findEndpoints(store, { node, containerId, namespace }, call)
  // The config may have changed since ADD.
  const endpoints = here.length > 0 ? here : await findEndpoints(store, { node, containerId }, call)
  const mine = endpoints.filter(({ spec }) => spec.endpoint === ifname)
  const hostInterface = endpoints.length === 0 ? hostInterfaceName(containerId) : mine[0]?.spec.interfaceName
  const unlink = { signal: AbortSignal.any([call.signal, AbortSignal.timeout(unlinkMs)]) }
  const names = { netns, ...(mine.length > 0 && { ifname }), ...(hostInterface && { hostInterface }) }
  // The kernel takes long to delete a link.
  const gone = await Promise.allSettled([
    ...mine.map((endpoint) => deleteEndpoint(store, endpoint, call)),
    network.disconnect(names, unlink),
  ])
  const released = await Promise.allSettled([release(session, store, node, call)])
  const failed = [...gone, ...released].find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

async function release(session: Session, store: Datastore, node: string, call: Call): Promise<void> {
  await addressSource(session, store, node).release(call)
}
