/** Machines on one switch: hosts with built agents on one embedded store, and others with real routing daemons. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { affinityKey, type Client, createClient, ensureInitialized } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createIpam } from '@tortie/ipam'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { type AnyResource, calicoVersion, type Kind, type ResourceOf } from '@tortie/model'
import { askBgp, type BgpControl, type BgpPeerStatus } from '@tortie/node'
import { type Call, silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import type { Host } from '../../examples/three-hosts/lab/network.ts'
import { type Prober, startProber } from '../../examples/three-hosts/lab/prober.ts'
import { cni, type Places, places, startAgent, tortiectl } from '../../examples/three-hosts/lab/processes.ts'
import { createDirectory, eventually } from '../interop/daemons/process.ts'

export const cluster = 64_512
/** As everything that is waited for: the machine may be busy with other things. */
export const deadlineMs = 60_000

export interface Machine extends Host {
  readonly net: TestNetns
}

export interface Pod {
  readonly name: string
  readonly net: TestNetns
  readonly ipv4: string
  readonly ipv6: string
  readonly prober: Prober
}

export interface Agent {
  readonly machine: Machine
  readonly bgp: BgpControl
  readonly log: () => string
  readonly peer: (address: string) => Promise<BgpPeerStatus | undefined>
  /** Until all of its sessions, or those with these addresses, are established. */
  readonly established: (...addresses: string[]) => Promise<void>
  /** Ends the process and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Starts it again, and waits until it answers. */
  start(): Promise<void>
  /** One password for `secretKeyRef`; undefined removes it. */
  secret(name: string, key: string, value: string | undefined): void
}

export interface MachineWanted {
  readonly ipv4?: boolean
  readonly ipv6?: boolean
}

export interface BgpLab extends AsyncDisposable, Call {
  readonly at: Places
  readonly client: Client
  /** 10.10.0.n and fd00:10::n on `eth0`. */
  machine(name: string, n: number, wanted?: MachineWanted): Machine
  /** Not started. */
  agentOf(machine: Machine, environment?: Readonly<Record<string, string>>): Agent
  agent(machine: Machine, environment?: Readonly<Record<string, string>>): Promise<Agent>
  pod(host: Machine, name: string, labels?: Readonly<Record<string, string>>): Promise<Pod>
  put<K extends Kind>(
    kind: K,
    name: string,
    spec: ResourceOf<K>['spec'],
    labels?: Record<string, string>,
  ): Promise<void>
  remove(kind: Kind, name: string): Promise<void>
  /** Asks until it is so. @throws Error with `what` and what `instead` says */
  until<T>(what: string, answer: () => Promise<T | undefined | false> | T | undefined | false): Promise<T>
}

export async function createBgpLab(what: string): Promise<BgpLab> {
  const resources = new AsyncDisposableStack()
  const stop = new AbortController()
  const call: Call = { signal: stop.signal }
  const at = places(resources.use(createDirectory()).path)
  const ports = { clock: systemClock, random: systemRandom }
  const datastore = resources.use(await openEmbedded({ path: at.store, ...ports, log: silentLog }, call))
  await ensureInitialized(datastore, { version: calicoVersion, clusterType: 'tortie' }, ports, call)
  const client = createClient(datastore, { ...ports, ipam: createIpam({ ...ports, datastore, log: silentLog }) })
  const netns = (word: string): TestNetns => resources.use(createTestNetns(`${what}-${word}`))
  const wire = netns('sw')
  wire.ip('link add br0 type bridge', 'link set br0 up')
  const lab: BgpLab = {
    at,
    client,
    signal: call.signal,
    machine(name, n, { ipv4 = true, ipv6 = true } = {}) {
      const net = netns(name)
      const of = { ipv4: `10.10.0.${n}`, ipv6: `fd00:10::${n}` }
      const addresses = [...(ipv4 ? [`${of.ipv4}/24`] : []), ...(ipv6 ? [`${of.ipv6}/64`] : [])]
      linkNetns({ netns: net, interface: 'eth0', addresses }, { netns: wire, interface: name })
      wire.ip(`link set ${name} master br0`)
      return { name, netns: net.name, net, ...of }
    },
    agentOf(machine, environment = {}) {
      const agent = createAgent(machine, at, { CALICO_NETWORKING_BACKEND: 'bird', ...environment }, call)
      resources.defer(() => agent.end('SIGKILL'))
      return agent
    },
    async agent(machine, environment) {
      const agent = lab.agentOf(machine, environment)
      await agent.start()
      return agent
    },
    async pod(host, name, labels = { app: name }) {
      const net = netns(name)
      const result = await cni('ADD', { host, name, netns: net.path, namespace: 'default', labels }, at)
      const addresses = (result?.ips ?? []).map(({ address }) => address.split('/')[0] ?? '')
      const prober = await startProber(net.name, [8080])
      resources.defer(() => prober.stop())
      const of = (six: boolean): string => addresses.find((one) => one.includes(':') === six) ?? ''
      return { name, net, ipv4: of(false), ipv6: of(true), prober }
    },
    async put(kind, name, spec, labels = {}) {
      const resource = { apiVersion: 'projectcalico.org/v3', kind, metadata: { name, labels }, spec }
      await client.of(kind).apply(resource as unknown as AnyResource & ResourceOf<typeof kind>, call)
    },
    async remove(kind, name) {
      await client.of(kind).delete({ name }, {}, call)
    },
    until: (sought, answer) => eventually(sought, answer, call, deadlineMs),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the lab is over'))
      // What was told to end does so on a later turn.
      await new Promise((resolve) => setTimeout(resolve, 20))
      await resources.disposeAsync()
    },
  }
  return lab
}

