/**
 * The CNI plugin as a runtime sees it: from the start of the process to its end, alone and through an agent's socket,
 * against what it cannot be faster than (an empty Node process) and what a shell script would do (nine `ip` calls).
 * Without an agent's policy, which `npm run demo` times. Needs root.
 */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { buildExecutable, createSite, type Site } from '../apps/cni/src/testing/site.ts'
import { type EtcdServer, startEtcd } from '../packages/datastore-etcd/src/testing/etcd-server.ts'
import { type BenchRow, median } from './row.ts'

const rounds = 30
const warmUp = 3

interface Times {
  readonly ADD: number[]
  readonly DEL: number[]
}

const percentile95 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN

async function timeProcess(netns: TestNetns, command: string, args: readonly string[]): Promise<number> {
  const start = performance.now()
  await once(netns.spawn(command, args, { stdio: 'ignore' }), 'close')
  return performance.now() - start
}

/** What ADD does for one IPv4 address. */
const script = (pod: TestNetns): readonly (readonly string[])[] => [
  [
    'link',
    'add',
    'calibench',
    'address',
    'ee:ee:ee:ee:ee:ee',
    'type',
    'veth',
    'peer',
    'name',
    'eth9',
    'netns',
    pod.name,
  ],
  ['link', 'set', 'calibench', 'up'],
  ['-n', pod.name, 'link', 'set', 'eth9', 'up'],
  ['-n', pod.name, 'addr', 'add', '10.66.0.1/32', 'dev', 'eth9'],
  ['-n', pod.name, 'route', 'add', '169.254.1.1', 'dev', 'eth9', 'scope', 'link'],
  ['-n', pod.name, 'route', 'add', 'default', 'via', '169.254.1.1'],
  ['-n', pod.name, 'neigh', 'add', '169.254.1.1', 'dev', 'eth9', 'lladdr', 'ee:ee:ee:ee:ee:ee'],
  ['route', 'add', '10.66.0.1/32', 'dev', 'calibench', 'scope', 'link'],
  ['link', 'show', 'calibench'],
]

async function timeScript(site: Site, pod: TestNetns): Promise<number> {
  let ms = 0
  for (const args of script(pod)) ms += await timeProcess(site.netns, 'ip', args)
  site.netns.ip('link del calibench')
  return ms
}

async function timePlugin(site: Site, pod: TestNetns, config: object, times: Times, keep: boolean): Promise<void> {
  for (const command of ['ADD', 'DEL'] as const) {
    const { exitCode, stdout, durationMs } = await site.execute(command, { pod, config })
    if (exitCode !== 0) throw new Error(`${command}: ${stdout}`)
    if (keep) times[command].push(durationMs)
  }
}

/** In the site's namespace, with what an agent would have put into it. */
async function startSiteEtcd({ netns }: Site): Promise<EtcdServer> {
  const etcd = await startEtcd({ on: { netns: netns.name, address: '127.0.0.1' } })
  const script = fileURLToPath(new URL('../apps/cni/src/testing/seed-etcd.ts', import.meta.url))
  const seeding = netns.spawn(process.execPath, ['--conditions=@tortie/source', script, etcd.endpoint], {
    stdio: 'inherit',
  })
  const [code] = (await once(seeding, 'close')) as [number]
  if (code !== 0) throw new Error(`seeding etcd ended with ${code}`)
  return etcd
}

export async function run(): Promise<readonly BenchRow[]> {
  using built = buildExecutable()
  await using site = await createSite('cni-bench', built.dir)
  using pod = createTestNetns('cni-bench')
  const agent = await site.startAgent()
  await using etcd = await startSiteEtcd(site)
  const floor: number[] = []
  const nineCalls: number[] = []
  const alone: Times = { ADD: [], DEL: [] }
  const asked: Times = { ADD: [], DEL: [] }
  const onEtcd: Times = { ADD: [], DEL: [] }
  const nobody = { agent_socket: `${site.socket}.none` }
  const etcdConfig = { ...nobody, datastore_type: 'etcdv3', etcd_endpoints: etcd.endpoint }
  try {
    // In turns, so that a busy moment of the machine meets all of them.
    for (let round = -warmUp; round < rounds; round++) {
      const keep = round >= 0
      const empty = await timeProcess(site.netns, process.execPath, ['-e', '0'])
      const calls = await timeScript(site, pod)
      if (keep) floor.push(empty)
      if (keep) nineCalls.push(calls)
      await timePlugin(site, pod, nobody, alone, keep)
      await timePlugin(site, pod, etcdConfig, onEtcd, keep)
      await timePlugin(site, pod, { agent_socket: site.socket }, asked, keep)
    }
  } finally {
    agent.kill('SIGTERM')
    await once(agent, 'exit')
  }
  const against = (name: string, ours: number, reference: { name: string; value: number }): BenchRow => {
    return { name, ours, unit: 'ms', reference, ratio: ours / reference.value }
  }
  const empty = { name: '`node -e 0`', value: median(floor) }
  const ways = [
    [alone, 'standalone'],
    [onEtcd, 'standalone, on etcd'],
    [asked, 'through the agent'],
  ] as const
  const rows = ways.flatMap(([times, way]) =>
    (['ADD', 'DEL'] as const).flatMap((command) => [
      against(`cni: ${command} ${way}, whole process, p50`, median(times[command]), empty),
      against(`cni: ${command} ${way}, whole process, p95`, percentile95(times[command]), {
        name: '`node -e 0`, p95',
        value: percentile95(floor),
      }),
    ]),
  )
  const script = { name: 'nine `ip` calls, IPv4 only', value: median(nineCalls) }
  return [
    ...rows,
    against('cni: ADD through the agent beyond an empty process, p50', median(asked.ADD) - empty.value, script),
  ]
}
