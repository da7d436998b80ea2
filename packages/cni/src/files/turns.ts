/** Runs tasks of the same key one after the other, in the order they came; those of different keys side by side. */
export interface Turns {
  run<T>(key: string, task: () => Promise<T>): Promise<T>
  /** Resolves when every task that was given so far has ended. */
  idle(): Promise<void>
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    run(key, task) {
      const before = last.get(key) ?? Promise.resolve()
      const mine = before.then(task, task)
      const settled = mine.catch(() => undefined)
      last.set(key, settled)
      void settled.then(() => last.get(key) === settled && last.delete(key))
      return mine
    },
    async idle() {
      await Promise.all(last.values())
    },
  }
}
