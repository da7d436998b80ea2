import { defaultAllowProfile, formatJson, type JsonObject, type Kind, parseJson, type ResourceOf } from '@tortie/model'
import type { Log } from '@tortie/runtime'
import type { ResourceKey } from './contract.ts'
import { DatastoreError } from './errors.ts'
import { isObject, type KeyRow } from './keys/row.ts'
import type { RawEntry } from './raw-store.ts'

/** The resource that an entry holds. @throws DatastoreError BadEntry */
export function readEntry<K extends Kind>(row: KeyRow<K>, key: ResourceKey<K>, entry: RawEntry): ResourceOf<K> {
  try {
    const value = parseJson(row.mayBeEmpty && entry.value === '' ? '{}' : entry.value)
    if (!isObject(value)) throw new TypeError('it is not a JSON object')
    const resource = row.decode(key, value)
    ;(resource.metadata as { resourceVersion?: string }).resourceVersion = entry.revision
    return resource
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DatastoreError('BadEntry', { key: entry.key, why }, { cause })
  }
}

/** The object that a value is; undefined when it is none. */
export function tryParse(value: string): JsonObject | undefined {
  try {
    const parsed = parseJson(value)
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** What is unreadable counts as absent (spec 01 §6 trap 24): what a reader sees depends on the content, not on when. */
export function tryReadEntry<K extends Kind>(
  row: KeyRow<K>,
  key: ResourceKey<K>,
  entry: RawEntry,
  log: Log,
): ResourceOf<K> | undefined {
  try {
    return readEntry(row, key, entry)
  } catch (error) {
    log.warn('datastore.entry.unreadable', { key: entry.key, revision: entry.revision, error })
    return undefined
  }
}

/** In every listing and in no store (spec 01 §1.8, 2.2). */
export function isDefaultAllow({ kind, name }: ResourceKey): boolean {
  return kind === 'Profile' && name === defaultAllowProfile.metadata.name
}

/** Objects whose keys are integers, and which hold no others. */
const integerKeyed = /\{"\d+":[^{}[\]",]*(?:,"\d+":[^{}[\]",]*)+\}/g

/** As Go: what HTML might take for its own is escaped, and integers as keys are in the order of their texts. */
export function formatValue(value: JsonObject): string {
  return formatJson(value)
    .replace(integerKeyed, (map) => `{${map.slice(1, -1).split(',').sort().join(',')}}`)
    .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
