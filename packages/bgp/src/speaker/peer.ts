import { CeaseSubcode, ErrorCode, OpenSubcode } from '../message/iana.ts'
import { formatNotification, type NotificationMessage, notification } from '../message/notification.ts'
import { asOf, type OpenMessage } from '../message/open.ts'
import { dominant, resolveCollision } from '../session/collision.ts'
import type { Ending, Event, FsmPeer, Timer as FsmTimer, State, Status } from '../session/fsm.ts'
import { checkOpen, type Session } from '../session/negotiate.ts'
import { BgpConnection } from './bgp-connection.ts'
import { changeOf } from './changes.ts'
import type { PeerConfig } from './config.ts'
import type { ConnectionOwner } from './connection-ports.ts'
import { Dialing } from './dialing.ts'
import { describeEnding, lapseOf, textOf } from './lapse.ts'
import { MessageCounters } from './message-counters.ts'
import { openOf } from './open.ts'
import type { PeerPorts } from './peer-ports.ts'
import { PeerSession } from './peer-session.ts'
import type { Connection } from './ports.ts'
import { hasOpened, isConversing, mostAdvanced } from './progress.ts'
import type { PeerStatus } from './speaker.ts'
import { tcpOptionsOf } from './tcp-options.ts'

/** Seconds in Established after which failures are forgotten (spec 05 A5). */
const stableTime = 300
/**
 * A connection that comes so long after the session was established, in milliseconds, is no late half of a collision: it
 * tells that the peer has restarted (RFC 4724 §4.2).
 */
const lateCollisionMs = 2000
/**
 * Seconds that a connection which is likely to lose against another, whose OPEN is still to come, is not established:
 * the peer decides when it has ours, and would close what we just took into use.
 */
const holdForOtherOpen = 1
/** One report of trouble in so many milliseconds. */
const problemEveryMs = 1000

/**
 * One neighbour: a connection that we dial, one that it dialled, and how they become one session (RFC 4271 §6.8, §8).
 * The dialler is the one that rests, backs off and begins again.
 */
export class Peer implements ConnectionOwner {
  config: PeerConfig
  readonly routes: PeerSession
  readonly messages = new MessageCounters()
  /** Made on demand from a prefix. */
  readonly dynamic: boolean
  private readonly ports: PeerPorts
  private readonly dialer: BgpConnection
  private incoming: BgpConnection | undefined
  private started = false
  /** An error is being waited out: its connections are refused too. */
  private refusing = false
  private without: 'nothing' | 'optional' | 'all' = 'nothing'
  private readonly dialing: Dialing
  /** The attempt to connect that has not ended. */
  private establishedMs = 0
  private shownState: State = 'Idle'
  private since: number
  private lastError: string | undefined
  private shownRestarting = false
  private flaps = 0
  private lastProblemMs = Number.NEGATIVE_INFINITY

  constructor(config: PeerConfig, ports: PeerPorts, dynamic = false) {
    this.config = config
    this.ports = ports
    this.dynamic = dynamic
    this.since = ports.clock.wallMs()
    this.routes = new PeerSession(config, {
      ...ports,
      routerId: () => ports.speaker().routerId,
      changed: () => this.routesChanged(),
      problem: (why) => this.problem(why),
      stop: (because) => this.routes.connection?.handle({ kind: 'AutomaticStop', notification: because }),
    })
    this.dialing = new Dialing({ ...ports, failed: (why, silent) => this.dialFailed(why, silent) })
    this.dialer = new BgpConnection('local', this, ports)
  }

  get key(): string {
    return this.config.key
  }

  get settled(): boolean {
    return this.routes.settled || this.config.shutdown !== undefined
  }

  get alsoRestarts(): boolean {
    return this.routes.alsoRestarts
  }

  get unreachable(): boolean {
    return this.dialing.failures > 1 && !this.incoming
  }

