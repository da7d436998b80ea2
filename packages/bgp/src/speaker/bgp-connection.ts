import { MessageFramer } from '../message/framer.ts'
import { CeaseSubcode, ErrorCode } from '../message/iana.ts'
import { type DecodedMessage, decodeMessage, type Message, writeMessage } from '../message/message.ts'
import { hardReset, notification } from '../message/notification.ts'
import type { OpenMessage } from '../message/open.ts'
import { defaultWireOptions } from '../message/options.ts'
import type { DecodedUpdate } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import type { Initiator } from '../session/collision.ts'
import {
  type Effect,
  type Event,
  type FsmPeer,
  type Timer as FsmTimer,
  idle,
  type Status,
  step,
} from '../session/fsm.ts'
import type { Session } from '../session/negotiate.ts'
import type { ConnectionOwner, ConnectionPorts } from './connection-ports.ts'
import { Inbox } from './inbox.ts'
import type { Connection } from './ports.ts'
import type { Timer } from './timers.ts'

/** Octets that wait to be read before the socket is paused, and at which it goes on. */
const inboxHigh = 256 * 1024
const inboxLow = 64 * 1024
/** Milliseconds for the last words to get out (spec 05 B3). */
const lingerMs = 10_000
/** RFC 9687 §3: at least 8 minutes, or twice the hold time. */
const sendHoldSeconds = 480

type Performer<E = Effect> = (on: BgpConnection, effect: E, event: Event, before: Status) => void
type Performers = { readonly [K in Effect['do']]: Performer<Extract<Effect, { readonly do: K }>> }

/** Endings after which the peer has to forget our routes. */
const noGracefulRestart: readonly number[] = [
  CeaseSubcode.maximumPrefixes,
  CeaseSubcode.administrativeShutdown,
  CeaseSubcode.peerDeconfigured,
  CeaseSubcode.bfdDown,
]

/** One connection to a peer, or the attempt to have one: runs the state machine on a socket and timers. */
export class BgpConnection {
  readonly initiator: Initiator
  status: Status = idle
  /** Monotonic milliseconds of the TCP connection. */
  connectedMs = 0
  private socket: Connection | undefined
  private readonly owner: ConnectionOwner
  private readonly ports: ConnectionPorts
  private fsm: FsmPeer
  private attempt: AbortController | undefined
  private framer = new MessageFramer()
  private readonly inbox = new Inbox()
  private paused = false
  private receivedBytes = 0
  private readonly timers: Readonly<Record<FsmTimer, Timer>>
  private readonly sendHold: Timer
  private readonly held: Timer
  /** A KEEPALIVE has come while held. */
  private deferred = false
  private sentBytes = 0
  private takenBytes = 0
  private progressMs = 0
  /** Closed sockets that still have something to say. */
  private lingering: Promise<void> = Promise.resolve()

  constructor(initiator: Initiator, owner: ConnectionOwner, ports: ConnectionPorts) {
    this.initiator = initiator
    this.owner = owner
    this.ports = ports
    this.fsm = owner.fsmPeer()
    const timer = (event: Event): Timer => ports.timers.create(() => this.handle(event))
    this.timers = {
      ConnectRetry: timer({ kind: 'ConnectRetryTimer_Expires' }),
      DelayOpen: timer({ kind: 'DelayOpenTimer_Expires' }),
      Hold: ports.timers.create(() => this.holdExpired()),
      Keepalive: timer({ kind: 'KeepaliveTimer_Expires' }),
      IdleHold: ports.timers.create(() => owner.mayDial() && this.handle({ kind: 'IdleHoldTimer_Expires' })),
      Stable: timer({ kind: 'StableTimer_Expires' }),
    }
    this.held = ports.timers.create(() => this.release())
    this.sendHold = ports.timers.create(() => this.sendHoldExpired())
  }

  /** As given to the state machine, with the OPEN that was sent. */
  get parameters(): FsmPeer {
    return this.fsm
  }

  get state(): Status['state'] {
    return this.status.state
  }

  /** Has a socket over which BGP is spoken. */
  get connected(): boolean {
    return this.socket !== undefined
  }

  get localAddress(): string | undefined {
    return this.socket?.localAddress
  }

  /** Octets that the kernel has not taken yet. */
  get unsent(): number {
    return this.socket?.unsent ?? 0
  }

  /** What was closed is closed when this resolves. */
  get closed(): Promise<void> {
    return this.lingering
  }

  /** One event through the state machine, and what it wants done. */
  handle(event: Event): void {
    const before = this.status
    const { status, effects } = step(this.fsm, before, event)
    this.status = status
    for (const effect of effects) (BgpConnection.perform[effect.do] as Performer)(this, effect, event, before)
    this.owner.stepped(this, before, event)
  }

