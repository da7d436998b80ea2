import type { Random } from '@tortie/runtime'

/** Decides in which order rivals go on: each pauses before every store operation, and one at random goes next. */
export interface Schedule {
  pause(): Promise<void>
  /** Lets paused rivals go on, one by one, until all `work` has ended. */
  run(work: readonly Promise<unknown>[]): Promise<void>
  readonly steps: number
}

export function randomSchedule(random: Random): Schedule {
  const waiting: (() => void)[] = []
  let steps = 0
  return {
    get steps() {
      return steps
    },
    pause: () => new Promise((resolve) => waiting.push(resolve)),
    async run(work) {
      let ended = false
      const all = Promise.allSettled(work).then(() => {
        ended = true
      })
      while (!ended) {
        // A macrotask lets everything that can go on without the store do so.
        await new Promise<void>((resolve) => setImmediate(resolve))
        const [next] = waiting.splice(Math.floor(random.next() * waiting.length), 1)
        if (next) steps++
        next?.()
      }
      await all
      for (const promise of work) await promise
    },
  }
}
