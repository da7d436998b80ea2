/**
 * A process for tests and benches: `node child.ts ROLE PATH …`. Says each thing that it was told in a line on its standard
 * output, written before it goes on, so that what a reader has seen before a kill was acknowledged.
 */
import { watch as watchFile, writeSync } from 'node:fs'
import { argv, hrtime } from 'node:process'
import type { RawStore } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { openEmbeddedStore } from '../index.ts'

const call = { signal: new AbortController().signal }
const say = (...words: readonly (string | number | bigint)[]): void => {
  writeSync(1, `${words.join(' ')}\n`)
}

/** Adds one to each key in turn, `times` times each, by compare-and-swap. */
async function increment(store: RawStore, keys: readonly string[], times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    for (const key of keys) {
      for (;;) {
        const entry = await store.get(key, call)
        const value = Number(entry?.value ?? 0) + 1
        const expected = entry === undefined ? 'absent' : { revision: entry.revision }
        const outcome = await store.compareAndSwap(key, expected, String(value), call)
        if (!outcome.done) continue
        say(key, value, outcome.revision)
        break
      }
    }
  }
}

/** Says every event below `prefix`, and when it came, in nanoseconds of the machine's monotonic clock. */
async function watch(store: RawStore, prefix: string): Promise<void> {
  const range = { from: prefix, to: `${prefix}~` }
  const { revision } = await store.list(range, call)
  say('ready')
  for await (const { events } of store.watch(range, revision, call))
    for (const event of events) say(event.type === 'put' ? event.value : 'deleted', hrtime.bigint(), event.revision)
}

/** Says when a byte was written into the file: what inotify costs, without a store. */
function hear(file: string): void {
  watchFile(file, () => say('heard', hrtime.bigint()))
  say('ready')
}

const [, , role, path = '', ...rest] = argv
if (role === 'hear') hear(path)
else {
  await using store = await openEmbeddedStore({ path, clock: systemClock, random: systemRandom, log: silentLog }, call)
  if (role === 'watch') await watch(store, rest[0] ?? '/')
  else await increment(store, rest.slice(1), Number(rest[0]))
}
