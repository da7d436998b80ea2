import type { Datastore } from '@tortie/datastore'
import type { WorkloadEndpoint } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { checkNetworkConfig } from '../config/network-config.ts'
import { CniError, textOf } from '../errors.ts'
import { hostInterfaceName } from '../identity/host-interface.ts'
import { checkWorkload, readWorkload, type Workload } from '../identity/labels.ts'
import { readMtu } from '../identity/mtu.ts'
import { readNodeName } from '../identity/node-name.ts'
import type { PodLink, PodNetwork } from '../network/pod-network.ts'
import { requirePolicy } from '../policy/require.ts'
import { requireNetns, waitForGates } from '../prelude.ts'
import type { CniResult } from '../protocol/result.ts'
import type { Session } from '../session.ts'
import { changeProfiles, deleteEndpoint, describeEndpoint, findEndpoints, nameEndpoint } from '../store/endpoint.ts'
import { ensureProfile } from '../store/profile.ts'
import { openStore, requireReady } from '../store/ready.ts'
import { createUndo, type Undo } from '../undo.ts'
import { addressSource, defaultRoutes, hostCidr } from './plain.ts'

/** ADD outside Kubernetes: spec 04 §6, §8. What fails leaves nothing behind. */
export async function add(session: Session, call: Call): Promise<CniResult> {
  const { config, invocation, drivers, log } = session
  checkNetworkConfig(config)
  const node = readNodeName(config, drivers.hostname)
  const mtu = readMtu(config)
  const workload = readWorkload(config, session.args.testNamespace)
  checkWorkload(workload)
  nameEndpoint({ node, containerId: invocation.containerId, ifname: invocation.ifname })
  using network = await drivers.openPodNetwork()
  requireNetns(session, network)
  await using store = await openStore(session, call)
  await requireReady(store, call)
  await waitForGates(session, call)
  const [existing] = await findEndpoints(
    store,
    { node, containerId: invocation.containerId, namespace: workload.namespace },
    call,
  )
  const attaching = { ...session, node, mtu, workload, store, network, undo: createUndo(log) }
  if (existing && !(await isStale(attaching, existing, call))) return await joinNetwork(session, store, existing, call)
  try {
    if (existing) await removeStale(attaching, existing, call)
    return await attach(attaching, call)
  } catch (error) {
    log.error('cni.add.failed', { error })
    throw incomplete(error, await attaching.undo.run())
  }
}

interface Attaching extends Session {
  readonly node: string
  readonly mtu: number
  readonly workload: Workload
  readonly store: Datastore
  readonly network: PodNetwork
  readonly undo: Undo
}

/**
 * Address, link, profile, endpoint, policy, in this order. How a step is taken back is said before it is done, except of
 * the link, which is all or nothing: it must not be taken for what was there before.
 */
async function attach(session: Attaching, call: Call): Promise<CniResult> {
  const { config, store, network, undo, invocation } = session
  const source = addressSource(session, store, session.node)
  undo.add('addresses', (call) => source.release(call))
  const leased = await source.allocate(call)
  const link = plan(session, leased)
  const { mac } = await network.connect(link, call)
  undo.add('interface', (call) => network.disconnect(link, call))
  if (config.policy.type === '') await ensureProfile(store, config.name, session.drivers, call)
  const identity = {
    node: session.node,
    containerId: invocation.containerId,
    ifname: invocation.ifname,
    workload: session.workload,
    network: config.name,
    hostInterface: link.hostInterface,
    mac,
    addresses: link.addresses,
  }
  const endpoint = describeEndpoint(identity, session.drivers)
  undo.add('endpoint', (call) => deleteEndpoint(store, endpoint, call))
  await store.create(endpoint, call)
  await requirePolicy(session, endpoint, call)
  call.signal.throwIfAborted() // nobody would hear of the result
  return resultOf(link, mac, leased)
}

function plan({ config, invocation, mtu }: Attaching, leased: CniResult): PodLink {
  const addresses = leased.ips.map(({ address }) => hostCidr(address))
  return {
    netns: invocation.netns,
    ifname: invocation.ifname,
    hostInterface: hostInterfaceName(invocation.containerId),
    mtu,
    queues: Math.max(1, config.num_queues),
    addresses,
    routes: defaultRoutes(addresses),
    allowIpForwarding: config.container_settings.allow_ip_forwarding,
  }
}

/** Spec 04 §8.2: host masks on the addresses, the address manager's routes as they came, no gateway. */
function resultOf(link: PodLink, mac: string, { routes, dns }: CniResult): CniResult {
  return {
    interfaces: [
      { name: link.hostInterface },
      { name: link.ifname, mac, ...(link.mtu > 0 && { mtu: link.mtu }), sandbox: link.netns },
    ],
    ips: link.addresses.map((address) => ({ interface: 1, address })),
    routes,
    ...(dns && { dns }),
  }
}

/** The endpoint says that this very interface was made, and the container has none: the host went down without a DEL. */
async function isStale({ invocation, network }: Attaching, { spec }: WorkloadEndpoint, call: Call): Promise<boolean> {
  return spec.endpoint === invocation.ifname && !(await network.has(invocation, call))
}

async function removeStale(session: Attaching, endpoint: WorkloadEndpoint, call: Call): Promise<void> {
  const { store, network, log, node } = session
  log.warn('cni.add.stale-endpoint', { endpoint: endpoint.metadata.name })
  await deleteEndpoint(store, endpoint, call)
  const hostInterface = endpoint.spec.interfaceName
  await network.disconnect({ netns: '', ...(hostInterface && { hostInterface }) }, call)
  await addressSource(session, store, node).release(call)
}

/** A second network of a container that is connected: one more profile, no second interface (spec 04 §8.1 step 2). */
async function joinNetwork(
  session: Session,
  store: Datastore,
  existing: WorkloadEndpoint,
  call: Call,
): Promise<CniResult> {
  const { config, log } = session
  if (config.policy.type === '') await ensureProfile(store, config.name, session.drivers, call)
  const append = (profiles: readonly string[]): readonly string[] =>
    profiles.includes(config.name) ? profiles : [...profiles, config.name]
  const { spec } = await changeProfiles(store, existing, append, call)
  log.info('cni.add.joined', { endpoint: existing.metadata.name, profiles: spec.profiles })
  return {
    interfaces: [
      { name: spec.interfaceName ?? '' },
      { name: spec.endpoint ?? '', ...(spec.mac && { mac: spec.mac }), sandbox: session.invocation.netns },
    ],
    ips: (spec.ipNetworks ?? []).map((address) => ({ interface: 1, address })),
    routes: [],
  }
}

/** The error itself, or with what could not be taken back. */
function incomplete(error: unknown, left: readonly string[]): unknown {
  if (left.length === 0) return error
  return new CniError(
    'cni/failed',
    { why: `${textOf(error)}; rolling back failed too, DEL has to remove: ${left.join(', ')}` },
    { cause: error },
  )
}
