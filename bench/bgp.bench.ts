/** Routes through a BGP daemon: told by one peer, counted by another. The same two ends for BIRD, FRR, GoBGP and us. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { startBird } from '../test/interop/daemons/bird.ts'
import { startFrr } from '../test/interop/daemons/frr.ts'
import { startGobgp } from '../test/interop/daemons/gobgp.ts'
import { createDirectory, startDaemon } from '../test/interop/daemons/process.ts'
import type { FeederOptions, FeederReport } from './bgp/feeder.ts'
import { type BenchRow, median } from './row.ts'

interface Load {
  readonly name: string
  readonly routes: number
  readonly sets: number
  readonly rounds: number
}
const loads: readonly Load[] = [
  { name: '100k routes, one attribute set', routes: 100_000, sets: 1, rounds: 3 },
  { name: '1M routes, one attribute set', routes: 1_000_000, sets: 1, rounds: 1 },
  { name: '1M routes, 50k attribute sets', routes: 1_000_000, sets: 50_000, rounds: 1 },
]

interface Figures {
  /** Seconds from the first route told to the last one counted. */
  readonly announce: number
  readonly withdraw: number
  /** MiB of resident memory with all routes there. */
  readonly memory: number
}

type DaemonName = 'tortie' | 'bird' | 'frr' | 'gobgp'
/** Its process id. */
type Start = (netns: TestNetns, dir: string, signal: AbortSignal) => Promise<number>

const birdPeer = (name: string, subnet: number, as: number): string => `
protocol bgp ${name} {
  local 10.0.${subnet}.1 as 64512; neighbor 10.0.${subnet}.2 as ${as}; passive;
  ipv4 { import all; export all; };
}`
const frrPeer = (subnet: number, as: number): string => `
 neighbor 10.0.${subnet}.2 remote-as ${as}
 neighbor 10.0.${subnet}.2 passive`
const gobgpPeer = (subnet: number, as: number): string => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.${subnet}.2"
    peer-as = ${as}
  [neighbors.transport.config]
    passive-mode = true`

const daemons: Readonly<Record<DaemonName, Start>> = {
  async tortie(netns, _dir, signal) {
    const script = fileURLToPath(new URL('bgp/tortie.ts', import.meta.url))
    // The ends dial until it listens.
    const options = { command: process.execPath, args: [script], ready: async () => true }
    return (await startDaemon(netns, options, { signal })).pid
  },
  async bird(netns, dir, signal) {
    const config = `router id 10.0.2.1; protocol device { }${birdPeer('sender', 2, 64_513)}${birdPeer('receiver', 3, 64_514)}`
    return (await startBird(netns, config, dir, signal)).pid
  },
  async frr(netns, dir, signal) {
    const bgpd = `router bgp 64512
 bgp router-id 10.0.2.1
 no bgp ebgp-requires-policy${frrPeer(2, 64_513)}${frrPeer(3, 64_514)}
`
    // Its routes stay out of the kernel, as those of the others here.
    return (await startFrr(netns, { bgpd }, dir, signal, { bgpd: ['-n'] })).daemons.bgpd?.pid ?? 0
  },
  async gobgp(netns, dir, signal) {
    const config = `[global.config]
  as = 64512
  router-id = "10.0.2.1"${gobgpPeer(2, 64_513)}${gobgpPeer(3, 64_514)}
`
    return (await startGobgp(netns, config, dir, signal)).pid
  },
}

interface Feeder {
  command(line: 'announce' | 'withdraw'): void
  until(event: FeederReport['event']): Promise<number>
}

function startFeeder(netns: TestNetns, options: FeederOptions, signal: AbortSignal): Feeder {
  const script = fileURLToPath(new URL('bgp/feeder.ts', import.meta.url))
  const child = netns.spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
  const reports: FeederReport[] = []
  let told: () => void = () => undefined
  if (!child.stdout) throw new Error('the feeder has no pipe')
  createInterface({ input: child.stdout }).on('line', (line) => {
    reports.push(JSON.parse(line) as FeederReport)
    told()
  })
  return {
    command: (line) => void child.stdin?.write(`${line}\n`),
    async until(event) {
      for (;;) {
        const at = reports.findIndex((report) => report.event === event)
        if (at >= 0) {
          const [report] = reports.splice(at, 1)
          return report && 'at' in report ? report.at : 0
        }
        if (child.exitCode !== null) throw new Error('the feeder ended')
        await new Promise<void>((resolve) => (told = resolve))
      }
    },
  }
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

async function measure(start: Start, { routes, sets }: Load): Promise<Figures> {
  const stop = new AbortController()
  using directory = createDirectory()
  using dut = createTestNetns('bench-dut')
  using sending = createTestNetns('bench-send')
  using receiving = createTestNetns('bench-recv')
  for (const [netns, subnet] of [
    [sending, 2],
    [receiving, 3],
  ] as const)
    linkNetns(
      { netns: dut, interface: `eth${subnet}`, addresses: [`10.0.${subnet}.1/24`] },
      { netns, interface: 'eth0', addresses: [`10.0.${subnet}.2/24`] },
    )
  try {
    const pid = await start(dut, join(directory.path, 'dut'), stop.signal)
    const ends = { routes, sets }
    const sender = { role: 'send', local: '10.0.2.2', remote: '10.0.2.1', as: 64_513, ...ends } as const
    const receiver = { role: 'receive', local: '10.0.3.2', remote: '10.0.3.1', as: 64_514, ...ends } as const
    const [from, to] = [startFeeder(sending, sender, stop.signal), startFeeder(receiving, receiver, stop.signal)]
    await Promise.all([from.until('established'), to.until('established')])
    from.command('announce')
    const [first, all] = await Promise.all([from.until('first'), to.until('all')])
    const memory = residentMiB(pid)
    from.command('withdraw')
    const [begun, none] = await Promise.all([from.until('first'), to.until('none')])
    return { announce: (all - first) / 1e6, withdraw: (none - begun) / 1e6, memory }
  } finally {
    stop.abort()
    await new Promise((resolve) => setTimeout(resolve, 300)) // the daemons are gone before their namespaces
  }
}

async function figures(name: DaemonName, load: Load): Promise<Figures> {
  const rounds: Figures[] = []
  for (let round = 0; round < load.rounds; round++) rounds.push(await measure(daemons[name], load))
  const middle = (key: keyof Figures): number => median(rounds.map((one) => one[key]))
  return { announce: middle('announce'), withdraw: middle('withdraw'), memory: middle('memory') }
}

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const load of loads) {
    const ours = await figures('tortie', load)
    for (const peer of ['bird', 'frr', 'gobgp'] as const) {
      if (peer === 'gobgp' && load.routes > 100_000) continue // minutes
      const theirs = await figures(peer, load)
      const row = (what: string, key: keyof Figures, unit: string): BenchRow => ({
        name: `BGP: ${load.name}, ${what}`,
        ours: ours[key],
        unit,
        reference: { name: peer, value: theirs[key] },
        ratio: ours[key] / theirs[key],
      })
      rows.push(row('announced', 'announce', 's'), row('withdrawn', 'withdraw', 's'), row('memory', 'memory', 'MiB'))
    }
  }
  return rows
}

// One daemon and load alone: `node bench/bgp.bench.ts bird 1`.
if (process.argv[1] === import.meta.filename) {
  const [, , name = 'tortie', index = '0'] = process.argv
  const load = loads[Number(index)]
  if (load) console.log(name, load.name, await measure(daemons[name as DaemonName], load))
  process.exit()
}
