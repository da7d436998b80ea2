import type { Call } from './call.ts'

/** Hands values from callbacks to one async reader. Bounded: `push` returns false when full, and the caller decides. */
export interface Queue<T> {
  push(value: T): boolean
  /** The reader's next `take` throws `error`. */
  fail(error: unknown): void
  /** Everything queued, at least one; waits when there is none. Throws `signal.reason` on abort. */
  take(call: Call): Promise<T[]>
  readonly size: number
}

export function createQueue<T>(limit: number = Number.POSITIVE_INFINITY): Queue<T> {
  let values: T[] = []
  let failure: { readonly error: unknown } | undefined
  let wake: (() => void) | undefined
  const ring = (): void => {
    wake?.()
    wake = undefined
  }
  return {
    get size() {
      return values.length
    },
    push(value) {
      if (values.length >= limit) return false
      values.push(value)
      ring()
      return true
    },
    fail(error) {
      failure ??= { error }
      ring()
    },
    async take({ signal }) {
      for (;;) {
        signal.throwIfAborted()
        if (values.length > 0) {
          const taken = values
          values = []
          return taken
        }
        if (failure) throw failure.error
        await new Promise<void>((resolve) => {
          const done = (): void => {
            signal.removeEventListener('abort', done)
            resolve()
          }
          wake = done
          signal.addEventListener('abort', done, { once: true })
        })
      }
    },
  }
}
