import type { Datastore } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import { readWorkload } from '../identity/labels.ts'
import { readNodeName } from '../identity/node-name.ts'
import { requireNetns } from '../prelude.ts'
import { parseResult } from '../protocol/result.ts'
import type { Session } from '../session.ts'
import { findEndpoints } from '../store/endpoint.ts'
import { openStore, requireReady } from '../store/ready.ts'
import { addressSource, defaultRoutes, hostCidr } from './plain.ts'

/**
 * CHECK: the endpoint is stored, its addresses are allocated, and the kernel has what ADD made. More than Calico's, which
 * only prints OK (spec 04 §2).
 * @throws CniError cni/check-failed with everything that is wrong
 */
export async function check(session: Session, call: Call): Promise<void> {
  const { config, invocation, drivers } = session
  const node = readNodeName(config, drivers.hostname)
  using network = await drivers.openPodNetwork()
  requireNetns(session, network)
  await using store = await openStore(session, call)
  await requireReady(store, call)
  const { containerId, ifname, netns } = invocation
  const { namespace } = readWorkload(config, session.args.testNamespace)
  const [endpoint] = await findEndpoints(store, { node, containerId, namespace }, call)
  if (!endpoint) throw failed([`container ${containerId} has no WorkloadEndpoint on node ${node}`])
  const { spec } = endpoint
  const addresses = (spec.ipNetworks ?? []).map(hostCidr)
  const complaints = [...complainAboutNetwork(session, spec.profiles ?? []), ...complainAboutResult(session, addresses)]
  if (spec.endpoint === ifname) {
    const link = {
      netns,
      ifname,
      hostInterface: spec.interfaceName ?? '',
      mtu: config.mtu,
      queues: config.num_queues,
      addresses,
      routes: defaultRoutes(addresses),
      allowIpForwarding: config.container_settings.allow_ip_forwarding,
    }
    complaints.push(...(await network.verify({ ...link, ...(spec.mac && { mac: spec.mac }) }, call)))
    if (spec.profiles?.[0] === config.name)
      complaints.push(...(await checkAddresses(session, store, node, addresses, call)))
  }
  if (complaints.length > 0) throw failed(complaints)
}

function checkAddresses(
  session: Session,
  store: Datastore,
  node: string,
  addresses: readonly string[],
  call: Call,
): Promise<readonly string[]> {
  return addressSource(session, store, node).check(addresses, call)
}

function complainAboutNetwork({ config }: Session, profiles: readonly string[]): readonly string[] {
  return profiles.includes(config.name) ? [] : [`the endpoint is not in network ${config.name}`]
}

/** What the runtime was told at ADD must still be so. */
function complainAboutResult({ config, version }: Session, addresses: readonly string[]): readonly string[] {
  if (config.prevResult === undefined || config.prevResult === null) return []
  const { ips } = parseResult(config.prevResult, version, 'prevResult')
  const told = ips.map(({ address }) => hostCidr(address))
  return addresses
    .filter((address) => !told.includes(address))
    .map((address) => `address ${address} of the endpoint is not in prevResult`)
}

function failed(complaints: readonly string[]): CniError {
  return new CniError('cni/check-failed', `CHECK failed: ${complaints.join('; ')}`)
}
