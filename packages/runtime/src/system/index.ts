/** The real clock and random: for programs, drivers' tests and benches, never for pure code. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'

export const systemClock: Clock = {
  wallNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
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

export const systemRandom: Random = { next: Math.random, uuid: randomUUID }