  start(): void {
    if (this.started || this.config.shutdown !== undefined) return
    this.started = true
    this.refusing = false
    if (this.config.passive) this.dialer.handle({ kind: 'ManualStart' })
    else this.dialer.arm('IdleHold', this.config.connectDelayTime)
  }

  /** Down until `start`; the other side reads `text` (RFC 9003). */
  stop(text: string | undefined): void {
    this.started = false
    const event: Event = { kind: 'ManualStop', ...(text !== undefined && { text }) }
    for (const connection of this.connections()) connection.handle(event)
    this.incoming = undefined
  }

  /** Breaks off without a word: helpers keep our routes (RFC 4724 §4.2). */
  vanish(): void {
    this.started = false
    for (const connection of this.connections()) connection.discard()
    this.incoming = undefined
  }

  /** Ends the session and, unless `for good`, begins a new one. */
  reset(because: NotificationMessage, forGood = false): void {
    if (forGood) this.started = false
    for (const connection of this.connections())
      if (connection.connected) connection.handle({ kind: 'AutomaticStop', notification: because })
    if (forGood) {
      this.vanish()
      this.routes.remove()
    }
  }

  async closed(): Promise<void> {
    await Promise.all(this.connections().map((connection) => connection.closed))
  }

  /** Takes a new configuration with the same address; resets the session only where it must. */
  reconfigure(config: PeerConfig, routerIdChanged: boolean): void {
    const before = this.config
    const change = routerIdChanged ? 'reset' : changeOf(before, config)
    this.config = config
    if (change === 'none') return
    if (before.password !== config.password)
      for (const connection of this.connections())
        this.configureSocket(() => connection.configureSocket({ password: config.password ?? '' }))
    if (config.shutdown !== undefined) {
      if (before.shutdown === undefined) this.stop(config.shutdown)
    } else if (change === 'reset') this.reset(notification(ErrorCode.cease, CeaseSubcode.otherConfigurationChange))
    for (const connection of this.connections()) connection.reconfigure()
    this.routes.reconfigure(config)
    if (config.shutdown === undefined) this.restartDialer(change === 'reset' || before.passive !== config.passive)
  }

  /** Started if it was down; one that waits for the peer, or dials it, begins anew with the new parameters. */
  private restartDialer(anew: boolean): void {
    if (!this.started) {
      this.start()
      return
    }
    if (!anew || hasOpened(this.dialer) || isConversing(this.incoming) || this.routes.session) return
    this.dialer.discard(this.dialer.status.failures)
    this.started = false
    this.start()
  }

  /** A connection from the peer. */
  accept(socket: Connection): void {
    const busy = isConversing(this.incoming)
    const { ttl, minTtl } = tcpOptionsOf(this.config)
    const tooFar = minTtl !== undefined && socket.receivedTtl !== undefined && socket.receivedTtl < minTtl
    if (!this.started || this.refusing || busy || tooFar) {
      socket.abort()
      return
    }
    // It came again before its OPEN did: only the last one counts.
    this.incoming?.discard()
    if (!this.configureSocket(() => socket.configure({ ttl, ...(minTtl !== undefined && { minTtl }) }))) {
      socket.abort()
      return
    }
    const incoming = new BgpConnection('remote', this, this.ports)
    incoming.status = { state: 'Active', failures: this.dialer.status.failures, delaying: false }
    this.incoming = incoming
    incoming.attach(socket)
  }

  status(): PeerStatus {
    const { key, kind, address, port, remoteAs, localAs } = this.config
    const { session, connection, index } = this.routes
    const counts = index === undefined ? { received: 0, accepted: 0, sent: 0 } : this.ports.rib.peerCounts(index)
    const localAddress = connection?.localAddress
    const as = remoteAs ?? session?.remoteAs
    return {
      key,
      address,
      port,
      localAs,
      state: this.shownState,
      since: this.since,
      flaps: this.flaps,
      ...counts,
      messages: this.messages.counts,
      restarting: this.routes.restarting,
      ...(kind !== undefined && { kind }),
      ...(as !== undefined && { remoteAs: as }),
      ...(session && { session }),
      ...(localAddress !== undefined && { localAddress }),
      ...(this.lastError !== undefined && { lastError: this.lastError }),
    }
  }

