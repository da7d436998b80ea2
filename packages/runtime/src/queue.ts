import type { Call } from './call.ts'

/** Hands values from callbacks to an async reader. Bounded: `push` returns false when full, and the caller decides. */
export interface Queue<T> {
  push(value: T): boolean
  /** When what is queued has been taken, `take` throws `error`. Later failures are ignored. */
  fail(error: unknown): void
  /** Everything queued, at least one; waits when there is none. Throws `signal.reason` on abort. */
  take(call: Call): Promise<T[]>
  readonly size: number
}

/** @param limit most values that wait; `push` returns false beyond. */
export function createQueue<T>(limit: number = Number.POSITIVE_INFINITY): Queue<T> {
  let values: T[] = []
  let failure: { readonly error: unknown } | undefined
  const readers = new Set<() => void>()
  const wake = (): void => {
    for (const reader of readers) reader()
  }
  const rung = ({ signal }: Call): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        readers.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      readers.add(done)
      signal.addEventListener('abort', done)
    })
  return {
    get size() {
      return values.length
    },
    push(value) {
      if (values.length >= limit) return false
      values.push(value)
      wake()
      return true
    },
    fail(error) {
      failure ??= { error }
      wake()
    },
    async take(call) {
      for (;;) {
        call.signal.throwIfAborted()
        if (values.length > 0) {
          const taken = values
          values = []
          return taken
        }
        if (failure) throw failure.error
        await rung(call)
      }
    },
  }
}
