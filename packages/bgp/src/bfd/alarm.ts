import type { Clock } from '@tortie/runtime'

/** One timer that can be set anew. */
export interface Alarm {
  /** Rings at `atMs` of the clock's monotonic time, instead of when it would have. */
  set(atMs: number): void
  cancel(): void
}

/**
 * `ring` is told by how much it is late.
 * PERF: an alarm that is only ever put off, as the one of a detection time, costs one sleep per ring, not one per `set`.
 */
export function createAlarm(clock: Clock, ring: (lateMs: number) => void): Alarm {
  let dueMs = Number.POSITIVE_INFINITY
  let sleeper: { readonly wakesMs: number; readonly stop: AbortController } | undefined
  const sleep = (): void => {
    const stop = new AbortController()
    const mine = { wakesMs: dueMs, stop }
    sleeper = mine
    clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), { signal: stop.signal }).then(
      () => wake(mine),
      () => undefined,
    )
  }
  const wake = (who: typeof sleeper): void => {
    if (who !== sleeper) return
    sleeper = undefined
    if (dueMs === Number.POSITIVE_INFINITY) return
    const lateMs = clock.monotonicMs() - dueMs
    if (lateMs < 0) {
      sleep()
      return
    }
    dueMs = Number.POSITIVE_INFINITY
    ring(lateMs)
  }
  return {
    set(atMs) {
      dueMs = atMs
      if (sleeper && sleeper.wakesMs <= atMs) return
      sleeper?.stop.abort()
      sleep()
    },
    cancel() {
      dueMs = Number.POSITIVE_INFINITY
      sleeper?.stop.abort()
      sleeper = undefined
    },
  }
}
