/** Routes through a BGP daemon: told by one peer, counted by another. The same two ends for BIRD, FRR, GoBGP and us. */
import { type Figures, fillAndEmpty, receiver, senders, withDaemon } from './bgp/bench-bed.ts'
import type { DaemonName, Dut } from './bgp/daemons.ts'
import { type BenchRow, median } from './row.ts'

interface Load {
  readonly name: string
  readonly routes: number
  readonly sets: number
  readonly rounds: number
  /** With a listener for the best routes, where we are the daemon. */
  readonly told?: boolean
}
const loads: readonly Load[] = [
  { name: '100k routes, one attribute set', routes: 100_000, sets: 1, rounds: 3 },
  { name: '1M routes, one attribute set', routes: 1_000_000, sets: 1, rounds: 3 },
  { name: '1M routes, one attribute set, best routes told', routes: 1_000_000, sets: 1, rounds: 3, told: true },
  { name: '1M routes, 50k attribute sets', routes: 1_000_000, sets: 50_000, rounds: 3 },
]

const holdTime = 240
const sender = { local: senders.local, remote: senders.first, as: senders.as, exports: true }

function measure(name: DaemonName, { routes, sets, told = false }: Load): Promise<Figures> {
  const dut: Dut = { holdTime, told, peers: [sender, { ...receiver, exports: true }] }
  return withDaemon(name, dut, async ({ pid, send, receive }) => {
    const sessions = [{ local: senders.first, spans: [[0, routes]] as const }]
    return fillAndEmpty(pid, send({ holdTime, routes, sets, sessions }), receive({ holdTime, routes }))
  })
}

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const load of loads) {
    // GoBGP takes a minute for each million; nobody but us has a listener.
    const slow = load.routes > 100_000
    const peers = load.told
      ? (['bird'] as const)
      : slow
        ? (['bird', 'frr'] as const)
        : (['bird', 'frr', 'gobgp'] as const)
    const all = new Map<DaemonName, Figures[]>()
    // Taken in turns: what else the machine does meets all of them.
    for (let round = 0; round < load.rounds; round++)
      for (const name of ['tortie', ...peers] as const)
        all.set(name, [...(all.get(name) ?? []), await measure(name, load)])
    const middle = (name: DaemonName, key: keyof Figures): number =>
      median((all.get(name) ?? []).map((figures) => figures[key]))
    for (const peer of peers) {
      const row = (what: string, key: keyof Figures, unit: string): BenchRow => ({
        name: `BGP: ${load.name}, ${what}`,
        ours: middle('tortie', key),
        unit,
        reference: { name: peer, value: middle(peer, key) },
        ratio: middle('tortie', key) / middle(peer, key),
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
  if (load) console.log(name, load.name, await measure(name as DaemonName, load))
  process.exit()
}
