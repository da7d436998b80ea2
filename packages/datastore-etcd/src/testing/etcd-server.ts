import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface EtcdServer extends AsyncDisposable {
  readonly endpoint: string
  readonly port: number
  /** kill -9, and resolves when it is dead. Its data stay. */
  kill(): Promise<void>
  /** Starts it again with its data and ports; resolves when it serves. */
  start(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  pause(): void
  resume(): void
}

export interface ServerOptions {
  readonly args?: readonly string[]
  readonly scheme?: 'http' | 'https'
  /** Another machine: its network namespace and address. Its ports are the usual ones. */
  readonly on?: { readonly netns: string; readonly address: string }
}

/** Free ports of loopback, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => Number((server.address() as { port: number }).port))
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** One etcd with a directory and ports of its own; stopped and removed when disposed. Its disk is not waited for. */
export async function startEtcd({ args = [], scheme = 'http', on }: ServerOptions = {}): Promise<EtcdServer> {
  const [client = 0, peer = 0] = on ? [2379, 2380] : await freePorts(2)
  const peers = `http://127.0.0.1:${peer}`
  const cluster = ['--name=one', `--initial-cluster=one=${peers}`, `--initial-advertise-peer-urls=${peers}`]
  const server = createMember(client, scheme, [...cluster, `--listen-peer-urls=${peers}`, ...args], on)
  await server.start()
  return server
}

/** Three members of one cluster. */
export async function startCluster(): Promise<readonly EtcdServer[]> {
  const ports = await freePorts(6)
  const peerOf = (i: number): string => `http://127.0.0.1:${ports[3 + i]}`
  const all = [0, 1, 2].map((i) => `m${i}=${peerOf(i)}`).join(',')
  const servers = [0, 1, 2].map((i) =>
    createMember(ports[i] ?? 0, 'http', [
      `--name=m${i}`,
      `--initial-cluster=${all}`,
      `--initial-advertise-peer-urls=${peerOf(i)}`,
      `--listen-peer-urls=${peerOf(i)}`,
      '--heartbeat-interval=50',
      '--election-timeout=500',
    ]),
  )
  await Promise.all(servers.map((server) => server.start()))
  return servers
}

function createMember(port: number, scheme: string, args: readonly string[], on?: ServerOptions['on']): EtcdServer {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-etcd-'))
  const endpoint = `${scheme}://${on?.address ?? '127.0.0.1'}:${port}`
  const [command = '', ...first] = on ? ['ip', 'netns', 'exec', on.netns, 'etcd'] : ['etcd']
  const common = [
    `--data-dir=${directory}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    '--grpc-keepalive-min-time=20ms',
    '--logger=zap',
  ]
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    const dying = child
    child = undefined
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return
    const dead = once(dying, 'exit')
    dying.kill('SIGKILL')
    await dead
  }
  return {
    endpoint,
    port,
    kill,
    async start() {
      child = spawn(command, [...first, ...common, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
      await serving(child)
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Until it says that it serves clients. */
async function serving(child: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`etcd ended: ${output}`)))
    child.stderr?.on('data', (chunk) => {
      if (output === '-') return
      output += String(chunk)
      if (!/serving .*client/i.test(output)) return
      output = '-'
      resolve()
    })
  })
}

/** A certificate authority, a server for `address` and a client, as PEM files. */
export function makeCertificates(
  directory: string,
  address = '127.0.0.1',
): Record<'ca' | 'server' | 'client', { cert: string; key: string }> {
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const file = (name: string): { cert: string; key: string } => ({
    cert: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const ca = file('ca')
  openssl('req', '-x509', ...curve, '-keyout', ca.key, '-out', ca.cert, '-subj', '/CN=tortie test authority')
  const issue = (name: string, extension: string): { cert: string; key: string } => {
    const { cert, key } = file(name)
    const signing = ['-CA', ca.cert, '-CAkey', ca.key, '-addext', extension]
    openssl('req', '-x509', ...curve, ...signing, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`)
    return { cert, key }
  }
  return {
    ca,
    server: issue('server', `subjectAltName=IP:${address}`),
    client: issue('client', 'extendedKeyUsage=clientAuth'),
  }
}
