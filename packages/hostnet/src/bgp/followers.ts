import { type Call, createQueue, type Queue } from '@tortie/runtime'

/**
 * Readers of something that changes. Each gets one whole first and then what is different from what it had: what changes
 * often between two reads is read once, so a slow reader costs no memory.
 */
export interface Followers<C> {
  follow(call: Call): AsyncGenerator<C>
  wake(): void
  fail(error: unknown): void
}

/** @param reader makes, for one follower, what gives the changes since it was last called; undefined when there are none */
export function createFollowers<C>(
  ready: () => Promise<void>,
  reader: () => { next(): C | undefined; close(): void },
  nothing: C,
): Followers<C> {
  const queues = new Set<Queue<true>>()
  return {
    async *follow(call) {
      const queue = createQueue<true>(1)
      queues.add(queue)
      const source = reader()
      try {
        await ready()
        call.signal.throwIfAborted()
        yield source.next() ?? nothing
        for (;;) {
          await queue.take(call)
          const changes = source.next()
          if (changes) yield changes
        }
      } finally {
        queues.delete(queue)
        source.close()
      }
    },
    wake() {
      for (const queue of queues) queue.push(true)
    },
    fail(error) {
      for (const queue of queues) queue.fail(error)
    },
  }
}
