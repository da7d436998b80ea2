import type { Call, Clock } from '@tortie/runtime'
import { ByteWriter } from '../message/writer.ts'
import type { PeerIndex, Rib } from '../rib/contract.ts'
import type { BgpConnection } from './bgp-connection.ts'
import { Sleeper } from './sleeper.ts'
import type { Timers } from './timers.ts'

/** Milliseconds of work before sockets are served again. */
const sliceMs = 4
/** Octets read from one peer, and written to one, before it is another's turn. */
const readBytes = 16 * 1024
const writeBytes = 64 * 1024
/** Octets that may wait in a socket before routes wait in the tables instead. */
const unsentBytes = 512 * 1024
/** Prefixes decided at once. */
const decisions = 1000

export interface PumpPorts {
  readonly clock: Clock
  readonly timers: Timers
  readonly rib: Rib
  readonly yieldTurn: () => Promise<void>
  readonly connectionOf: (index: PeerIndex) => BgpConnection | undefined
  /** Best routes have changed: takes some of them. True when more wait. */
  readonly takeBest: () => boolean
  /** Nothing is left to do for now. */
  readonly quiet: () => void
}

/**
 * All work of a speaker, in slices of a few milliseconds: timers first, then a bit of every peer's input, of the
 * decisions, and of every peer's output, so that no peer and no table starves the keepalives of the others.
 */
export class Pump {
  private readonly ports: PumpPorts
  private readonly readable = new Set<BgpConnection>()
  private readonly ready = new Set<PeerIndex>()
  private readonly writer = new ByteWriter()
  private tasks: (() => void)[] = []
  private state: 'new' | 'running' | 'over' = 'new'
  private deciding = false
  private rung = true
  private wakeUp: (() => void) | undefined
  private readonly sleeper: Sleeper

  constructor(ports: PumpPorts) {
    this.ports = ports
    this.sleeper = new Sleeper(ports.clock, ports.timers, () => this.wake())
  }

  /** There is something to do. */
  wake(): void {
    this.rung = true
    this.wakeUp?.()
  }

  /** Does what came from outside (a connection, its end) in a slice, so that whatever it throws ends `run`. */
  soon(task: () => void): void {
    if (this.state === 'over') {
      task()
      return
    }
    this.tasks.push(task)
    this.wake()
  }

  /** A timer rings earlier than the sleeper would wake. */
  reschedule(): void {
    this.wakeUp?.()
  }

  read(connection: BgpConnection): void {
    this.readable.add(connection)
    this.wake()
  }

  /** The tables have changed, or may be written out again. */
  decide(): void {
    this.deciding = true
    this.wake()
  }

  forget(index: PeerIndex): void {
    this.ready.delete(index)
  }

  /** Every route that is to be sent is with the kernel. */
  get flushed(): boolean {
    if (this.deciding || this.readable.size > 0 || this.tasks.length > 0) return false
    for (const index of this.ready) if (this.ports.connectionOf(index)) return false
    return true
  }

  /** Works until the signal aborts; throws its reason. */
  async run({ signal }: Call): Promise<never> {
    signal.addEventListener('abort', () => this.wake(), { once: true })
    this.state = 'running'
    try {
      for (;;) {
        signal.throwIfAborted()
        if (this.slice()) await this.ports.yieldTurn()
        else await this.rest()
      }
    } finally {
      this.sleeper.stop()
    }
  }

  /** After `run`: what waited is done, so that nothing stays open. */
  finish(): void {
    this.state = 'over'
    this.doTasks()
  }

  private doTasks(): void {
    const { tasks } = this
    this.tasks = []
    for (const task of tasks) task()
  }

  /** True when there is more to do. */
  private slice(): boolean {
    const { clock, timers } = this.ports
    const end = clock.monotonicMs() + sliceMs
    this.rung = false
    timers.ringDue()
    this.doTasks()
    for (let more = true; more; ) {
      more = this.readSome()
      more = this.decideSome() || more
      const over = clock.monotonicMs() >= end
      // PERF: what a slice decides goes out together; a write costs as much as the decisions for a thousand routes.
      if (!more || over) more = this.writeSome() || more
      if (more && over) return true
    }
    this.ports.quiet()
    return this.rung
  }

  private readSome(): boolean {
    for (const connection of [...this.readable]) if (!connection.read(readBytes)) this.readable.delete(connection)
    return this.readable.size > 0
  }

  private decideSome(): boolean {
    if (!this.deciding) return false
    const more = this.ports.rib.work(decisions)
    const best = this.ports.takeBest()
    for (const index of this.ports.rib.takeReady()) this.ready.add(index)
    this.deciding = more || best
    return this.deciding
  }

  private writeSome(): boolean {
    let more = false
    for (const index of this.ready) {
      const connection = this.ports.connectionOf(index)
      // Without a session there is nothing to write; a full socket is written to when it has drained.
      if (!connection) this.ready.delete(index)
      else if (connection.unsent < unsentBytes) {
        if (!this.write(index, connection)) this.ready.delete(index)
        else if (connection.unsent < unsentBytes) more = true
      }
    }
    return more
  }

  /** True when more waits. */
  private write(index: PeerIndex, connection: BgpConnection): boolean {
    const { writer } = this
    const waits = this.ports.rib.output(index, writer.reset(), writeBytes)
    if (writer.length > 0) connection.sendBytes(writer.bytes)
    return waits
  }

  private async rest(): Promise<void> {
    this.sleeper.set()
    if (this.rung) return
    await new Promise<void>((resolve) => {
      this.wakeUp = resolve
    })
    this.wakeUp = undefined
  }
}
