/** A host for tests: a network namespace, a store in memory, and the real kernel code between them. */
import { createDatastore, createMemoryState, type Datastore } from '@tortie/datastore'
import { createSysctl, openNetlink, openNetns } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { apiVersion, type ResourceOf } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { createCniDrivers } from '../drivers.ts'
import { type KernelPorts, openPodNetwork } from '../network/kernel-network.ts'
import type { CniDrivers, CniReply } from '../ports.ts'
import { runCni } from '../run.ts'

export const node = 'node-1'
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const never = { signal: new AbortController().signal }

/** The command as a runtime gives it; what is left out is as for an ordinary ADD. */
export interface Command {
  readonly pod?: { readonly path: string }
  readonly container?: string
  readonly ifname?: string
  readonly config?: object
  readonly env?: Record<string, string>
  readonly program?: string
  readonly drivers?: CniDrivers
  readonly signal?: AbortSignal
}

export interface Reply extends CniReply {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the plugin printed, for tests to look into
  readonly json: any
}

export interface TestHost extends Disposable {
  readonly netns: TestNetns
  readonly store: Datastore
  readonly kernel: KernelPorts
  readonly drivers: CniDrivers
  run(command: string, given?: Command): Promise<Reply>
  /** Everything that belongs to containers, in store and kernel: empty when nothing is left. */
  leftovers(): Promise<readonly string[]>
}

const pool = (name: string, cidr: string): ResourceOf<'IPPool'> => ({
  apiVersion,
  kind: 'IPPool',
  metadata: { name },
  spec: { cidr, nodeSelector: 'all()', allowedUses: ['Workload'], assignmentMode: 'Automatic' },
})

/** @param what a short word for the namespace's name */
export async function createTestHost(what: string): Promise<TestHost> {
  const netns = createTestNetns(what)
  netns.ip('addr add 172.31.0.1/32 dev lo', 'addr add fd31::1/128 dev lo')
  const state = createMemoryState()
  const open = (): Datastore => createDatastore(state.open(), ports)
  const store = open()
  for (const item of [pool('pods4', '10.65.0.0/16'), pool('pods6', 'fd65::/112')]) await store.create(item, never)
  await store.create({ apiVersion, kind: 'Node', metadata: { name: node }, spec: {} }, never)
  await store.create(
    { apiVersion, kind: 'ClusterInformation', metadata: { name: 'default' }, spec: { datastoreReady: true } },
    never,
  )
  const kernel: KernelPorts = {
    openNetns,
    openNetlink: (options) => openNetlink({ netns, ...options }),
    createSysctl: (inside) => createSysctl(inside ?? netns),
  }
  const drivers: CniDrivers = {
    ...createCniDrivers({ openDatastore: () => Promise.resolve(open()), log: silentLog }),
    openPodNetwork: () => Promise.resolve(openPodNetwork(systemClock, kernel)),
  }
  return {
    netns,
    store,
    kernel,
    drivers,
    run: (command, given = {}) => execute(command, given, drivers),
    leftovers: () => findLeftovers(netns, store),
    [Symbol.dispose]: () => netns[Symbol.dispose](),
  }
}

export const defaultConfig = {
  cniVersion: '1.1.0',
  name: 'net1',
  type: 'tortie-cni',
  datastore_type: 'embedded',
  embedded_path: '/in-memory',
  nodename: node,
  nodename_file: '/nowhere',
  nodename_file_optional: true,
  mtu_file: '/nowhere',
  ipam_lock_file: '',
  endpoint_status_dir: '/nowhere',
  ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' },
}

async function execute(command: string, given: Command, drivers: CniDrivers): Promise<Reply> {
  const config = { ...defaultConfig, ...given.config }
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: given.container ?? 'c1',
    CNI_NETNS: given.pod?.path ?? '',
    CNI_IFNAME: given.ifname ?? 'eth0',
    CNI_PATH: '/opt/cni/bin',
    ...given.env,
  }
  const request = { program: given.program ?? 'tortie-cni', args: [], env, readStdin: () => JSON.stringify(config) }
  const signal = given.signal ?? AbortSignal.timeout(60_000)
  const reply = await runCni(request, given.drivers ?? drivers, { signal })
  return { ...reply, json: reply.stdout === '' ? undefined : JSON.parse(reply.stdout) }
}

async function findLeftovers(netns: TestNetns, store: Datastore): Promise<readonly string[]> {
  const endpoints = await store.list({ kind: 'WorkloadEndpoint' }, never)
  const handles = await store.list({ kind: 'IPAMHandle' }, never)
  const blocks = await store.list({ kind: 'IPAMBlock' }, never)
  const links = netns.ipJson('link', 'show') as { ifname: string }[]
  const ways = (['-4', '-6'] as const).flatMap(
    (family) => netns.ipJson(family, 'route', 'show') as { dst: string; dev: string }[],
  )
  return [
    ...endpoints.items.map(({ metadata }) => `endpoint ${metadata.name}`),
    ...handles.items.map(({ metadata }) => `handle ${metadata.name}`),
    ...blocks.items.flatMap(({ spec }) =>
      spec.allocations.some((at) => at !== null) ? [`addresses in ${spec.cidr}`] : [],
    ),
    ...links.filter(({ ifname }) => ifname.startsWith('cali')).map(({ ifname }) => `link ${ifname}`),
    ...ways.filter(({ dev }) => dev.startsWith('cali')).map(({ dst, dev }) => `route ${dst} dev ${dev}`),
  ]
}
