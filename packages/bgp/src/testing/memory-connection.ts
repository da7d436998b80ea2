import type { Connection } from '../speaker/ports.ts'
import type { Timer, Timers } from '../speaker/timers.ts'

/** What a connection needs of its network. */
export interface Wire {
  readonly timers: Timers
  latency(from: string, to: string): number
  /** Octets in one segment at most. */
  segment(from: string): number
  /** Nothing arrives for now. */
  blocked(from: string, to: string): boolean
  closed(connection: MemoryConnection): void
}

interface End {
  readonly address: string
  readonly port: number
}

/** Octets under way in one direction: what the kernels on both sides would take. */
const windowBytes = 128 * 1024

/** One end of a connection in memory. */
export class MemoryConnection implements Connection {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  /** Octets that ever were written. */
  written = 0
  /** The most that ever was unsent. */
  mostUnsent = 0
  private readonly wire: Wire
  private other: MemoryConnection | undefined
  private handlers: Parameters<Connection['start']>[0] | undefined
  private state: 'open' | 'closing' | 'closed' = 'open'
  private paused = false
  private wantsDrain = false
  /** Written here, not yet under way. */
  private waiting: Uint8Array[] = []
  private waitingBytes = 0
  /** Under way to the other end. */
  private flight: { readonly at: number; bytes: Uint8Array | undefined }[] = []
  private flightBytes = 0
  private readonly arrival: Timer
  private readonly drained: Timer
  private readonly giveUp: Timer
  private whenClosed: () => void = () => undefined
  private readonly closedPromise = new Promise<void>((resolve) => {
    this.whenClosed = resolve
  })

  constructor(wire: Wire, local: End, remote: End) {
    this.wire = wire
    this.localAddress = local.address
    this.localPort = local.port
    this.remoteAddress = remote.address
    this.remotePort = remote.port
    this.arrival = wire.timers.create(() => this.arrive())
    this.drained = wire.timers.create(() => this.handlers?.drain())
    this.giveUp = wire.timers.create(() => this.abort())
  }

  join(other: MemoryConnection): void {
    this.other = other
  }

  get unsent(): number {
    return this.waitingBytes
  }

  start(on: Parameters<Connection['start']>[0]): void {
    this.handlers = on
    this.other?.recheck()
  }

  write(bytes: Uint8Array): boolean {
    if (this.state !== 'open') return true
    this.written += bytes.length
    this.waiting.push(bytes.slice())
    this.waitingBytes += bytes.length
    this.depart()
    this.mostUnsent = Math.max(this.mostUnsent, this.waitingBytes)
    this.wantsDrain = this.waitingBytes > 0
    return !this.wantsDrain
  }

  pause(paused: boolean): void {
    this.paused = paused
    if (!paused) this.other?.recheck()
  }

  configure(): void {}

  close(ms: number): Promise<void> {
    if (this.state !== 'open') return this.closedPromise
    this.state = 'closing'
    this.handlers = undefined
    this.giveUp.arm(ms / 1000)
    this.depart()
    return this.closedPromise
  }

  abort(): void {
    const { other } = this
    this.end()
    if (other?.state === 'open' || other?.state === 'closing')
      this.wire.timers.create(() => other.broken()).arm(this.wire.latency(this.localAddress, this.remoteAddress) / 1000)
  }

  /** The other side is gone, and what was under way with it. */
  broken(): void {
    const { handlers, state } = this
    this.end()
    if (state === 'open') handlers?.end(new Error('connection reset'))
  }

  /** Something may arrive now that was held up. */
  recheck(): void {
    if (this.flight.length > 0) this.arrival.arm(0)
  }

  private end(): void {
    this.state = 'closed'
    this.handlers = undefined
    this.flight = []
    this.waiting = []
    this.waitingBytes = this.flightBytes = 0
    for (const timer of [this.arrival, this.drained, this.giveUp]) timer.cancel()
    this.wire.closed(this)
    this.whenClosed()
  }

  /** What fits goes under way; at last the end. */
  private depart(): void {
    const ms = this.wire.latency(this.localAddress, this.remoteAddress)
    const at = this.wire.timers.now + ms
    const idle = this.flight.length === 0
    while (this.waiting.length > 0 && this.flightBytes < windowBytes) {
      const bytes = this.waiting.shift() as Uint8Array
      this.waitingBytes -= bytes.length
      this.flightBytes += bytes.length
      this.flight.push({ at, bytes })
    }
    if (this.state === 'closing' && this.waiting.length === 0 && this.flight.at(-1)?.bytes !== undefined)
      this.flight.push({ at, bytes: undefined })
    else if (this.state === 'closing' && this.flight.length === 0) this.flight.push({ at, bytes: undefined })
    if (idle && this.flight.length > 0) this.arrival.arm(ms / 1000)
    if (this.wantsDrain && this.waitingBytes === 0) {
      this.wantsDrain = false
      this.drained.arm(0)
    }
  }

  /** What is due arrives, unless the other side takes nothing. */
  private arrive(): void {
    const { other, wire } = this
    for (;;) {
      const [head] = this.flight
      if (!head || !other) return
      if (head.at > wire.timers.now) {
        this.arrival.arm((head.at - wire.timers.now) / 1000)
        return
      }
      if (!other.handlers && other.state === 'open') return
      if (other.paused || wire.blocked(this.localAddress, this.remoteAddress)) return
      this.flight.shift()
      if (head.bytes === undefined) {
        this.finish(other)
        return
      }
      this.flightBytes -= head.bytes.length
      this.deliver(other, head.bytes)
      if (this.state === 'closed') return
      this.depart()
    }
  }

  private deliver(other: MemoryConnection, bytes: Uint8Array): void {
    const most = this.wire.segment(this.localAddress)
    for (let at = 0; at < bytes.length; at += most) {
      // The buffer is used again, as a socket's would be.
      const segment = bytes.slice(at, Math.min(bytes.length, at + most))
      other.handlers?.data(segment)
      segment.fill(0)
    }
  }

  private finish(other: MemoryConnection): void {
    const { handlers, state } = other
    this.end()
    other.end()
    if (state === 'open') handlers?.end()
  }
}

/** Both ends of a new connection. */
export function connectPair(wire: Wire, local: End, remote: End): readonly [MemoryConnection, MemoryConnection] {
  const [ours, theirs] = [new MemoryConnection(wire, local, remote), new MemoryConnection(wire, remote, local)]
  ours.join(theirs)
  theirs.join(ours)
  return [ours, theirs]
}