  // What its connections ask of it.

  fsmPeer(): FsmPeer {
    const { remoteAs, passive, connectRetryTime, idleHoldTime } = this.config
    const open = this.open()
    return { open, remoteAs, passive, connectRetryTime, idleHoldTime, delayOpenTime: 0, stableTime }
  }

  mayDial(): boolean {
    return this.started && !this.connections().some(isConversing)
  }

  seconds(timer: FsmTimer, seconds: number, session: Session | undefined): number {
    if (timer === 'Hold' || timer === 'DelayOpen' || timer === 'Stable') return seconds
    const { keepaliveTime } = this.config
    const configured = timer === 'Keepalive' && keepaliveTime !== undefined && session !== undefined
    const wanted = configured ? Math.min(keepaliveTime, session.holdTime / 3) : seconds
    return wanted * (0.75 + this.ports.random.next() / 4) // RFC 4271 §10
  }

  dial(connection: BgpConnection): void {
    this.dialing.dial(connection, this.config)
  }

  opened(connection: BgpConnection, open: OpenMessage): void {
    const others = this.connections().filter((one) => one !== connection && one.state !== 'Idle')
    const { open: ours, remoteAs } = connection.parameters
    const acceptable = checkOpen(ours, open, remoteAs) === undefined
    for (const other of acceptable ? others : []) {
      if (!hasOpened(other)) {
        other.discard(other.status.failures)
        continue
      }
      const replaces = this.peerCameBack(connection)
      const speakers = { localId: ours.bgpId, remoteId: open.bgpId, localAs: asOf(ours), remoteAs: asOf(open) }
      const verdict = resolveCollision(speakers, connection.initiator, other.state, replaces)
      if (verdict === 'close-this') {
        connection.handle({ kind: 'OpenCollisionDump' })
        return
      }
      if (verdict === 'wait') {
        if (dominant(speakers) !== connection.initiator) connection.hold(holdForOtherOpen)
        continue
      }
      other.handle({ kind: other.state === 'Established' ? 'TcpConnectionFails' : 'OpenCollisionDump' })
    }
    connection.handle({ kind: 'BGPOpen', open })
  }

  established(connection: BgpConnection, session: Session): void {
    this.establishedMs = this.ports.clock.monotonicMs()
    this.dialing.failures = 0
    this.without = 'nothing'
    this.lastError = undefined
    const others = this.connections().filter((other) => other !== connection)
    if (connection === this.incoming) this.incoming = undefined
    for (const other of others) {
      if (hasOpened(other)) other.handle({ kind: 'OpenCollisionDump' })
      else other.discard(other.status.failures)
    }
    this.routes.establish(connection, session)
    this.ports.recovery.check()
  }

  updated(connection: BgpConnection, update: Parameters<PeerSession['update']>[0]): void {
    if (this.routes.connection === connection) this.routes.update(update)
  }

  refreshed(connection: BgpConnection, message: Parameters<PeerSession['refreshed']>[0]): void {
    if (this.routes.connection === connection) this.routes.refreshed(message)
  }

  released(_connection: BgpConnection, session: Session, ending: Ending, graceful: boolean): void {
    this.flaps++
    this.routes.release(session, graceful)
    this.ports.recovery.check()
    this.lastError = describeEnding(ending)
  }

  /** Back-off is for errors; whoever only lost its connection, or a collision, comes back soon (spec 05 A5). */
  rest(connection: BgpConnection, seconds: number, event: Event): void {
    if (connection !== this.dialer) {
      if (hasOpened(this.dialer)) return
      this.dialer.discard(connection.status.failures)
    }
    if (!this.started || this.connections().some((one) => one !== connection && isConversing(one))) return
    const lapse = lapseOf(event)
    this.refusing = lapse === 'error'
    this.dialer.arm('IdleHold', lapse === 'none' ? Math.min(seconds, this.config.connectDelayTime) : seconds)
  }

