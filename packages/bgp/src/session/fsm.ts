import { CeaseSubcode, ErrorCode, FsmSubcode } from '../message/iana.ts'
import { keepalive, type Message } from '../message/message.ts'
import { type NotificationMessage, notification, shutdown } from '../message/notification.ts'
import type { OpenMessage } from '../message/open.ts'
import { checkOpen, negotiate, type Session } from './negotiate.ts'

export type State = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established'

/** `Stable` runs while Established; when it expires, earlier failures are forgotten. The others are of RFC 4271 §8. */
export type Timer = 'ConnectRetry' | 'DelayOpen' | 'Hold' | 'Keepalive' | 'IdleHold' | 'Stable'

/** Events of RFC 4271 §8.1 by their names; `SendHoldTimer_Expires` is RFC 9687. */
export type Event =
  | { readonly kind: 'ManualStart' | 'ConnectRetryTimer_Expires' | 'DelayOpenTimer_Expires' | 'IdleHoldTimer_Expires' }
  | { readonly kind: 'HoldTimer_Expires' | 'KeepaliveTimer_Expires' | 'SendHoldTimer_Expires' | 'StableTimer_Expires' }
  /** The peer's connection was accepted, or ours was. */
  | { readonly kind: 'TcpConnectionConfirmed' | 'Tcp_CR_Acked' | 'TcpConnectionFails' }
  | { readonly kind: 'KeepAliveMsg' | 'UpdateMsg' | 'RouteRefreshMsg' | 'OpenCollisionDump' }
  /** `text` is for the operator on the other side (RFC 9003). */
  | { readonly kind: 'ManualStop'; readonly text?: string }
  /** Stopped by something else than an operator: a prefix limit, another configuration. Starts again by itself. */
  | { readonly kind: 'AutomaticStop'; readonly notification: NotificationMessage }
  | { readonly kind: 'BGPOpen'; readonly open: OpenMessage }
  /** What arrived is malformed; `notification` is what the decoder says to answer. */
  | { readonly kind: 'BGPHeaderErr' | 'BGPOpenMsgErr' | 'UpdateMsgErr'; readonly notification: NotificationMessage }
  | { readonly kind: 'NotifMsg'; readonly notification: NotificationMessage }
export type EventKind = Event['kind']
type EventOf<K extends EventKind> = Extract<Event, { readonly kind: K }>

/** Why a session is over. */
export interface Ending {
  readonly because: EventKind
  readonly sent?: NotificationMessage
  readonly received?: NotificationMessage
}

/** What the shell has to do, in this order. Timers are in seconds; jitter (RFC 4271 §10) is the shell's. */
export type Effect =
  | { readonly do: 'connect' }
  /** Drops the connection, or the attempt, after what was sent is out. */
  | { readonly do: 'close' }
  | { readonly do: 'send'; readonly message: Message }
  | { readonly do: 'arm'; readonly timer: Timer; readonly seconds: number }
  | { readonly do: 'cancel'; readonly timer: Timer }
  | { readonly do: 'cancelAll' }
  /** The session is up: start to send routes. */
  | { readonly do: 'establish'; readonly session: Session }
  /** The message that came may be handled. */
  | { readonly do: 'process' }
  /** The session is over. `graceful`: keep the peer's routes as stale (RFC 4724 §4.2, 8538), else forget them. */
  | { readonly do: 'release'; readonly ending: Ending; readonly graceful: boolean }

/** The part of a peer's configuration that the state machine needs. */
export interface FsmPeer {
  readonly open: OpenMessage
  /** The AS expected in the peer's OPEN; undefined takes any. */
  readonly remoteAs: number | undefined
  /** Never connects, only accepts (PassiveTcpEstablishment). */
  readonly passive: boolean
  /** Seconds between attempts to connect. */
  readonly connectRetryTime: number
  /** Seconds to wait for the peer's OPEN before ours is sent; 0: none (DelayOpen). */
  readonly delayOpenTime: number
  /** Seconds in Idle after failures: the first, doubled each time up to the last (DampPeerOscillations). */
  readonly idleHoldTime: { readonly first: number; readonly longest: number }
  /** Seconds in Established after which failures are forgotten. */
  readonly stableTime: number
}

