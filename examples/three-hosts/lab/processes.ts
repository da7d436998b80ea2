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
  readonly store: string
}

export function places(dir: string): Places {
  return { dir, store: join(dir, 'store') }
}

export interface Agent {
  readonly host: Host
  readonly logFile: string
  process: ChildProcess
}

export function startAgent(host: Host, { dir, store }: Places): Agent {
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
      DATASTORE_TYPE: 'embedded',
      TORTIE_EMBEDDED_PATH: store,
      TORTIE_CNI_SOCKET: join(own, 'cni.sock'),
      FELIX_ENDPOINTSTATUSPATHPREFIX: own,
      FELIX_CONFIG_FILE: join(own, 'felix.cfg'),
    },
  })
  return { host, logFile, process: child }
}

/** Resolves when the agent's /readiness says 200. @throws Error with the end of its log */
export async function waitReady({ host, logFile, process: child }: Agent, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const { status } = spawnSync('ip', ['netns', 'exec', host.netns, process.execPath, '-e', readiness])
    if (status === 0) return
    if (child.exitCode !== null || performance.now() > deadline) {
      const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')
      throw new Error(`the agent of ${host.name} did not become ready:\n${end}`)
    }
  }
}

const readiness = `fetch('http://localhost:9099/readiness').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))`

/** What an operator types: `tortiectl …`. @throws Error with what it said */
export function tortiectl(args: readonly string[], { store }: Places, input = ''): string {
  const result = spawnSync(process.execPath, [join(root, program.ctl), ...args], {
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, DATASTORE_TYPE: 'embedded', TORTIE_EMBEDDED_PATH: store },
  })
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

/** What a container runtime does: the plugin's executable, with environment and config on stdin. */
export function cni(command: 'ADD' | 'DEL', pod: PodRequest, { dir, store }: Places): Promise<CniResult | undefined> {
  const own = join(dir, pod.host.name)
  const labels = { ...pod.labels, 'projectcalico.org/namespace': pod.namespace }
  const config = {
    cniVersion: '1.1.0',
    name: 'tortie-demo',
    type: 'tortie-cni',
    datastore_type: 'embedded',
    embedded_path: store,
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
