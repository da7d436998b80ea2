/** A host with a store on disk and the built executable, for tests and benches. Needs root. */
import { type ChildProcess, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'

const app = fileURLToPath(new URL('../..', import.meta.url))
const apiVersion = 'projectcalico.org/v3'
const never = { signal: new AbortController().signal }

/** Builds the executable in a folder of its own, which holds all that it needs. */
export function buildExecutable(): { readonly dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'tortie-cni-built-'))
  const tsup = fileURLToPath(new URL('../../../../node_modules/tsup/dist/cli-default.js', import.meta.url))
  const env = { ...process.env, TORTIE_CNI_OUT: dir }
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsup], { cwd: app, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`tsup: ${stdout}${stderr}`)
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
}

export interface Execution {
  readonly pod?: { readonly path: string }
  readonly container?: string
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  /** Name of the file that is executed. */
  readonly program?: string
  readonly uid?: number
  /** Another host's namespace. */
  readonly netns?: TestNetns
  /** Instead of the config. */
  readonly stdin?: string
  /** Given the process as soon as it runs. */
  readonly meanwhile?: (child: ChildProcess) => void
}

export interface Executed {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  /** From the start of the process to its end. */
  readonly durationMs: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the plugin printed, for tests to look into
  readonly json: any
}

export interface Site extends AsyncDisposable {
  readonly netns: TestNetns
  readonly dir: string
  readonly store: Datastore
  readonly storePath: string
  readonly socket: string
  execute(command: string, given?: Execution): Promise<Executed>
  startAgent(): Promise<ChildProcess>
}

/** @param built the folder of `buildExecutable` */
export async function createSite(what: string, built: string): Promise<Site> {
  await using made = new AsyncDisposableStack()
  const netns = made.use(createTestNetns(what))
  netns.ip('addr add 172.31.0.1/32 dev lo', 'addr add fd31::1/128 dev lo')
  const dir = mkdtempSync(join(tmpdir(), 'tortie-cni-site-'))
  made.defer(() => rmSync(dir, { recursive: true }))
  for (const name of ['tortie-cni', 'calico', 'calico-ipam', 'flannel'])
    symlinkSync(join(built, 'main.cjs'), join(dir, name))
  const [storePath, socket] = [join(dir, 'store'), join(dir, 'cni.sock')]
  const ports = { clock: systemClock, random: systemRandom, log: silentLog }
  const store = made.use(await openEmbedded({ path: storePath, ...ports }, never))
  await seed(store)
  const config = {
    cniVersion: '1.1.0',
    name: 'net1',
    type: 'tortie-cni',
    datastore_type: 'embedded',
    embedded_path: storePath,
    agent_socket: socket,
    nodename: 'node-1',
    nodename_file_optional: true,
    nodename_file: join(dir, 'nodename'),
    mtu_file: join(dir, 'mtu'),
    ipam_lock_file: join(dir, 'ipam.lock'),
    endpoint_status_dir: join(dir, 'endpoint-status'),
    log_level: 'error',
    ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' },
  }
  const kept = made.move()
  const site: Site = {
    netns,
    dir,
    store,
    storePath,
    socket,
    execute: (command, given = {}) => execute(site, command, { ...given, config: { ...config, ...given.config } }),
    startAgent: () => startAgent(site),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
  return site
}

/** What is in a store that an agent made. */
export async function seed(store: Datastore): Promise<void> {
  const spec = { nodeSelector: 'all()', allowedUses: ['Workload' as const], assignmentMode: 'Automatic' as const }
  for (const [name, cidr] of [
    ['pods4', '10.65.0.0/16'],
    ['pods6', 'fd65::/112'],
  ] as const)
    await store.create({ apiVersion, kind: 'IPPool', metadata: { name }, spec: { cidr, ...spec } }, never)
  await store.create({ apiVersion, kind: 'Node', metadata: { name: 'node-1' }, spec: {} }, never)
  const metadata = { name: 'default' }
  await store.create({ apiVersion, kind: 'ClusterInformation', metadata, spec: { datastoreReady: true } }, never)
}

async function execute({ netns: own, dir }: Site, command: string, given: Execution): Promise<Executed> {
  const { pod, container = 'c1', config = {}, program = 'tortie-cni', uid, netns = own, meanwhile } = given
  const env = {
    PATH: process.env.PATH,
    ...(command && { CNI_COMMAND: command }),
    CNI_CONTAINERID: container,
    CNI_NETNS: pod?.path ?? '',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    ...given.env,
  }
  const start = performance.now()
  const child = netns.spawn(process.execPath, [join(dir, program)], { env, ...(uid !== undefined && { uid }) })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(given.stdin ?? JSON.stringify(config))
  meanwhile?.(child)
  const outputs = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''))
  const [stdout = '', stderr = '', exitCode] = await Promise.all([...outputs, ended] as const)
  const durationMs = performance.now() - start
  const out = String(stdout)
  return {
    stdout: out,
    stderr: String(stderr),
    exitCode: exitCode as number | null,
    durationMs,
    json: out ? JSON.parse(out) : undefined,
  }
}

async function startAgent({ netns, socket, storePath }: Site): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./agent.ts', import.meta.url))
  const child = netns.spawn(process.execPath, ['--conditions=@tortie/source', script, socket, storePath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)))
  })
  return child
}
