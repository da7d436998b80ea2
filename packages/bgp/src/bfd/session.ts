import type { Clock, Random } from '@tortie/runtime'
import { type Alarm, createAlarm } from './alarm.ts'
import { type BfdEvent, bfdStep } from './fsm.ts'
import { type BfdState, type ControlPacket, Diagnostic, encodeControlPacket } from './packet.ts'
import {
  advertise,
  confirm,
  detectionTime,
  type Intervals,
  initialTiming,
  jittered,
  type RemoteTiming,
  type Timing,
  transmitInterval,
  unknownRemote,
} from './timing.ts'

/** A session as it is now. */
export interface BfdStatus {
  readonly state: BfdState
  /** Why it last left Up: `Diagnostic`. */
  readonly diag: number
  readonly remoteState: BfdState
  readonly remoteDiag: number
  /** The C bit: when the session fails, so has the forwarding plane (RFC 5882 §4.3.2). */
  readonly remoteControlPlaneIndependent: boolean
  /** Between packets, before jitter; undefined when the other side wants none. */
  readonly transmitIntervalMs: number | undefined
  /** Silence after which it goes Down; 0 before the first packet. */
  readonly detectionTimeMs: number
}

/** In microseconds. */
export interface SessionTimers extends Intervals {
  readonly detectMult: number
}

export interface SessionPorts {
  readonly clock: Clock
  readonly random: Random
  readonly send: (bytes: Uint8Array) => void
  readonly changed: (status: BfdStatus, previous: BfdState) => void
}

type Remote = RemoteTiming & Pick<ControlPacket, 'diag' | 'state' | 'myDiscr' | 'demand' | 'controlPlaneIndependent'>

const unknown: Remote = {
  ...unknownRemote,
  diag: 0,
  state: 'Down',
  myDiscr: 0,
  demand: false,
  controlPlaneIndependent: false,
}

/** An alarm that rings so late tells of a busy event loop: packets may lie in the socket, unread. */
const busyMs = 5

/** One session of asynchronous mode: RFC 5880 §6.8. It takes the active role. */
export class ControlSession {
  readonly discriminator: number
  private readonly ports: SessionPorts
  private timers: SessionTimers
  private timing: Timing
  private state: BfdState = 'Down'
  private diag = 0
  private remote: Remote = unknown
  private sentMs = 0
  private scheduled: number | undefined
  private waited = false
  private readonly transmission: Alarm
  private readonly detection: Alarm

  constructor(discriminator: number, timers: SessionTimers, ports: SessionPorts) {
    this.discriminator = discriminator
    this.ports = ports
    this.timers = timers
    this.timing = initialTiming(timers)
    this.transmission = createAlarm(ports.clock, () => this.transmit())
    this.detection = createAlarm(ports.clock, (lateMs) => this.expire(lateMs))
  }

  start(): void {
    this.transmit()
  }

  get status(): BfdStatus {
    const { state, diag, remote } = this
    const interval = this.interval()
    return {
      state,
      diag,
      remoteState: remote.state,
      remoteDiag: remote.diag,
      remoteControlPlaneIndependent: remote.controlPlaneIndependent,
      transmitIntervalMs: interval === undefined ? undefined : interval / 1000,
      detectionTimeMs: detectionTime(this.timing, remote) / 1000,
    }
  }

  /** A packet for this session, checked by `decodeControlPacket` (RFC 5880 §6.8.6). */
  receive(packet: ControlPacket): void {
    if (this.state === 'AdminDown') return
    this.remote = packet
    this.waited = false
    const { timing } = this
    if (packet.final && timing.polling) this.timing = confirm(timing)
    if (!this.move(`receive ${packet.state}`)) this.renegotiate()
    if (this.interval() !== this.scheduled) this.schedule()
    this.detection.set(this.ports.clock.monotonicMs() + detectionTime(this.timing, packet) / 1000)
    if (packet.poll) this.send({ poll: false, final: true })
  }

  /** Other timers, from now on; while Up they are negotiated. */
  update(timers: SessionTimers): void {
    this.timers = timers
    this.renegotiate()
  }

  signal(event: 'disable' | 'enable' | 'path down'): void {
    if (event === 'disable') this.detection.cancel()
    if (event === 'enable' && this.state === 'AdminDown') this.remote = unknown
    this.move(event)
  }

  /** Ends it; the other side is told once that this was on purpose. */
  close(): void {
    if (this.state !== 'AdminDown') {
      this.state = 'AdminDown'
      this.diag = Diagnostic.AdministrativelyDown
      this.send({ poll: false, final: false })
    }
    this.transmission.cancel()
    this.detection.cancel()
  }

  private expire(lateMs: number): void {
    if (lateMs > busyMs && !this.waited) {
      this.waited = true
      this.detection.set(this.ports.clock.monotonicMs() + 1)
      return
    }
    this.remote = unknown
    this.move('detection time expires')
  }

  /** Whether the state has changed. */
  private move(event: BfdEvent): boolean {
    const next = bfdStep(this.state, event)
    if (!next) return false
    const previous = this.state
    this.state = next.state
    this.diag = next.diag ?? this.diag
    this.timing = advertise(this.timing, this.timers, this.state)
    this.transmit()
    this.ports.changed(this.status, previous)
    return true
  }

  private renegotiate(): void {
    const before = this.timing
    this.timing = advertise(before, this.timers, this.state)
    // What packets say has changed, so one goes out now (RFC 5880 §6.8.7).
    if (this.timing !== before) this.transmit()
  }

  private transmit(): void {
    this.send({ poll: this.timing.polling, final: false })
    this.sentMs = this.ports.clock.monotonicMs()
    this.schedule()
  }

  /** When the next periodic packet goes out: never later than the interval of now allows. */
  private schedule(): void {
    const interval = this.interval()
    this.scheduled = interval
    if (interval === undefined) this.transmission.cancel()
    else {
      const random = this.ports.random.next()
      this.transmission.set(this.sentMs + jittered(interval, this.timers.detectMult, random) / 1000)
    }
  }

  private interval(): number | undefined {
    const { state, remote, timing } = this
    const quiet = remote.demand && state === 'Up' && remote.state === 'Up' && !timing.polling
    return quiet ? undefined : transmitInterval(timing, remote)
  }

  private send({ poll, final }: Pick<ControlPacket, 'poll' | 'final'>): void {
    const { advertised } = this.timing
    const packet: ControlPacket = {
      diag: this.diag,
      state: this.state,
      poll,
      final,
      controlPlaneIndependent: false,
      demand: false,
      detectMult: this.timers.detectMult,
      myDiscr: this.discriminator,
      yourDiscr: this.remote.myDiscr,
      desiredMinTxInterval: advertised.tx,
      requiredMinRxInterval: advertised.rx,
      requiredMinEchoRxInterval: 0,
    }
    this.ports.send(encodeControlPacket(packet))
  }
}
