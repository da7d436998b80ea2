import type { Family } from '@tortie/ip'
import type { PeerIndex, Rib } from '../rib/contract.ts'
import type { Session } from '../session/negotiate.ts'
import type { Timer, Timers } from './timers.ts'

/** Seconds to wait for the End-of-RIB of a peer that is back, and for the end of a route refresh. */
const stalePathTime = 360

/** One peer's routes while it restarts: RFC 4724 §4.2 and RFC 9494. */
export class StaleRoutes {
  private readonly rib: Rib
  private readonly changed: () => void
  private readonly restartTimer: Timer
  private readonly staleTimer: Timer
  private readonly longLivedTimers = new Map<Family, Timer>()
  private readonly timers: Timers
  private index: PeerIndex | undefined
  private kept = new Set<Family>()
  private longLived: NonNullable<Session['longLived']> = []

  /** @param changed what is kept has changed */
  constructor(rib: Rib, timers: Timers, changed: () => void) {
    this.rib = rib
    this.timers = timers
    this.changed = changed
    this.restartTimer = timers.create(() => this.restartTimeOver())
    this.staleTimer = timers.create(() => this.drop([...this.kept]))
  }

  /** Paths wait for the peer, or for its End-of-RIB. */
  get waiting(): boolean {
    return this.kept.size > 0
  }

  /** The session is over. `graceful`: its families that restart gracefully are kept, as stale. */
  lost(index: PeerIndex, session: Session, graceful: boolean): void {
    // What waited already has waited once: it is not kept again.
    this.forget([...this.kept])
    this.index = index
    const offered = graceful ? (session.gracefulRestart?.families ?? []) : []
    const keep = offered.map(({ family }) => family).filter((family) => session.families.includes(family))
    this.rib.close(index, keep)
    this.kept = new Set(keep)
    this.longLived = session.longLived ?? []
    if (keep.length > 0) this.restartTimer.arm(session.gracefulRestart?.time ?? 0)
    this.changed()
  }

  /** Before the new session opens: what the peer did not preserve goes now, the rest waits for End-of-RIB. */
  returned(session: Session): void {
    this.restartTimer.cancel()
    for (const timer of this.longLivedTimers.values()) timer.cancel()
    if (!this.waiting) return
    const preserved = new Set(
      [...(session.gracefulRestart?.families ?? []), ...(session.longLived ?? [])]
        .filter(({ family, forwarding }) => forwarding && session.families.includes(family))
        .map(({ family }) => family),
    )
    this.drop([...this.kept].filter((family) => !preserved.has(family)))
    if (this.waiting) this.staleTimer.arm(stalePathTime)
  }

  /** End-of-RIB, or the end of a refresh. */
  complete(family: Family): void {
    this.drop(this.kept.has(family) ? [family] : [])
  }

  /** The peer begins to send its table again (RFC 7313). */
  refreshing(index: PeerIndex, family: Family): void {
    this.index = index
    this.rib.markStale(index, family)
    this.kept.add(family)
    this.staleTimer.arm(stalePathTime)
    this.changed()
  }

  /** Forgets all of it, without touching the tables. */
  cancel(): void {
    this.restartTimer.cancel()
    this.staleTimer.cancel()
    for (const timer of this.longLivedTimers.values()) timer.cancel()
    this.kept.clear()
  }

  /** Not back in time: gone, or least preferred for as long as RFC 9494 allows. */
  private restartTimeOver(): void {
    const long = this.longLived.filter(({ family, staleTime }) => staleTime > 0 && this.kept.has(family))
    this.drop([...this.kept].filter((kept) => !long.some(({ family }) => family === kept)))
    for (const { family, staleTime } of long) {
      if (this.index !== undefined) this.rib.markLongLivedStale(this.index, family)
      const timer = this.longLivedTimers.get(family) ?? this.timers.create(() => this.drop([family]))
      this.longLivedTimers.set(family, timer)
      timer.arm(staleTime)
    }
    this.changed()
  }

  private drop(families: readonly Family[]): void {
    if (families.length === 0) return
    this.forget(families)
    this.changed()
  }

  private forget(families: readonly Family[]): void {
    for (const family of families) {
      this.kept.delete(family)
      this.longLivedTimers.get(family)?.cancel()
      if (this.index !== undefined) this.rib.dropStale(this.index, family)
    }
    if (this.waiting) return
    this.staleTimer.cancel()
    this.restartTimer.cancel()
  }
}
