import type { Family } from '@tortie/ip'
import type { Timer, Timers } from './timers.ts'

/** What of a peer matters to an own restart. */
export interface RecoveringPeer {
  readonly key: string
  /** Everything that it has to say is said, or it will not say when. */
  readonly settled: boolean
  /** It restarts too, and has not told all its routes. */
  readonly alsoRestarts: boolean
  /** Dialled in vain more than once. */
  readonly unreachable: boolean
}

/**
 * Seconds that End-of-RIB of a peer is waited for that restarts itself. RFC 4724 §4.1 does not wait for it at all, lest
 * two wait for each other; but it may well send its routes at once.
 */
const patienceWithRestarting = 10

/**
 * Own graceful restart (RFC 4724 §4.1): routes are not sent before the peers have told theirs. It ends when every
 * reachable peer has, and their next hops are known, at the latest after the recovery time.
 */
export class Recovery {
  private readonly timer: Timer
  private readonly patience: Timer
  private impatient = false
  private readonly peers: () => Iterable<RecoveringPeer>
  private readonly awaitsNextHops: () => boolean
  private readonly done: () => void
  private going: boolean
  readonly forwarding: readonly Family[]

  constructor(
    forwarding: readonly Family[] | undefined,
    timers: Timers,
    peers: () => Iterable<RecoveringPeer>,
    awaitsNextHops: () => boolean,
    done: () => void,
  ) {
    this.going = forwarding !== undefined
    this.forwarding = forwarding ?? []
    this.peers = peers
    this.awaitsNextHops = awaitsNextHops
    this.done = done
    this.timer = timers.create(() => this.end())
    this.patience = timers.create(() => {
      this.impatient = true
      this.check()
    })
  }

  /** It goes on: the R bit is sent. */
  get active(): boolean {
    return this.going
  }

  start(recoveryTime: number): void {
    if (!this.going) return
    this.timer.arm(recoveryTime)
    this.check()
  }

  /** After anything that may have ended it. */
  check(): void {
    if (!this.going) return
    let alsoRestarts = false
    for (const peer of this.peers()) {
      if (!peer.settled && !peer.unreachable) return
      alsoRestarts ||= peer.alsoRestarts
    }
    if (this.awaitsNextHops()) return
    if (alsoRestarts && !this.impatient) {
      if (!this.patience.armed) this.patience.arm(patienceWithRestarting)
      return
    }
    this.end()
  }

  private end(): void {
    if (!this.going) return
    this.going = false
    this.timer.cancel()
    this.patience.cancel()
    this.done()
  }
}