/** One connection's state. A peer has up to two: see `resolveCollision`. */
export interface Status {
  readonly state: State
  /** Failures since the start, or since the last stable session (ConnectRetryCounter). */
  readonly failures: number
  /** The DelayOpen timer runs. */
  readonly delaying: boolean
  /** From OpenConfirm on. */
  readonly session?: Session
}

export interface Step {
  readonly status: Status
  readonly effects: readonly Effect[]
}

/** Where a connection begins. */
export const idle: Status = { state: 'Idle', failures: 0, delaying: false }

/** Until the OPENs agreed on a hold time: RFC 4271 §8.2.2 suggests 4 minutes. */
const openHoldTime = 240

const send = (message: Message): Effect => ({ do: 'send', message })
const arm = (timer: Timer, seconds: number): Effect => ({ do: 'arm', timer, seconds })
const cancel = (timer: Timer): Effect => ({ do: 'cancel', timer })

type Rule<K extends EventKind> = (peer: FsmPeer, status: Status, event: EventOf<K>) => Step
type Rules = { readonly [K in EventKind]?: Rule<K> }

const stay = (status: Status, ...effects: Effect[]): Step => ({ status, effects })

/** From Idle: dial, or wait for the peer. Waiting too is bounded by ConnectRetry, which does nothing when passive. */
function start(peer: FsmPeer, { failures }: Status): Step {
  if (peer.passive) return { status: { ...idle, state: 'Active', failures }, effects: [] }
  return connect(peer, failures)
}

function connect({ connectRetryTime }: FsmPeer, failures: number): Step {
  const effects: Effect[] = [{ do: 'connect' }, arm('ConnectRetry', connectRetryTime)]
  return { status: { ...idle, state: 'Connect', failures }, effects }
}

/** The TCP connection is there. */
function connected(peer: FsmPeer, { state, failures }: Status): Step {
  if (peer.delayOpenTime > 0)
    return {
      status: { state, failures, delaying: true },
      effects: [cancel('ConnectRetry'), arm('DelayOpen', peer.delayOpenTime)],
    }
  return sendOpen(peer, failures)
}

function sendOpen({ open }: FsmPeer, failures: number): Step {
  const effects = [cancel('ConnectRetry'), cancel('DelayOpen'), send(open), arm('Hold', openHoldTime)]
  return { status: { ...idle, state: 'OpenSent', failures }, effects }
}

/** Hold and keepalive timers of a session, armed anew; none when the hold time is 0. */
function holdTimers(session: Session | undefined, ...timers: ('Hold' | 'Keepalive')[]): Effect[] {
  if (!session || session.holdTime === 0) return []
  return timers.map((timer) => arm(timer, timer === 'Hold' ? session.holdTime : session.keepaliveTime))
}

/** The peer's OPEN: the answer is KEEPALIVE, after our own OPEN when that was delayed. */
function opened(peer: FsmPeer, status: Status, event: EventOf<'BGPOpen'>, ...before: Effect[]): Step {
  const refusal = checkOpen(peer.open, event.open, peer.remoteAs)
  if (refusal) return fail(peer, status, event, refusal)
  const session = negotiate(peer.open, event.open)
  const timers = session.holdTime === 0 ? [cancel('Hold')] : holdTimers(session, 'Hold', 'Keepalive')
  return {
    status: { ...idle, state: 'OpenConfirm', failures: status.failures, session },
    effects: [...before, send(keepalive), ...timers],
  }
}

/** OPEN while ours is delayed (RFC 4271 §8.2.2, event 20); any other time without a connection it is an error. */
function openedEarly(peer: FsmPeer, status: Status, event: EventOf<'BGPOpen'>): Step {
  if (!status.delaying) return fail(peer, status, event)
  return opened(peer, status, event, cancel('ConnectRetry'), cancel('DelayOpen'), send(peer.open))
}