  /** Accepted, or our own attempt succeeded. */
  attach(socket: Connection): void {
    this.attempt = undefined
    this.socket = socket
    this.connectedMs = this.ports.clock.monotonicMs()
    this.framer = new MessageFramer()
    this.inbox.clear()
    this.paused = false
    this.sentBytes = this.takenBytes = 0
    this.progressMs = this.connectedMs
    socket.start({
      data: (bytes) => this.socket === socket && this.received(bytes),
      drain: () => this.socket === socket && this.ports.writable(this),
      end: () => this.ports.soon(() => this.ended(socket)),
    })
    this.fsm = this.owner.fsmPeer()
    this.handle({ kind: this.initiator === 'local' ? 'Tcp_CR_Acked' : 'TcpConnectionConfirmed' })
  }

  /** The signal of a new attempt to connect. */
  beginAttempt(): AbortSignal {
    this.attempt?.abort()
    this.attempt = new AbortController()
    return this.attempt.signal
  }

  /** Reads about `size` octets of what came. True when more waits. */
  read(size: number): boolean {
    const segment = this.inbox.peek(size)
    const { socket } = this
    const fault = this.framer.push(segment, (message) => this.take(message) && this.socket === socket)
    if (this.socket !== socket) return false
    this.inbox.drop(segment.length)
    if (fault) this.handle({ kind: 'BGPHeaderErr', notification: fault })
    if (this.paused && this.inbox.size < inboxLow) this.pause(false)
    return this.inbox.size > 0
  }

  /** For so long it is not established, unless it turns out that the peer has established it. */
  hold(seconds: number): void {
    this.held.arm(seconds)
  }

  release(): void {
    this.held.cancel()
    if (!this.deferred) return
    this.deferred = false
    this.handle({ kind: 'KeepAliveMsg' })
  }

  /** New parameters that need no new session. */
  reconfigure(): void {
    this.fsm = { ...this.owner.fsmPeer(), open: this.fsm.open }
    const { session, state } = this.status
    const runs = session && session.holdTime > 0 && (state === 'Established' || state === 'OpenConfirm')
    if (runs) this.arm('Keepalive', session.keepaliveTime, session)
  }

  /** Options of the socket that may change meanwhile. */
  configureSocket(options: Parameters<Connection['configure']>[0]): void {
    this.socket?.configure(options)
  }

  /** Whole messages, e.g. UPDATEs. */
  sendBytes(bytes: Uint8Array): void {
    if (!this.socket) return
    this.owner.messages.count(bytes, 'sent')
    this.sentBytes += bytes.length
    this.socket.write(bytes)
    this.watchSending()
  }

  send(message: Message): void {
    shared.reset()
    writeMessage(shared, message, this.status.session?.send ?? defaultWireOptions)
    this.sendBytes(shared.bytes)
    if (message.kind === 'NOTIFICATION') this.owner.notified(message, true)
  }

  /** Runs a timer of this state machine on behalf of the peer. */
  arm(timer: FsmTimer, seconds: number, session = this.status.session): void {
    this.timers[timer].arm(this.owner.seconds(timer, seconds, session))
  }

  get resting(): boolean {
    return this.timers.IdleHold.armed
  }

  /** Drops everything without a word, and is as new. */
  discard(failures = 0): void {
    this.cancelAll()
    this.attempt?.abort()
    this.attempt = undefined
    const { socket } = this
    this.socket = undefined
    this.inbox.clear()
    this.status = { ...idle, failures }
    if (socket) this.linger(socket.close(0))
  }

  private static readonly perform: Performers = {
    connect: (on) => on.owner.dial(on),
    close: (on) => on.close(),
    send: (on, { message }, _, { session }) => on.send(on.wrapped(message, session)),
    arm: (on, { timer, seconds }, event) =>
      timer === 'IdleHold' ? on.owner.rest(on, seconds, event) : on.arm(timer, seconds),
    cancel: (on, { timer }) => on.timers[timer].cancel(),
    cancelAll: (on) => on.cancelAll(),
    establish: (on, { session }) => on.owner.established(on, session),
    release: (on, { ending, graceful }, _, { session }) => session && on.owner.released(on, session, ending, graceful),
    process: () => undefined, // by the caller of `handle`, who has the message
  }

  /** What must end the session for good is a Hard Reset where the peer would restart gracefully: RFC 8538 §3.1. */
  private wrapped(message: Message, session: Session | undefined): Message {
    const final = message.kind === 'NOTIFICATION' && message.code === ErrorCode.cease
    if (!final || !session?.gracefulRestart?.notification) return message
    return noGracefulRestart.includes(message.subcode) ? hardReset(message) : message
  }

  private cancelAll(): void {
    for (const timer of Object.values(this.timers)) timer.cancel()
    this.sendHold.cancel()
    this.held.cancel()
    this.deferred = false
  }

