import type { Clock, Log } from '@tortie/runtime'
import type { BfdRefusal } from './packet.ts'

/** Why a datagram was dropped: malformed, for no session, or from somebody else than the session's peer. */
export type BfdDrop = BfdRefusal | 'unknown-session' | 'wrong-source'

const logEveryMs = 60_000

/** Counts what is dropped, in bounded memory, and logs the counts at most once a minute. */
export interface DropCounter {
  readonly counts: Readonly<Partial<Record<BfdDrop, number>>>
  count(why: BfdDrop): void
}

export function createDropCounter(clock: Clock, log: Log): DropCounter {
  const counts: Partial<Record<BfdDrop, number>> = {}
  let loggedMs = Number.NEGATIVE_INFINITY
  return {
    counts,
    count(why) {
      counts[why] = (counts[why] ?? 0) + 1
      const now = clock.monotonicMs()
      if (now - loggedMs < logEveryMs) return
      loggedMs = now
      log.warn('bfd.packets.dropped', { ...counts })
    },
  }
}