  stepped(connection: BgpConnection, before: Status, event: Event): void {
    if (event.kind === 'IdleHoldTimer_Expires') this.refusing = false
    if (!connection.connected) {
      if (connection !== this.dialer) this.incomingEnded(connection)
      for (const other of this.connections()) other.release()
    }
    if (connection.state !== before.state) this.show(event)
  }

  notified(message: NotificationMessage, sent: boolean): void {
    this.ports.emit({ kind: 'notification', peer: this.key, sent, notification: message })
    this.lastError = `${sent ? 'sent' : 'received'} ${formatNotification(message)}`
    if (sent || message.code !== ErrorCode.open || this.routes.session) return
    // Once without what it may not know, then with it again (RFC 5492 §3).
    const { unsupportedOptionalParameter, unsupportedCapability } = OpenSubcode
    if (message.subcode === unsupportedOptionalParameter) this.without = this.without === 'all' ? 'nothing' : 'all'
    else if (message.subcode === unsupportedCapability)
      this.without = this.without === 'optional' ? 'nothing' : 'optional'
  }

  /** Every connection that it has. */
  private connections(): BgpConnection[] {
    const { routes, dialer, incoming } = this
    return [...new Set([dialer, incoming, routes.connection])].filter((one) => one !== undefined)
  }

  /** Another connection of a peer that restarts gracefully, not one of a collision. */
  private peerCameBack({ connectedMs, initiator }: BgpConnection): boolean {
    const { session } = this.routes
    return initiator === 'remote' && !!session?.gracefulRestart && connectedMs > this.establishedMs + lateCollisionMs
  }

  private dialFailed(why: string, silent: boolean): void {
    this.lastError = why
    if (silent && this.dialing.failures === 1) this.problem(why)
    this.ports.recovery.check()
  }

  /** False when the kernel refuses: without the option the connection is not what was configured. */
  private configureSocket(configure: () => void): boolean {
    try {
      configure()
      return true
    } catch (error) {
      this.problem(`a socket option is refused: ${textOf(error)}`)
      return false
    }
  }

  private incomingEnded(connection: BgpConnection): void {
    if (connection === this.incoming) this.incoming = undefined
    const idle = this.dialer.state === 'Idle' && !this.dialer.resting
    if (idle && this.mayDial()) this.dialer.arm('IdleHold', this.config.connectDelayTime)
    this.checkOver()
  }

  private checkOver(): void {
    if (this.dynamic && !this.incoming && this.routes.over) this.ports.over(this)
  }

  private open(): OpenMessage {
    const { recovery, speaker } = this.ports
    const forwarding = recovery.active ? recovery.forwarding : this.routes.known ? this.config.families : []
    return openOf(speaker(), this.config, { restarting: recovery.active, forwarding, without: this.without })
  }

  private show({ kind }: Event): void {
    const state = mostAdvanced(this.connections())
    if (state === this.shownState) return
    this.shownState = state
    this.since = this.ports.clock.wallMs()
    this.ports.emit({ kind: 'peer', status: this.status(), because: kind })
  }

  private routesChanged(): void {
    this.ports.recovery.check()
    const { restarting } = this.routes
    if (restarting !== this.shownRestarting) this.ports.emit({ kind: 'peer', status: this.status() })
    this.shownRestarting = restarting
    this.checkOver()
  }

  /** What a peer does wrong again and again is not told each time. */
  private problem(why: string): void {
    const now = this.ports.clock.monotonicMs()
    if (now < this.lastProblemMs + problemEveryMs) return
    this.lastProblemMs = now
    this.ports.emit({ kind: 'problem', peer: this.key, why })
  }
}
