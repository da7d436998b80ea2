import type { Family } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { NotificationMessage } from '../message/notification.ts'
import type { BestRoute, ExportView, LocalRoute, NextHopResolution, PathView, RibCounts } from '../rib/contract.ts'
import type { State } from '../session/fsm.ts'
import type { Session } from '../session/negotiate.ts'
import type { PeerConfig, SpeakerConfig } from './config.ts'

/** Messages since the peer is known: all of them, and those of two types. */
export interface MessageCounts {
  readonly received: number
  readonly sent: number
  readonly updates: { readonly received: number; readonly sent: number }
  readonly refreshes: { readonly received: number; readonly sent: number }
}

export interface PeerStatus {
  readonly key: string
  readonly kind?: string
  readonly address: string
  readonly port: number
  readonly remoteAs?: number
  readonly localAs: number
  readonly state: State
  /** Wall clock, milliseconds, of the last change of `state`. */
  readonly since: number
  readonly session?: Session
  readonly localAddress?: string
  readonly lastError?: string
  readonly flaps: number
  readonly received: number
  readonly accepted: number
  readonly sent: number
  readonly messages: MessageCounts
  /** Its paths wait for it to come back. */
  readonly restarting: boolean
}

export type SpeakerEvent =
  | { readonly kind: 'peer'; readonly status: PeerStatus; readonly because?: string }
  | { readonly kind: 'best'; readonly routes: readonly BestRoute[] }
  /** Own graceful restart (`SpeakerOptions.restarted`) is over: what the kernel holds beyond the best routes may go. */
  | { readonly kind: 'recovered' }
  | {
      readonly kind: 'notification'
      readonly peer: string
      readonly sent: boolean
      readonly notification: NotificationMessage
    }
  /** Next hops that paths use now; the owner answers with `resolveNextHop`. */
  | { readonly kind: 'next-hops'; readonly added: readonly string[]; readonly removed: readonly string[] }
  | { readonly kind: 'problem'; readonly peer?: string; readonly why: string }

/** One BGP speaker. Everything it does happens inside `run`; the other calls are synchronous and may come any time. */
export interface Speaker {
  /** Serves until the signal aborts; ends by throwing its reason, or what makes going on impossible. */
  run(call: Call): Promise<never>
  /**
   * The whole configuration; sessions are kept where only filters, timers, next hop modes and the like changed, and reset
   * as RFC 4486 says where not (spec 05 A10). @throws BgpError for a contradiction, having changed nothing
   */
  configure(config: SpeakerConfig): void
  announce(routes: readonly LocalRoute[]): void
  withdraw(routes: readonly { readonly prefix: string; readonly id: string }[]): void
  resolveNextHop(address: string, resolution: NextHopResolution | undefined): void
  /** Asks the peer for its routes again, or sends it ours again, without a session loss. */
  refresh(peer: string, direction: 'in' | 'out'): void
  /** Resets a session: Cease 6/4 with the words. */
  reset(peer: string, text?: string): void
  /** GRACEFUL_SHUTDOWN on all that is sent, everywhere (RFC 8326); resolves when it has been sent to all. */
  drain(call: Call): Promise<void>
  /** Takes that back; what `PeerConfig.draining` says stays. */
  undrain(): void
  /**
   * Closes all sessions for good: `restart` without a word, so that helpers keep our routes; `shutdown` with Cease 6/2.
   * Resolves when they are closed; `run` is still to be aborted.
   */
  stop(how: 'restart' | 'shutdown', text?: string): Promise<void>
  /** Every consumer gets every event from its call on; one that is too slow gets `best` merged by prefix. */
  events(call: Call): AsyncIterable<SpeakerEvent>
  /** By key. */
  peers(): readonly PeerStatus[]
  counts(): RibCounts
  best(family: Family): Iterable<BestRoute>
  paths(family: Family, prefix?: string): Iterable<PathView>
  /** Why a prefix is sent to a peer, or not. */
  explainExport(peer: string, prefix: string): readonly ExportView[]
  /** Every accepted path as MRT TABLE_DUMP_V2 (RFC 6396), see `dumpRib`. Ends by throwing `signal.reason` on abort. */
  dump(call: Call): AsyncIterable<Uint8Array>
}

export interface SpeakerOptions {
  /** How next hops are reached that `resolveNextHop` was not called for; without it their routes are not used. */
  readonly resolveByDefault?: NextHopResolution
  /** Own restart: kernel routes of the families were kept, so that peers may go on using them (RFC 4724 F bit). */
  readonly restarted?: { readonly forwarding: readonly Family[] }
}

export type { PeerConfig, SpeakerConfig }
