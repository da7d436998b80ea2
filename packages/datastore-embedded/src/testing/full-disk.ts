/** A process on a file system of its own that fills it up, and says what the store said. `node full-disk.ts DIRECTORY` */
import { rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { isDatastoreError, prefixRange } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { openEmbeddedStore } from '../index.ts'

const call = { signal: new AbortController().signal }
const directory = argv[2] ?? ''
const filler = join(directory, 'filler')
writeFileSync(filler, Buffer.alloc(200_000))
await using store = await openEmbeddedStore(
  { path: join(directory, 'store'), clock: systemClock, random: systemRandom, log: silentLog },
  call,
)
let written = 0
let refusal: unknown
while (refusal === undefined) {
  try {
    await store.compareAndSwap(`/${written}`, 'absent', 'x'.repeat(2_000), call)
    written++
  } catch (error) {
    refusal = error
  }
}
const count = async (): Promise<number> => (await store.list(prefixRange('/'), call)).entries.length
const whileFull = await count()
rmSync(filler)
const { done } = await store.compareAndSwap('/more', 'absent', '', call)
const unavailable = isDatastoreError(refusal, 'Unavailable')
writeSync(
  1,
  JSON.stringify({ unavailable, refusal: String(refusal), written, whileFull, done, afterwards: await count() }),
)