  private close(): void {
    this.attempt?.abort()
    this.attempt = undefined
    const { socket } = this
    if (!socket) return
    this.socket = undefined
    this.inbox.clear()
    this.sendHold.cancel()
    this.linger(socket.close(lingerMs))
  }

  private linger(closing: Promise<void>): void {
    this.lingering = Promise.all([this.lingering, closing]).then(() => undefined)
  }

  private received(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length
    this.inbox.push(bytes)
    if (!this.paused && this.inbox.size > inboxHigh) this.pause(true)
    this.ports.readable(this)
  }

  private pause(paused: boolean): void {
    this.paused = paused
    this.socket?.pause(paused)
  }

  /** The peer's last words are read before its end is believed. */
  private ended(socket: Connection): void {
    if (this.socket !== socket) return
    if (this.inbox.size === 0) this.handle({ kind: 'TcpConnectionFails' })
    else if (this.read(inboxLow) || this.socket === socket) this.ports.soon(() => this.ended(socket))
  }

  /** False to read no further. */
  private take(bytes: Uint8Array): boolean {
    this.owner.messages.count(bytes, 'received')
    // Whoever goes on has established it.
    if (this.deferred) this.release()
    const decoded = decodeMessage(bytes, this.status.session?.receive ?? defaultWireOptions, this.ports.interner)
    if (decoded.kind === 'message') this.takeMessage(decoded.message)
    else if (decoded.kind === 'update') this.takeUpdate(decoded.decoded)
    else {
      const kind = decoded.notification.code === ErrorCode.open ? 'BGPOpenMsgErr' : 'BGPHeaderErr'
      this.handle({ kind, notification: decoded.notification })
    }
    return this.socket !== undefined
  }

  private takeMessage(message: Extract<DecodedMessage, { readonly kind: 'message' }>['message']): void {
    if (message.kind === 'KEEPALIVE') {
      if (this.held.armed) this.deferred = true
      else this.handle({ kind: 'KeepAliveMsg' })
    } else if (message.kind === 'OPEN') this.takeOpen(message)
    else if (message.kind === 'NOTIFICATION') {
      this.owner.notified(message, false)
      this.handle({ kind: 'NotifMsg', notification: message })
    } else {
      this.handle({ kind: 'RouteRefreshMsg' })
      if (this.state === 'Established') this.owner.refreshed(this, message)
    }
  }

  private takeOpen(open: OpenMessage): void {
    this.owner.opened(this, open)
    const { session } = this.status
    if (session) this.framer.extendedMessage = session.receive.extendedMessage
  }

  private takeUpdate(decoded: DecodedUpdate): void {
    if (decoded.action === 'session-reset') {
      const { code, subcode, data } = decoded.fault
      this.handle({ kind: 'UpdateMsgErr', notification: notification(code, subcode, data) })
      return
    }
    this.handle({ kind: 'UpdateMsg' })
    if (this.state === 'Established') this.owner.updated(this, decoded)
  }

  /**
   * A busy event loop is no dead peer: what came and is not read yet counts for it. Timers ring before sockets are read,
   * so one turn is waited for.
   */
  private holdExpired(): void {
    const { socket, receivedBytes } = this
    if (this.inbox.size > 0 || this.paused) {
      this.timers.Hold.arm(Math.min(10, this.status.session?.holdTime ?? 10))
      return
    }
    const decide = (): void => {
      if (this.socket !== socket || this.timers.Hold.armed) return
      if (this.receivedBytes === receivedBytes) this.handle({ kind: 'HoldTimer_Expires' })
      else this.timers.Hold.arm(Math.min(10, this.status.session?.holdTime ?? 10))
    }
    void this.ports.yieldTurn().then(() => this.ports.soon(decide))
  }

  /** Notes what the kernel took; the timer runs while it does not take all. */
  private watchSending(): void {
    const taken = this.sentBytes - this.unsent
    if (taken > this.takenBytes) {
      this.takenBytes = taken
      this.progressMs = this.ports.clock.monotonicMs()
    }
    if (this.unsent > 0 && !this.sendHold.armed) this.sendHold.arm(this.sendHoldTime)
  }

  private get sendHoldTime(): number {
    return Math.max(sendHoldSeconds, 2 * (this.status.session?.holdTime ?? 0))
  }

  /** RFC 9687: the peer takes nothing although it says that it lives. */
  private sendHoldExpired(): void {
    this.watchSending()
    if (this.unsent === 0) return
    const left = this.sendHoldTime - (this.ports.clock.monotonicMs() - this.progressMs) / 1000
    if (left > 0) this.sendHold.arm(left)
    else this.handle({ kind: 'SendHoldTimer_Expires' })
  }
}

/** For single messages, which are copied away at once. */
const shared = new ByteWriter(4096)
