import type { Clock } from '../clock.ts'

export interface VirtualClock extends Clock {
  /** Moves time on and wakes every sleeper whose time has come, in order. */
  advance(ms: number): Promise<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function virtualClock(startMs: number = 1_700_000_000_000): VirtualClock {
  let now = 0
  const sleepers = new Set<Sleeper>()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return {
    wallNs: () => BigInt(Math.round(startMs + now)) * 1_000_000n,
    wallMs: () => Math.round(startMs + now),
    monotonicMs: () => now,
    async sleep(ms, { signal }) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const sleeper: Sleeper = { at: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal.addEventListener('abort', () => sleepers.delete(sleeper) && resolve(), { once: true })
      })
      signal.throwIfAborted()
    },
    async advance(ms) {
      const until = now + ms
      for (;;) {
        await settle()
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
        if (!next || next.at > until) break
        now = Math.max(now, next.at)
        sleepers.delete(next)
        next.wake()
      }
      now = until
      await settle()
    },
  }
}
