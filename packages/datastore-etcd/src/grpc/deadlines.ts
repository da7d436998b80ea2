import type { Clock } from '@tortie/runtime'

/** Calls that all have the same time to be answered: one timer for all of them. */
export class Deadlines implements Disposable {
  readonly timeoutMs: number
  readonly #clock: Clock
  readonly #ended = new AbortController()
  /** In the order of their ends. */
  readonly #waiting = new Map<object, { readonly endMs: number; readonly expire: () => void }>()
  #running = false

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.timeoutMs = timeoutMs
  }

  /** Calls `expire` after the timeout, unless what is returned was called. */
  add(expire: () => void): () => void {
    const id = {}
    this.#waiting.set(id, { endMs: this.#clock.monotonicMs() + this.timeoutMs, expire })
    if (!this.#running) void this.#run()
    return () => void this.#waiting.delete(id)
  }

  [Symbol.dispose](): void {
    this.#waiting.clear()
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      for (;;) {
        const now = this.#clock.monotonicMs()
        for (const [id, { endMs, expire }] of this.#waiting) {
          if (endMs > now) break
          this.#waiting.delete(id)
          expire()
        }
        const [next] = this.#waiting.values()
        if (next === undefined) break
        await this.#clock.sleep(Math.max(1, next.endMs - now), this.#ended)
      }
    } catch {
      // Disposed.
    } finally {
      this.#running = false
    }
  }
}
