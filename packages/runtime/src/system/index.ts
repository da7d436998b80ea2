/** The real clock and random: for programs, drivers' tests and benches, never for pure code. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'

export const systemClock: Clock = {
  /** Microsecond steps. Follows the wall clock when it is set anew: `performance.timeOrigin` alone would not. */
  wallNs() {
    const preciseMs = performance.timeOrigin + performance.now()
    const wallMs = Date.now()
    const ms = Math.abs(preciseMs - wallMs) < 50 ? preciseMs : wallMs
    return BigInt(Math.round(ms * 1_000)) * 1_000n
  },
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, { signal }) {
    signal.throwIfAborted()
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw error
    })
  },
}

/** `crypto` is loaded at the first UUID: a third of the start of a process that does little else. */
export const systemRandom: Random = { next: Math.random, uuid: () => crypto.randomUUID() }

/** Ends the current turn of the event loop: what waits on sockets is served before the promise resolves. */
export const yieldTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
