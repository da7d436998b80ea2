/** A BGP daemon with many peers: 100 that send 10,000 routes each, and 1,000 that are only there. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Figures,
  fillAndEmpty,
  processorSeconds,
  receiver,
  residentMiB,
  senderAddress,
  senders,
  withDaemon,
} from './bgp/bench-bed.ts'
import type { DaemonName, Dut, DutPeer } from './bgp/daemons.ts'
import type { FeederSession } from './bgp/feeder.ts'
import { type BenchRow, median } from './row.ts'

const crowd = 100
const each = 10_000
const rounds = 3

/** Peers that send and are sent nothing. */
const sendersOf = (count: number, multihop: boolean): DutPeer[] =>
  Array.from({ length: count }, (_, i) => {
    return { local: senders.local, remote: senderAddress(i), as: senders.as, exports: false, multihop }
  })

const loads = {
  '100 peers × 10k routes': {
    routes: crowd * each,
    spans: (i: number) => [[i * each, (i + 1) * each]] as const,
  },
  // Each ends with a route of its own: when all of these are there, all others have come, too.
  '100 peers × the same 10k routes': {
    routes: each + crowd,
    spans: (i: number) =>
      [
        [0, each],
        [each + i, each + i + 1],
      ] as const,
  },
} as const
type Load = (typeof loads)[keyof typeof loads]

function many(name: DaemonName, { routes, spans }: Load): Promise<Figures> {
  const holdTime = 240
  const dut: Dut = { holdTime, peers: [...sendersOf(crowd, false), { ...receiver, exports: true }] }
  return withDaemon(name, dut, async ({ pid, send, receive }) => {
    const sessions = Array.from(
      { length: crowd },
      (_, i): FeederSession => ({ local: senderAddress(i), spans: spans(i) }),
    )
    return fillAndEmpty(pid, send({ holdTime, routes, sets: 1, sessions }), receive({ holdTime, routes }))
  })
}

interface Idle {
  /** Seconds of processor time in a minute. */
  readonly processor: number
  readonly memory: number
}

/** Keepalives in both directions every 3 s at most. */
function idle(name: DaemonName): Promise<Idle> {
  const holdTime = 9
  const count = 1000
  const seconds = 30
  const dut: Dut = { holdTime, peers: sendersOf(count, true) }
  const work = async ({ pid, send }: Parameters<Parameters<typeof withDaemon>[2]>[0]): Promise<Idle> => {
    const sessions = Array.from({ length: count }, (_, i): FeederSession => ({ local: senderAddress(i), spans: [] }))
    await send({ holdTime, routes: 0, sets: 1, sessions }).until('established')
    await sleep(5000)
    const [before, from] = [processorSeconds(pid), performance.now()]
    await sleep(seconds * 1000)
    const minutes = (performance.now() - from) / 60_000
    return { processor: (processorSeconds(pid) - before) / minutes, memory: residentMiB(pid) }
  }
  return withDaemon(name, dut, work, { behindGateway: true })
}

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [title, load] of Object.entries(loads)) {
    const all = new Map<DaemonName, Figures[]>()
    for (let round = 0; round < rounds; round++)
      for (const name of ['tortie', 'bird', 'frr'] as const)
        all.set(name, [...(all.get(name) ?? []), await many(name, load)])
    const middle = (name: DaemonName, key: keyof Figures): number =>
      median((all.get(name) ?? []).map((figures) => figures[key]))
    for (const peer of ['bird', 'frr'] as const)
      for (const [key, what, unit] of [
        ['announce', 'announced', 's'],
        ['withdraw', 'withdrawn', 's'],
        ['memory', 'memory', 'MiB'],
      ] as const)
        rows.push(against(`${title}, ${what}`, unit, middle('tortie', key), peer, middle(peer, key)))
  }
  const [ours, birds] = [await idle('tortie'), await idle('bird')]
  rows.push(against('1,000 idle peers, processor time a minute', 's', ours.processor, 'bird', birds.processor))
  rows.push(against('1,000 idle peers, memory', 'MiB', ours.memory, 'bird', birds.memory))
  return rows
}

function against(what: string, unit: string, ours: number, peer: string, theirs: number): BenchRow {
  return { name: `BGP: ${what}`, ours, unit, reference: { name: peer, value: theirs }, ratio: ours / theirs }
}

// One daemon alone: `node bench/bgp-peers.bench.ts bird 0`, the loads in turn; 2 is the idle peers.
if (process.argv[1] === import.meta.filename) {
  const [, , name = 'tortie', index = '0'] = process.argv
  const load = Object.values(loads)[Number(index)]
  console.log(name, index, load ? await many(name as DaemonName, load) : await idle(name as DaemonName))
  process.exit()
}
