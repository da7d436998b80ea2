import type { Clock } from '@tortie/runtime'
import type { Timers } from './timers.ts'

/** Sleeps until the next timer may ring; sleeps on when that time has only moved back. */
export class Sleeper {
  private readonly clock: Clock
  private readonly timers: Timers
  private readonly wake: () => void
  private sleep: { readonly at: number; readonly stop: AbortController } | undefined

  constructor(clock: Clock, timers: Timers, wake: () => void) {
    this.clock = clock
    this.timers = timers
    this.wake = wake
  }

  set(): void {
    const at = this.timers.next
    if (at === Number.POSITIVE_INFINITY || (this.sleep && this.sleep.at <= at)) return
    this.stop()
    const sleep = { at, stop: new AbortController() }
    this.sleep = sleep
    // A sleep of over 24 days would end at once in most clocks.
    const ms = Math.min(Math.max(0, at - this.clock.monotonicMs()), 2 ** 31 - 1)
    this.clock.sleep(ms, sleep.stop).then(
      () => {
        if (this.sleep !== sleep) return
        this.sleep = undefined
        this.wake()
      },
      () => undefined,
    )
  }

  stop(): void {
    // PERF: without a reason each would make an error with its stack.
    this.sleep?.stop.abort(superseded)
    this.sleep = undefined
  }
}

const superseded = 'superseded'
