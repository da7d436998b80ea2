/** The three programs as a user would start them: from their built files, each agent inside its host. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Host } from './network.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = {
  agent: 'apps/agent/dist/main.js',
  cni: 'apps/cni/dist/main.cjs',
  ctl: 'apps/ctl/dist/main.js',
} as const

export interface Places {
  /** Everything the demo writes. */
  readonly dir: string
  /** Directory of the embedded store. */
  readonly store: string
  readonly datastore: DatastoreAt
}

/** How each program is told where the datastore is. */
export interface DatastoreAt {
  /** Of agents and tortiectl. */
  readonly environment: Readonly<Record<string, string>>
  /** Keys of a network config. */
  readonly networkConfig: Readonly<Record<string, string>>
  /** Of the CNI plugin, for what its config cannot say. */
  readonly pluginEnvironment?: Readonly<Record<string, string>>
  /** The network namespace in which tortiectl can reach it; where this process is, when absent. */
  readonly operatorNetns?: string
}

/** By default the datastore is embedded, in `dir`. */
export function places(dir: string, datastore: DatastoreAt = embeddedIn(join(dir, 'store'))): Places {
  return { dir, store: join(dir, 'store'), datastore }
}

function embeddedIn(store: string): DatastoreAt {
  return {
    environment: { DATASTORE_TYPE: 'embedded', TORTIE_EMBEDDED_PATH: store },
    networkConfig: { datastore_type: 'embedded', embedded_path: store },
  }
}

export interface Agent {
  readonly host: Host
  readonly logFile: string
  process: ChildProcess
}

/** @param environment variables besides those that name the node and its places */
export function startAgent(
  host: Host,
  { dir, datastore }: Places,
  environment: Readonly<Record<string, string>> = {},
): Agent {
  const own = join(dir, host.name)
  mkdirSync(own, { recursive: true })
  const logFile = join(own, 'agent.log')
  const log = openSync(logFile, 'a')
  const child = spawn('ip', ['netns', 'exec', host.netns, process.execPath, join(root, program.agent)], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env.PATH,
      NODENAME: host.name,
      CALICO_NODENAME_FILE: join(own, 'nodename'),
      IP: 'autodetect',
      IP6: 'autodetect',
      IP_AUTODETECTION_METHOD: 'interface=eth0',
      IP6_AUTODETECTION_METHOD: 'interface=eth0',
      NO_DEFAULT_POOLS: 'true',
      ...datastore.environment,
      TORTIE_CNI_SOCKET: join(own, 'cni.sock'),
      FELIX_ENDPOINTSTATUSPATHPREFIX: own,
      FELIX_CONFIG_FILE: join(own, 'felix.cfg'),
      // Hosts on one switch need no routing protocol.
      CALICO_NETWORKING_BACKEND: 'none',
      TORTIE_BGP_SOCKET: join(own, 'bgp.sock'),
      ...environment,
    },
  })
  return { host, logFile, process: child }
}

/** Resolves when the agent's /readiness says 200. @throws Error with the end of its log */
export async function waitReady({ host, logFile, process: child }: Agent, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const asking = ['netns', 'exec', host.netns, process.execPath, '-e', readiness]
    const { status, stdout } = spawnSync('ip', asking, { encoding: 'utf8' })
    if (status === 0) return
    if (child.exitCode !== null || performance.now() > deadline) {
      const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')
      throw new Error(`the agent of ${host.name} did not become ready:\n${stdout}${end}`)
    }
  }
}

const readiness = `fetch('http://localhost:9099/readiness')
  .then(async (r) => (console.log(await r.text()), process.exit(r.ok ? 0 : 1)), () => process.exit(1))`

/** What an operator types: `tortiectl …`. @throws Error with what it said */
export function tortiectl(args: readonly string[], { datastore }: Places, input = ''): string {
  const { environment, operatorNetns } = datastore
  const command = [process.execPath, join(root, program.ctl), ...args]
  const [file = '', ...rest] = operatorNetns ? ['ip', 'netns', 'exec', operatorNetns, ...command] : command
  const env = { PATH: process.env.PATH, ...environment }
  const result = spawnSync(file, rest, { input, encoding: 'utf8', env })
  if (result.status !== 0) throw new Error(`tortiectl ${args.join(' ')}: ${result.stderr || result.stdout}`)
  return result.stdout
}

export interface PodRequest {
  readonly host: Host
  readonly name: string
  readonly netns: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

export interface CniResult {
  readonly ips: readonly { readonly address: string }[]
}

/** What a container runtime does: the plugin's executable, with environment and config on stdin. @param more of it */
export function cni(
  command: 'ADD' | 'DEL',
  pod: PodRequest,
  { dir, datastore }: Places,
  more: object = {},
): Promise<CniResult | undefined> {
  const own = join(dir, pod.host.name)
  const labels = { ...pod.labels, 'projectcalico.org/namespace': pod.namespace }
  const config = {
    cniVersion: '1.1.0',
    name: 'tortie-demo',
    type: 'tortie-cni',
    ...datastore.networkConfig,
    agent_socket: join(own, 'cni.sock'),
    nodename_file: join(own, 'nodename'),
    ipam_lock_file: join(own, 'ipam.lock'),
    log_level: 'warning',
    policy_setup_timeout_seconds: 10,
    endpoint_status_dir: join(own, 'endpoint-status'),
    ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' },
    args: {
      'org.apache.mesos': {
        network_info: { labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) } },
      },
    },
    ...more,
  }
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['netns', 'exec', pod.host.netns, process.execPath, join(root, program.cni)], {
      env: {
        PATH: process.env.PATH,
        CNI_COMMAND: command,
        CNI_CONTAINERID: pod.name,
        CNI_NETNS: pod.netns,
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
        ...datastore.pluginEnvironment,
      },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(stdout === '' ? undefined : (JSON.parse(stdout) as CniResult))
      else reject(new Error(`CNI ${command} of pod ${pod.name} failed: ${stdout || stderr}`))
    })
    child.stdin.end(JSON.stringify(config))
  })
}