/** Seconds in Idle after so many failures: first, doubled, up to longest. */
function idleHold({ idleHoldTime: { first, longest } }: FsmPeer, failures: number): number {
  return Math.min(first * 2 ** Math.min(failures - 1, 20), longest)
}

interface Leave {
  readonly sent?: NotificationMessage | undefined
  readonly received?: NotificationMessage
  /** Whether it counts as a failure. */
  readonly failed: boolean
  readonly restart: boolean
}

function leave(peer: FsmPeer, status: Status, event: Event, { sent, received, failed, restart }: Leave): Step {
  const ending: Ending = { because: event.kind, ...(sent && { sent }), ...(received && { received }) }
  const failures = restart ? status.failures + (failed ? 1 : 0) : 0
  const effects: Effect[] = [...(sent ? [send(sent)] : []), { do: 'cancelAll' }, { do: 'close' }]
  if (status.state === 'Established') effects.push({ do: 'release', ending, graceful: isGraceful(status, ending) })
  if (restart) effects.push(arm('IdleHold', failed ? idleHold(peer, failures) : 1))
  return { status: { ...idle, failures }, effects }
}

/** To Idle by a failure, with a NOTIFICATION where a connection can carry one. */
function fail(peer: FsmPeer, status: Status, event: Event, sent?: NotificationMessage): Step {
  return leave(peer, status, event, { sent, failed: true, restart: true })
}

const lasting: ReadonlySet<EventKind> = new Set(['TcpConnectionFails', 'HoldTimer_Expires', 'NotifMsg'])

/**
 * Whether the peer's routes outlive the session: the connection broke without a word (RFC 4724 §4.2), or with N bits on
 * both sides also after an expired hold timer or any NOTIFICATION but a Hard Reset (RFC 8538 §4).
 */
function isGraceful({ session }: Status, { because, received }: Ending): boolean {
  const restart = session?.gracefulRestart
  if (!restart || !lasting.has(because)) return false
  if (because === 'TcpConnectionFails') return true
  const hard = received?.code === ErrorCode.cease && received.subcode === CeaseSubcode.hardReset
  return restart.notification && !hard
}

/** The peer says goodbye. Nothing failed when it only settles a collision or has a new configuration. */
function notified(peer: FsmPeer, status: Status, event: EventOf<'NotifMsg'>): Step {
  const { notification: received } = event
  const harmless: readonly number[] = [CeaseSubcode.collisionResolution, CeaseSubcode.otherConfigurationChange]
  const failed = !(received.code === ErrorCode.cease && harmless.includes(received.subcode))
  return leave(peer, status, event, { received, failed, restart: true })
}

const failWith = (peer: FsmPeer, status: Status, event: Event & { readonly notification: NotificationMessage }): Step =>
  fail(peer, status, event, event.notification)

/** The same in every state with a connection over which an OPEN went. */
const conversation: Rules = {
  ManualStart: (_, status) => stay(status),
  ManualStop: (peer, status, event) =>
    leave(peer, status, event, {
      sent: shutdown('administrativeShutdown', event.text),
      failed: false,
      restart: false,
    }),
  AutomaticStop: failWith,
  HoldTimer_Expires: (peer, status, event) => fail(peer, status, event, notification(ErrorCode.holdTimerExpired)),
  SendHoldTimer_Expires: (peer, status, event) =>
    fail(peer, status, event, notification(ErrorCode.sendHoldTimerExpired)),
  BGPHeaderErr: failWith,
  BGPOpenMsgErr: failWith,
  NotifMsg: notified,
  OpenCollisionDump: (peer, status, event) =>
    leave(peer, status, event, {
      sent: notification(ErrorCode.cease, CeaseSubcode.collisionResolution),
      failed: false,
      restart: true,
    }),
  TcpConnectionFails: (peer, status, event) => fail(peer, status, event),
}

/** The same in Connect and Active. */
const dialogue: Rules = {
  ManualStart: (_, status) => stay(status),
  ManualStop: (peer, status, event) => leave(peer, status, event, { failed: false, restart: false }),
  OpenCollisionDump: (peer, status, event) => leave(peer, status, event, { failed: false, restart: true }),
  Tcp_CR_Acked: connected,
  TcpConnectionConfirmed: connected,
  DelayOpenTimer_Expires: (peer, status) => (status.delaying ? sendOpen(peer, status.failures) : stay(status)),
  BGPOpen: openedEarly,
  NotifMsg: notified,
}

