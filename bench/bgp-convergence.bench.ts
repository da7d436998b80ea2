/**
 * 200 speakers in one process, on virtual time with 1 ms between any two: a full mesh, and the same as clients of two
 * route reflectors. How long until every one has every route, on their clock and on ours.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSpeaker, type PeerConfig, peerConfig, type Speaker } from '@tortie/bgp'
import { createMemoryNetwork } from '@tortie/bgp/testing'
import { silentLog } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import type { BenchRow } from './row.ts'

const nodes = 200
const blocksEach = 4
const localAs = 64_512
const stepMs = 1
const addressOf = (i: number): string => `10.0.${Math.floor(i / 250)}.${(i % 250) + 1}`
const reflectors = ['10.1.0.1', '10.1.0.2']
const clusterId = '10.1.0.0'

interface Router {
  readonly address: string
  readonly peers: readonly PeerConfig[]
  readonly blocks: readonly string[]
}

/** As Calico's nodes: of two, the one with the greater address waits. */
function neighbor(address: string, own: string, more: Partial<PeerConfig> = {}): PeerConfig {
  return peerConfig({ address, localAs, remoteAs: localAs, passive: own > address, ...more })
}

const blocksOf = (i: number): string[] =>
  Array.from({ length: blocksEach }, (_, b) => `172.16.${i}.${b * (256 / blocksEach)}/26`)

const fullMesh: readonly Router[] = Array.from({ length: nodes }, (_, i) => {
  const address = addressOf(i)
  const others = Array.from({ length: nodes }, (_, j) => addressOf(j)).filter((other) => other !== address)
  return { address, peers: others.map((other) => neighbor(other, address)), blocks: blocksOf(i) }
})

const reflected: readonly Router[] = [
  ...Array.from({ length: nodes }, (_, i): Router => {
    const address = addressOf(i)
    return { address, peers: reflectors.map((one) => neighbor(one, address)), blocks: blocksOf(i) }
  }),
  ...reflectors.map((address): Router => {
    const clients = Array.from({ length: nodes }, (_, i) => neighbor(addressOf(i), address, { reflect: { clusterId } }))
    const others = reflectors.filter((other) => other !== address).map((other) => neighbor(other, address))
    return { address, peers: [...clients, ...others], blocks: [] }
  }),
]

interface Outcome {
  /** Seconds from the start of all. */
  readonly virtual: number
  readonly real: number
  /** Seconds from one more block until all have it. */
  readonly change: number
  readonly messages: number
  readonly sessions: number
  /** KiB for both ends. */
  readonly heapPerSession: number
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function converge(routers: readonly Router[]): Promise<Outcome> {
  const before = heapBytes()
  const clock = virtualClock()
  const network = createMemoryNetwork(clock)
  const random = seededRandom(1)
  const stop = new AbortController()
  const started = performance.now()
  const speakers = routers.map(({ address, peers, blocks }): Speaker => {
    const never = new AbortController().signal
    const speaker = createSpeaker(
      { routerId: address, listen: [{ family: 4, port: 179 }], peers, recoveryTime: 0, maxPaths: 1 },
      {
        network: network.host(address),
        clock,
        random,
        log: silentLog,
        // Work is done before time moves on.
        yieldTurn: () => clock.sleep(0, { signal: never }),
      },
      { resolveByDefault: { metric: 0 } },
    )
    speaker.announce(
      blocks.map((prefix) => ({ prefix, id: 'block', source: 'local', preference: 200, attributes: {} })),
    )
    void speaker.run(stop).catch(() => undefined)
    return speaker
  })
  const until = async (count: number): Promise<number> => {
    const from = clock.monotonicMs()
    while (speakers.some((speaker) => speaker.counts().prefixes[4] !== count)) {
      if (clock.monotonicMs() > from + 600_000) throw new Error('it does not converge')
      await clock.advance(stepMs)
    }
    return (clock.monotonicMs() - from) / 1000
  }
  const all = nodes * blocksEach
  const virtual = await until(all)
  const real = (performance.now() - started) / 1000
  const peers = speakers.flatMap((speaker) => speaker.peers())
  const messages = peers.reduce((sum, peer) => sum + peer.messages.sent, 0)
  const sessions = peers.filter(({ state }) => state === 'Established').length / 2
  const heapPerSession = (heapBytes() - before) / sessions / 1024
  speakers[0]?.announce([{ prefix: '172.17.0.0/26', id: 'one', source: 'local', preference: 200, attributes: {} }])
  const change = await until(all + 1)
  stop.abort(new Error('the bench is over'))
  await clock.advance(1)
  return { virtual, real, change, messages, sessions, heapPerSession }
}

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [title, routers] of [
    [`full mesh of ${nodes}`, fullMesh],
    [`${nodes} clients of 2 reflectors`, reflected],
  ] as const) {
    const outcome = await converge(routers)
    const row = (what: string, ours: number, unit: string): BenchRow => ({ name: `BGP: ${title}: ${what}`, ours, unit })
    rows.push(
      row('sessions', outcome.sessions, ''),
      row('from the start until all have all routes, virtual time', outcome.virtual, 's'),
      row('the same in one process, real time', outcome.real, 's'),
      row('one block more until all have it, virtual time', outcome.change, 's'),
      row('messages', outcome.messages, ''),
      row('heap of a session, both ends', outcome.heapPerSession, 'KiB'),
    )
  }
  return rows
}

// Alone, with another number of nodes or under a profiler: `node bench/bgp-convergence.bench.ts`.
if (process.argv[1] === import.meta.filename) {
  console.table(await run())
  process.exit()
}
