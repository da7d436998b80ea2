/** The law on faults is worth what it finds: stores that are wrong in the ways that stores are. */
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { expect, it } from 'vitest'
import { createDatastore } from '../../datastore.ts'
import { createMemoryState } from '../../memory/memory-store.ts'
import type { RawBatch, RawEvent, RawStore } from '../../raw-store.ts'
import { createFaults } from '../faults.ts'
import { faultLaws } from './fault-laws.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }

/** @param spoil makes a wrong handle of a right one */
function check(spoil: (store: RawStore) => RawStore, signal: AbortSignal): Promise<unknown> {
  const state = createMemoryState()
  const faults = createFaults()
  const [law] = faultLaws
  const subject = {
    open: async () => createDatastore(faults.wrap(spoil(state.open())), ports),
    compact: async () => state.compact(),
    faults,
  }
  return law?.check(subject, { signal }) ?? Promise.reject(new Error('there is no law'))
}

/** With batches as `change` makes them, told how many watches were begun before. */
function watching(
  store: RawStore,
  change: (batches: AsyncIterable<RawBatch>, watches: number, after: string) => AsyncIterable<RawBatch>,
): RawStore {
  let watches = 0
  return { ...store, watch: (range, after, call) => change(store.watch(range, after, call), watches++, after) }
}

async function* mapEvents(
  batches: AsyncIterable<RawBatch>,
  map: (events: readonly RawEvent[]) => readonly RawEvent[],
): AsyncGenerator<RawBatch> {
  for await (const batch of batches) yield { ...batch, events: map(batch.events) }
}

const wrong: readonly (readonly [string, (store: RawStore) => RawStore, RegExp])[] = [
  [
    'forgets the deletes that a watcher missed',
    (store) =>
      watching(store, (batches, watches) => {
        let first = watches > 0
        return mapEvents(batches, (events) => {
          const told = first ? events.filter(({ type }) => type === 'put') : events
          if (events.length > 0) first = false
          return told
        })
      }),
    /deep|equal/i,
  ],
  [
    'goes on at the newest revision instead of the last one told',
    (store) => ({
      ...store,
      async *watch(range, after, call) {
        const { revision } = await store.list(range, call)
        yield* store.watch(range, after === '0' ? after : revision, call)
      },
    }),
    /deep|equal/i,
  ],
  [
    'tells an old value again after it was cut',
    (store) => {
      let last: RawEvent | undefined
      return watching(store, async function* (batches, watches) {
        if (watches > 0 && last !== undefined) yield { events: [last], revision: last.revision }
        for await (const batch of batches) {
          yield batch
          last = batch.events.at(-1) ?? last
        }
      })
    },
    /came after/,
  ],
  [
    'loses a write that it acknowledged',
    (store) => {
      let writes = 0
      return {
        ...store,
        async compareAndSwap(key, expected, value, call) {
          const current = await store.get(key, call)
          const lost = ++writes % 50 === 0 && value !== undefined && expected !== 'absent' && current !== undefined
          if (!lost) return await store.compareAndSwap(key, expected, value, call)
          return { done: true, revision: String(BigInt(current.revision) + 1n), previous: current }
        },
      }
    },
    /acknowledged was/,
  ],
]

it.each(wrong)('a store that %s is found out', async (_what, spoil, message) => {
  await expect(check(spoil, AbortSignal.timeout(25_000))).rejects.toThrow(message)
})