/** RFC 4271 §8.2.2, one row per state. What is not here is an error of the state machine, or nothing in Idle. */
export const rules: Readonly<Record<State, Rules>> = {
  Idle: {
    ManualStart: start,
    IdleHoldTimer_Expires: start,
    // An operator's stop also ends the waiting; nothing else is there to stop.
    ManualStop: () => ({ status: idle, effects: [{ do: 'cancelAll' }] }),
  },
  Connect: {
    ...dialogue,
    ConnectRetryTimer_Expires: (peer, { failures }) => {
      const { status, effects } = connect(peer, failures)
      return { status, effects: [{ do: 'close' }, cancel('DelayOpen'), ...effects] }
    },
    // Accept, and dial again when ConnectRetry expires; a connection that broke while OPEN was delayed likewise.
    TcpConnectionFails: ({ connectRetryTime }, { failures }) => ({
      status: { ...idle, state: 'Active', failures },
      effects: [cancel('DelayOpen'), arm('ConnectRetry', connectRetryTime)],
    }),
  },
  Active: {
    ...dialogue,
    ConnectRetryTimer_Expires: (peer, status) => (peer.passive ? stay(status) : connect(peer, status.failures)),
    TcpConnectionFails: (peer, status, event) => fail(peer, status, event),
  },
  OpenSent: {
    ...conversation,
    BGPOpen: (peer, status, event) => opened(peer, status, event),
    TcpConnectionFails: ({ connectRetryTime, passive }, { failures }) => ({
      status: { ...idle, state: 'Active', failures },
      effects: [{ do: 'cancelAll' }, { do: 'close' }, ...(passive ? [] : [arm('ConnectRetry', connectRetryTime)])],
    }),
  },
  OpenConfirm: {
    ...conversation,
    KeepaliveTimer_Expires: (_, status) => stay(status, send(keepalive), ...holdTimers(status.session, 'Keepalive')),
    KeepAliveMsg: ({ stableTime }, status) =>
      status.session
        ? {
            status: { ...status, state: 'Established' },
            effects: [
              ...holdTimers(status.session, 'Hold'),
              arm('Stable', stableTime),
              { do: 'establish', session: status.session },
            ],
          }
        : stay(status),
  },
  Established: {
    ...conversation,
    KeepaliveTimer_Expires: (_, status) => stay(status, send(keepalive), ...holdTimers(status.session, 'Keepalive')),
    StableTimer_Expires: (_, status) => stay({ ...status, failures: 0 }),
    KeepAliveMsg: (_, status) => stay(status, ...holdTimers(status.session, 'Hold')),
    UpdateMsg: (_, status) => stay(status, ...holdTimers(status.session, 'Hold'), { do: 'process' }),
    RouteRefreshMsg: (_, status) => stay(status, ...holdTimers(status.session, 'Hold'), { do: 'process' }),
    UpdateMsgErr: failWith,
  },
}

const fsmSubcode: Readonly<Partial<Record<State, number>>> = {
  OpenSent: FsmSubcode.openSent,
  OpenConfirm: FsmSubcode.openConfirm,
  Established: FsmSubcode.established,
}

/**
 * One event: the next status and what to do. Pure, and total: an event without a rule is the error of RFC 4271 §6.6
 * (RFC 6608 names the state), except in Idle, where it is ignored.
 */
export function step(peer: FsmPeer, status: Status, event: Event): Step {
  const rule = rules[status.state][event.kind] as ((peer: FsmPeer, status: Status, event: Event) => Step) | undefined
  if (rule) return rule(peer, status, event)
  if (status.state === 'Idle') return stay(status)
  const subcode = fsmSubcode[status.state]
  return fail(peer, status, event, subcode === undefined ? undefined : notification(ErrorCode.fsm, subcode))
}
