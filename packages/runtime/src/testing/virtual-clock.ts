import type { Clock } from '../clock.ts'

export interface VirtualClock extends Clock {
  /** Moves time on and wakes every sleeper whose time has come, in order. */
  advance(ms: number): Promise<void>
  /** Moves time from sleeper to sleeper until `work` ends, and returns its result. Throws when nothing sleeps and
   *  `work` still waits for something else than time. */
  drive<T>(work: Promise<T>): Promise<T>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** @param startMs wall clock at the start, milliseconds since the Unix epoch. */
export function virtualClock(startMs: number = 1_700_000_000_000): VirtualClock {
  let now = 0
  const sleepers = new Set<Sleeper>()
  const earliest = (): Sleeper | undefined =>
    [...sleepers].reduce<Sleeper | undefined>((best, next) => (best && best.at <= next.at ? best : next), undefined)
  const wake = (sleeper: Sleeper): void => {
    now = Math.max(now, sleeper.at)
    sleepers.delete(sleeper)
    sleeper.wake()
  }
  return {
    wallNs: () => BigInt(Math.round((startMs + now) * 1_000)) * 1_000n,
    wallMs: () => Math.floor(startMs + now),
    monotonicMs: () => now,
    async sleep(ms, { signal }) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done)
          sleepers.delete(sleeper)
          resolve()
        }
        const sleeper: Sleeper = { at: now + Math.max(0, ms), wake: done }
        sleepers.add(sleeper)
        signal.addEventListener('abort', done)
      })
      signal.throwIfAborted()
    },
    async advance(ms) {
      const until = now + ms
      for (;;) {
        await settle()
        const next = earliest()
        if (!next || next.at > until) break
        wake(next)
      }
      now = until
      await settle()
    },
    async drive(work) {
      let ended = false
      const end = (): void => {
        ended = true
      }
      work.then(end, end)
      for (;;) {
        await settle()
        if (ended) return work
        const next = earliest()
        if (!next) throw new Error('the work waits for something else than the virtual clock')
        wake(next)
      }
    },
  }
}

/** Lets every promise that can settle do so: microtasks run to their end before the next macrotask. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}
