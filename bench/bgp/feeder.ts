/**
 * One end of the BGP bench, a process of its own: says what routes there are, or counts those that come. It speaks raw
 * BGP, the same towards every daemon. `node feeder.ts '{"role":"send",…}'`, then commands as lines on stdin.
 */
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import {
  ByteWriter,
  decodeMessage,
  defaultWireOptions,
  emptyUpdate,
  encodeMessage,
  keepalive,
  type Message,
  MessageFramer,
  type Nlri,
  type PathAttributes,
  type WireOptions,
  writeMessage,
} from '@tortie/bgp'

export interface FeederOptions {
  readonly role: 'send' | 'receive'
  readonly local: string
  readonly remote: string
  readonly as: number
  readonly routes: number
  /** Distinct attribute sets among the routes. */
  readonly sets: number
}

export type FeederReport =
  | { readonly event: 'established' | 'end-of-rib' }
  /** Microseconds of the monotonic clock, the same in all processes of a machine. */
  | { readonly event: 'first' | 'all' | 'none'; readonly at: number }

const base = 0x01000000
const wire: WireOptions = { ...defaultWireOptions, peer: 'external' }
const now = (): number => Number(process.hrtime.bigint() / 1000n)
const report = (what: FeederReport): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

/** Routes `from` to `to`, /24 each, one after the other. */
function slice(from: number, to: number): Nlri {
  const words = Uint32Array.from({ length: to - from }, (_, i) => base + (from + i) * 256)
  return { family: 4, count: to - from, words, lengths: new Uint8Array(to - from).fill(24), pathIds: undefined }
}

function attributesOf(options: FeederOptions, set: number): PathAttributes {
  const path = [options.as, 65_000 + (set % 500), 64_600 + Math.floor(set / 500)]
  return {
    origin: 0,
    asPath: [{ type: 2, asns: path }],
    nextHop: options.local,
    med: 10,
    communities: [(options.as << 16) | 7],
  }
}

/** All announcements, or all withdrawals, as pieces of about 64 KiB. */
function table(options: FeederOptions, withdraw: boolean): Uint8Array[] {
  const pieces: Uint8Array[] = []
  const perSet = Math.ceil(options.routes / options.sets)
  let writer = new ByteWriter(70_000)
  for (let set = 0, at = 0; at < options.routes; set++) {
    const end = Math.min(options.routes, (set + 1) * perSet)
    const attributes = withdraw ? {} : attributesOf(options, set)
    for (; at < end; at = Math.min(end, at + 950)) {
      const nlri = slice(at, Math.min(end, at + 950))
      writeMessage(writer, { ...emptyUpdate, ...(withdraw ? { withdrawn: nlri } : { nlri, attributes }) }, wire)
      if (writer.length < 60_000) continue
      pieces.push(writer.bytes.slice())
      writer = new ByteWriter(70_000)
    }
  }
  pieces.push(writer.bytes.slice())
  return pieces
}

async function pour(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  report({ event: 'first', at: now() })
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
  return mark
}

function handshake(socket: Socket, options: FeederOptions, onUpdate: (bytes: Uint8Array) => void): void {
  const send = (message: Message): void => void socket.write(encodeMessage(message, wire))
  const framer = new MessageFramer()
  send({
    kind: 'OPEN',
    version: 4,
    myAs: options.as,
    holdTime: 240,
    bgpId: options.local,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', as: options.as },
    ],
  } as Message)
  setInterval(() => send(keepalive), 20_000)
  socket.on('data', (bytes: Buffer) => {
    const refusal = framer.push(bytes, (message) => {
      const type = message[18]
      if (type === 1) send(keepalive)
      else if (type === 2) onUpdate(message)
      else if (type === 3) throw new Error(`NOTIFICATION ${message[19]}/${message[20]}`)
      else if (type === 4 && !established) {
        established = true
        report({ event: 'established' })
      }
      return undefined
    })
    if (refusal) throw new Error('the peer speaks no BGP')
  })
}
let established = false

const options = JSON.parse(process.argv[2] ?? '{}') as FeederOptions
const announcements = options.role === 'send' ? table(options, false) : []
const withdrawals = options.role === 'send' ? table(options, true) : []
const mark = counter(options.routes)

function dial(): void {
  const socket = connect({ host: options.remote, port: 179, localAddress: options.local, noDelay: true })
  socket.once('error', () => setTimeout(dial, 200))
  socket.once('connect', () => {
    socket.removeAllListeners('error')
    handshake(socket, options, (bytes) => {
      if (options.role === 'send') return
      const decoded = decodeMessage(bytes, wire)
      if (decoded.kind !== 'update' || decoded.decoded.action !== 'accept') return
      const { withdrawn, nlri } = decoded.decoded.update
      mark(withdrawn, 0)
      mark(nlri, 1)
    })
    createInterface({ input: process.stdin }).on('line', (line) => {
      if (line === 'announce') void pour(socket, announcements)
      else if (line === 'withdraw') void pour(socket, withdrawals)
    })
  })
}
dial()
