import type { Clock } from '@tortie/runtime'
import type { Shell } from '../shell.ts'

/** How far long work is. */
export interface Progress {
  /** One more is done. */
  step(): void
  /** Takes the line away. */
  end(): void
}

/** Work that is over sooner says nothing; a line is not written more often than this. */
const firstMs = 1_000
const everyMs = 200

/** A line on standard error that writes itself anew: on a terminal only, and of work that takes its time. */
export function createProgress(
  doing: string,
  total: number,
  { host, stderr }: Pick<Shell, 'host' | 'stderr'>,
  clock: Pick<Clock, 'monotonicMs'>,
): Progress {
  if (!host.isTerminal('stderr')) return { step: () => undefined, end: () => undefined }
  let done = 0
  let next = clock.monotonicMs() + firstMs
  let isShown = false
  return {
    step() {
      done++
      if (clock.monotonicMs() < next) return
      next = clock.monotonicMs() + everyMs
      isShown = true
      stderr(`\r${doing} ${done} of ${total}`)
    },
    end() {
      if (isShown) stderr(`\r${' '.repeat(`${doing} ${total} of ${total}`.length)}\r`)
      isShown = false
    },
  }
}
