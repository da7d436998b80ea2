import type { Kind } from '@tortie/model'
import { type Call, type Clock, createBackoff, isRetryable, type Log, type Random } from '@tortie/runtime'
import type { Listing, Selection, WatchEvent, WatchOptions } from './contract.ts'
import { isDefaultAllow, tryReadEntry } from './entry.ts'
import { isDatastoreError } from './errors.ts'
import { keyRow } from './keys/key-table.ts'
import { isSelected } from './keys/row.ts'
import type { RawEvent, RawStore } from './raw-store.ts'

export interface DatastorePorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

interface Source<K extends Kind> extends DatastorePorts {
  readonly store: RawStore
  readonly list: (call: Call) => Promise<Listing<K>>
}

/**
 * The watch of the contract over raw events: resumes after what was delivered last, and lists again when the history
 * since then is gone.
 */
export async function* watchResources<K extends Kind>(
  source: Source<K>,
  selection: Selection<K>,
  options: WatchOptions,
  call: Call,
): AsyncGenerator<WatchEvent<K>, never> {
  const range = keyRow(selection.kind).range(selection)
  const backoff = createBackoff(source)
  let connected = true
  const connection = (now: boolean, cause?: unknown): void => {
    if (now !== connected) options.onConnection?.(now, cause)
    connected = now
    if (now) backoff.reset()
  }
  let last = options.after
  for (;;) {
    try {
      if (last === undefined) {
        const { items, revision } = await source.list(call)
        connection(true)
        last = revision
        yield { type: 'snapshot', items, revision }
      }
      for await (const { events, revision } of source.store.watch(range, last, call)) {
        connection(true)
        for (const event of events) {
          const seen = readEvent(source, selection, event)
          if (seen !== undefined) yield seen
        }
        last = revision
      }
    } catch (error) {
      call.signal.throwIfAborted()
      if (!isRetryable(error)) throw error
      if (isDatastoreError(error, 'Compacted')) {
        last = undefined
        continue
      }
      connection(false, error)
    }
    await backoff.wait(call)
  }
}

function readEvent<K extends Kind>(
  { log }: Source<K>,
  selection: Selection<K>,
  event: RawEvent,
): WatchEvent<K> | undefined {
  const row = keyRow(selection.kind)
  const key = row.parse(event.key)
  if (key === undefined || !isSelected(selection, key) || isDefaultAllow(key)) return undefined
  const { revision } = event
  const item = event.type === 'put' ? tryReadEntry(row, key, event, log) : undefined
  return item === undefined ? { type: 'delete', key, revision } : { type: 'put', item, revision }
}
