import type { Call } from './call.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Exponential back-off with jitter. */
export interface Backoff {
  /** Waits longer each time it is called; throws `signal.reason` on abort. */
  wait(call: Call): Promise<void>
  /** The next wait is the first again. */
  reset(): void
}

/** Waits are spread over the upper half of `firstMs`, twice that, and so on up to `longestMs`, so that rivals part. */
export function createBackoff(
  ports: { readonly clock: Clock; readonly random: Random },
  { firstMs = 10, longestMs = 5_000 }: { readonly firstMs?: number; readonly longestMs?: number } = {},
): Backoff {
  let ceilingMs = Math.min(firstMs, longestMs)
  return {
    async wait(call) {
      const waitMs = ceilingMs * (0.5 + ports.random.next() / 2)
      ceilingMs = Math.min(ceilingMs * 2, longestMs)
      await ports.clock.sleep(waitMs, call)
    },
    reset() {
      ceilingMs = Math.min(firstMs, longestMs)
    },
  }
}
