/**
 * One end of a BGP bench, a process of its own with one session or many: says what routes there are, or counts those that
 * come. `node feeder.ts '{"role":"send",…}'`, then commands as lines on stdin.
 */
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { ByteWriter, decodeMessage, emptyUpdate, type Nlri, type PathAttributes, writeMessage } from '@tortie/bgp'
import { openSession, wire } from './session.ts'

export interface FeederOptions {
  readonly role: 'send' | 'receive'
  readonly remote: string
  readonly as: number
  readonly holdTime: number
  /** Attribute sets of the routes of each session. */
  readonly sets: number
  /** Different routes that come, for the one that counts. */
  readonly routes: number
  readonly sessions: readonly FeederSession[]
}

export interface FeederSession {
  readonly local: string
  /** Numbers of the routes that it tells: from, and before which one. */
  readonly spans: readonly (readonly [from: number, to: number])[]
}

export type FeederReport =
  | { readonly event: 'established' }
  /** Microseconds of the monotonic clock, the same in all processes of a machine. */
  | { readonly event: 'first' | 'all' | 'none'; readonly at: number }

const base = 0x01000000
const perMessage = 950
/** Sessions that begin at once. */
const atOnce = 20
const now = (): number => Number(process.hrtime.bigint() / 1000n)
const report = (what: FeederReport): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

/** Routes `from` to `to`, /24 each, one after the other. */
function slice(from: number, to: number): Nlri {
  const words = Uint32Array.from({ length: to - from }, (_, i) => base + (from + i) * 256)
  return { family: 4, count: to - from, words, lengths: new Uint8Array(to - from).fill(24), pathIds: undefined }
}

function attributesOf(as: number, local: string, set: number): PathAttributes {
  const asns = [as, 65_000 + (set % 500), 64_600 + Math.floor(set / 500)]
  return { origin: 0, asPath: [{ type: 2, asns }], nextHop: local, med: 10, communities: [(as << 16) | 7] }
}

/** All announcements of a session, or all withdrawals, as pieces of about 64 KiB. */
function table({ as, sets }: FeederOptions, { local, spans }: FeederSession, withdraw: boolean): Uint8Array[] {
  const pieces: Uint8Array[] = []
  const perSet = Math.ceil(spans.reduce((sum, [from, to]) => sum + to - from, 0) / sets)
  let writer = new ByteWriter(1024)
  const cut = (): void => {
    pieces.push(writer.bytes.slice())
    writer = new ByteWriter(1024)
  }
  for (const [from, to] of spans)
    for (let at = from, end = 0; at < to; at = end) {
      const set = Math.floor((at - from) / perSet)
      end = Math.min(to, at + perMessage, from + (set + 1) * perSet)
      const nlri = slice(at, end)
      const body = withdraw ? { withdrawn: nlri } : { nlri, attributes: attributesOf(as, local, set) }
      writeMessage(writer, { ...emptyUpdate, ...body }, wire)
      if (writer.length > 60_000) cut()
    }
  cut()
  return pieces
}

async function pour(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) if (!socket.write(piece)) await new Promise((done) => socket.once('drain', done))
}

/** Which routes are there, so that one told twice counts once. */
function counter(routes: number) {
  const there = new Uint8Array(routes)
  let count = 0
  const mark = ({ count: many, words }: Nlri, value: number): void => {
    for (let i = 0; i < many; i++) {
      const at = ((words[i] ?? 0) - base) >>> 8
      if (at >= routes || there[at] === value) continue
      there[at] = value
      count += value === 1 ? 1 : -1
      if (value === 1 && count === routes) report({ event: 'all', at: now() })
      if (value === 0 && count === 0) report({ event: 'none', at: now() })
    }
  }
  return (bytes: Uint8Array): void => {
    const decoded = decodeMessage(bytes, wire)
    if (decoded.kind !== 'update' || decoded.decoded.action !== 'accept') return
    mark(decoded.decoded.update.withdrawn, 0)
    mark(decoded.decoded.update.nlri, 1)
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as FeederOptions
const { role, sessions, ...ends } = options
const tables = role === 'receive' ? [] : sessions.map((one) => [table(options, one, false), table(options, one, true)])
const onUpdate = role === 'receive' ? counter(options.routes) : (): void => undefined
const sockets: Socket[] = []
for (let i = 0; i < sessions.length; i += atOnce) {
  const some = sessions.slice(i, i + atOnce)
  sockets.push(...(await Promise.all(some.map(({ local }) => openSession({ ...ends, local }, onUpdate)))))
}
report({ event: 'established' })
createInterface({ input: process.stdin }).on('line', (line) => {
  const which = line === 'announce' ? 0 : 1
  report({ event: 'first', at: now() })
  for (const [i, socket] of sockets.entries()) void pour(socket, tables[i]?.[which] ?? [])
})