function createAgent(machine: Machine, at: Places, environment: Readonly<Record<string, string>>, call: Call): Agent {
  const own = join(at.dir, machine.name)
  const secrets = join(own, 'secrets')
  let process: ReturnType<typeof startAgent>['process'] | undefined
  const bgp = askBgp((method, path, { signal }) => ask(join(own, 'bgp.sock'), method, path, signal))
  const peers = async (): Promise<BgpPeerStatus[]> =>
    (await bgp.status(call)).families.flatMap((family) => family.peers)
  const log = (): string => readFileSync(join(own, 'agent.log'), 'utf8')
  const agent: Agent = {
    machine,
    bgp,
    log,
    peer: async (address) => (await peers()).find(({ peerIP }) => peerIP === address),
    established: (...addresses) =>
      eventually(
        `sessions of ${machine.name} are established: ${addresses.join(', ')}`,
        async () => {
          const all = await peers().catch(() => [])
          const wanted = addresses.length === 0 ? all : all.filter(({ peerIP }) => addresses.includes(peerIP))
          return wanted.length >= Math.max(1, addresses.length) && wanted.every(({ state }) => state === 'up')
        },
        call,
        deadlineMs,
      ).then(() => undefined),
    async end(signal) {
      if (!process || process.exitCode !== null || process.signalCode !== null) return
      const ended = new Promise((resolve) => process?.once('exit', resolve))
      process.kill(signal)
      await ended
    },
    signal: (signal) => void process?.kill(signal),
    async start() {
      rmSync(join(own, 'cni.sock'), { force: true })
      process = startAgent(machine, at, { ...environment, TORTIE_BGP_SECRETS: secrets }).process
      const answers = async (): Promise<boolean> => {
        if (process?.exitCode !== null) throw new Error(`the agent of ${machine.name} ended: ${log().slice(-2000)}`)
        if (!existsSync(join(own, 'cni.sock'))) return false
        return bgp.status(call).then(
          ({ families }) => families.length > 0,
          () => false,
        )
      }
      await eventually(`the agent of ${machine.name} answers`, answers, call, deadlineMs)
    },
    secret(name, key, value) {
      const path = join(secrets, name, key)
      if (value === undefined) rmSync(path)
      else {
        mkdirSync(join(secrets, name), { recursive: true })
        writeFileSync(path, value)
      }
    },
  }
  return agent
}

function ask(socketPath: string, method: string, path: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, signal, agent: false }, async (response) => {
      try {
        const chunks: string[] = []
        for await (const chunk of response.setEncoding('utf8')) chunks.push(chunk as string)
        const body = JSON.parse(chunks.join('')) as { error?: string }
        if (response.statusCode === 200) resolve(body)
        else reject(new Error(body.error))
      } catch (error) {
        reject(error)
      }
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** What an operator types on that host. */
export function ctl({ machine }: Agent, at: Places, ...words: readonly string[]): string {
  const environment = { ...at.datastore.environment, TORTIE_BGP_SOCKET: join(at.dir, machine.name, 'bgp.sock') }
  return tortiectl(words, { ...at, datastore: { ...at.datastore, environment } })
}

/** Everyone may reach everyone: these tests are about routes. */
export async function open(lab: BgpLab): Promise<void> {
  const spec = {
    selector: 'all()',
    types: ['Ingress', 'Egress'],
    ingress: [{ action: 'Allow' }],
    egress: [{ action: 'Allow' }],
  }
  await lab.put('GlobalNetworkPolicy', 'open', spec as ResourceOf<'GlobalNetworkPolicy'>['spec'])
}

/** The block of 64 addresses, of IPv4 and of IPv6, that an address of a pod is in. */
export function blockOf(address: string): string {
  if (address.includes(':')) {
    const [, head = '', last = ''] = /^(.*:)([0-9a-f]*)$/.exec(address) ?? []
    const start = Number.parseInt(last || '0', 16) & ~63
    return start === 0 ? `${head.replace(/:+$/, '')}::/122` : `${head}${start.toString(16)}/122`
  }
  const [a, b, c, d = '0'] = address.split('.')
  return `${a}.${b}.${c}.${Number(d) & ~63}/26`
}

/** A block of a node, without any pod in it, as IPAM claims one. */
export async function putBlock(lab: BgpLab, node: string, cidr: string): Promise<void> {
  const { name } = affinityKey({ type: 'host', node, cidr })
  await lab.put('BlockAffinity', name, { node, cidr, state: 'confirmed', deleted: false, type: 'host' })
}

export async function removeBlock(lab: BgpLab, node: string, cidr: string): Promise<void> {
  await lab.remove('BlockAffinity', affinityKey({ type: 'host', node, cidr }).name)
}
