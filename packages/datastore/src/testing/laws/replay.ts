import assert from 'node:assert/strict'
import type { Kind, ResourceOf } from '@tortie/model'
import type { WatchEvent } from '../../contract.ts'
import { keyOf } from '../../key-of.ts'

/** What a watcher knows, from its events alone. Checks that nothing older follows something newer. */
export interface Replay<K extends Kind> {
  accept(event: WatchEvent<K>): void
  readonly items: ReadonlyMap<string, ResourceOf<K>>
  readonly revision: bigint
  readonly snapshots: number
}

export function createReplay<K extends Kind>(after?: string): Replay<K> {
  let items = new Map<string, ResourceOf<K>>()
  let revision = after === undefined ? -1n : BigInt(after)
  let snapshots = 0
  return {
    get items() {
      return items
    },
    get revision() {
      return revision
    },
    get snapshots() {
      return snapshots
    },
    accept(event) {
      const now = BigInt(event.revision)
      if (event.type === 'snapshot') {
        assert.ok(now >= revision, `a snapshot of revision ${now} came after ${revision}`)
        items = new Map(event.items.map((item) => [idOf(item), item]))
        snapshots++
      } else {
        assert.ok(now > revision, `${event.type} of revision ${now} came after ${revision}`)
        if (event.type === 'put') {
          assert.equal(event.item.metadata.resourceVersion, event.revision)
          items.set(idOf(event.item), event.item)
        } else items.delete(JSON.stringify([event.key.namespace ?? '', event.key.name]))
      }
      revision = now
    },
  }
}

function idOf<K extends Kind>(item: ResourceOf<K>): string {
  const { namespace, name } = keyOf<K>(item)
  return JSON.stringify([namespace ?? '', name])
}
