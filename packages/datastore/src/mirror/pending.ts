import type { Kind, ResourceOf } from '@tortie/model'
import type { ResourceKey, WatchEvent } from '../contract.ts'
import { keyOf } from '../key-of.ts'
import type { Change } from './follow.ts'

/** What a reader of one kind knows, and what it has still to be told. */
export interface Pending<K extends Kind> {
  accept(event: WatchEvent<K>): void
  /** Everything not told yet; counts as told then. */
  take(): Change<K>[]
  readonly size: number
}

export function createPending<K extends Kind>(): Pending<K> {
  /** What the reader was told, by id, with the revision that it knows. */
  const told = new Map<string, { readonly key: ResourceKey<K>; readonly revision: string }>()
  const changes = new Map<string, Change<K>>()
  const put = (item: ResourceOf<K>): void => {
    const id = idOf(keyOf<K>(item))
    const known = changes.has(id) ? undefined : told.get(id)
    if (known === undefined || known.revision !== revisionOf(item)) changes.set(id, { type: 'put', item })
  }
  const remove = (key: ResourceKey<K>): void => {
    const id = idOf(key)
    if (told.has(id)) changes.set(id, { type: 'delete', key })
    else changes.delete(id)
  }
  const replace = (items: readonly ResourceOf<K>[]): void => {
    const there = new Set(items.map((item) => idOf(keyOf<K>(item))))
    const known = [...[...told.values()].map(({ key }) => key), ...[...changes.values()].map(changedKey)]
    for (const key of known) if (!there.has(idOf(key))) remove(key)
    for (const item of items) put(item)
  }
  return {
    get size() {
      return changes.size
    },
    accept(event) {
      if (event.type === 'snapshot') replace(event.items)
      else if (event.type === 'put') put(event.item)
      else remove(event.key)
    },
    take() {
      const taken = [...changes.values()]
      for (const [id, change] of changes) {
        if (change.type === 'delete') told.delete(id)
        else told.set(id, { key: keyOf<K>(change.item), revision: revisionOf(change.item) })
      }
      changes.clear()
      return taken
    },
  }
}

function changedKey<K extends Kind>(change: Change<K>): ResourceKey<K> {
  return change.type === 'put' ? keyOf<K>(change.item) : change.key
}

function idOf({ namespace, name }: ResourceKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

function revisionOf({ metadata }: { readonly metadata: { readonly resourceVersion?: string } }): string {
  return metadata.resourceVersion ?? ''
}
