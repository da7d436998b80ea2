import type { Call } from '@tortie/runtime'

/** Wakes all that wait. Who was not waiting has heard nothing: look first, then wait, without an await between. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring; throws `signal.reason` on abort. */
  heard(call: Call): Promise<void>
}

export function createBell(): Bell {
  const waiting = new Set<() => void>()
  return {
    ring() {
      for (const wake of [...waiting]) wake()
    },
    async heard({ signal }) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const done = (): void => {
          waiting.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        waiting.add(done)
        signal.addEventListener('abort', done)
      })
      signal.throwIfAborted()
    },
  }
}
