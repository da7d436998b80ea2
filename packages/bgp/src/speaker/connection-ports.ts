import type { Clock } from '@tortie/runtime'
import type { AttributeInterner } from '../message/intern.ts'
import type { Message } from '../message/message.ts'
import type { NotificationMessage } from '../message/notification.ts'
import type { OpenMessage } from '../message/open.ts'
import type { DecodedUpdate } from '../message/update.ts'
import type { Ending, Event, FsmPeer, Timer as FsmTimer, Status } from '../session/fsm.ts'
import type { Session } from '../session/negotiate.ts'
import type { BgpConnection } from './bgp-connection.ts'
import type { MessageCounters } from './message-counters.ts'
import type { Timers } from './timers.ts'

/** What all connections of a speaker share. */
export interface ConnectionPorts {
  readonly clock: Clock
  readonly timers: Timers
  readonly interner: AttributeInterner
  readonly yieldTurn: () => Promise<void>
  /** Something came, or what was sent is out: there is work. */
  readonly readable: (connection: BgpConnection) => void
  readonly writable: (connection: BgpConnection) => void
  /** Does what sockets and other callbacks bring inside the speaker's `run`. */
  readonly soon: (task: () => void) => void
}

/** What became of a state machine's wishes that concern the whole peer. */
export interface ConnectionOwner {
  /** Configuration for the state machine; its OPEN is fixed when a connection begins. */
  fsmPeer(): FsmPeer
  /** Seconds that a timer runs for, jitter included. */
  seconds(timer: FsmTimer, seconds: number, session: Session | undefined): number
  dial(connection: BgpConnection): void
  /** Whether its rest is over, rather than replaced by another connection. */
  mayDial(): boolean
  /** The peer's OPEN has come: settles collisions, and hands it on with `handle`. */
  opened(connection: BgpConnection, open: OpenMessage): void
  established(connection: BgpConnection, session: Session): void
  updated(connection: BgpConnection, update: Exclude<DecodedUpdate, { readonly action: 'session-reset' }>): void
  refreshed(connection: BgpConnection, message: Extract<Message, { readonly kind: 'ROUTE-REFRESH' }>): void
  released(connection: BgpConnection, session: Session, ending: Ending, graceful: boolean): void
  /** Idle for so long, after failures or for the other connection's sake. */
  rest(connection: BgpConnection, seconds: number, event: Event): void
  /** A step is done. */
  stepped(connection: BgpConnection, before: Status, event: Event): void
  notified(notification: NotificationMessage, sent: boolean): void
  readonly messages: MessageCounters
}
