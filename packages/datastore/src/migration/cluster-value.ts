import { type ClusterInformation, parseJson } from '@tortie/model'
import { formatValue } from '../entry.ts'
import { formatKey, keyTable } from '../keys/key-table.ts'
import { isObject } from '../keys/row.ts'

/** Where ClusterInformation lies: the lock of a datastore, and the claim of a migration. */
export const clusterKey = formatKey({ kind: 'ClusterInformation', name: 'default' })

/** On the ClusterInformation of a target until everything is there: the GUID of the cluster that is moved into it. */
const claim = 'migration.tortie.dev/from'

/** What a migration asks of a stored ClusterInformation. */
export interface ClusterValue {
  readonly guid: string
  /** `datastoreReady` is false: components leave addresses and endpoints alone (spec 01 §5.1). */
  readonly locked: boolean
  /** By the migration of which cluster. */
  readonly claimedBy?: string
}

/** @throws TypeError, ModelError for a value that cannot be read */
export function readCluster(value: string): ClusterValue {
  const { metadata, spec } = decode(value)
  const claimedBy = metadata.annotations?.[claim]
  return {
    guid: spec.clusterGUID ?? '',
    locked: spec.datastoreReady === false,
    ...(claimedBy !== undefined && { claimedBy }),
  }
}

/** The same, locked; no other byte differs. */
export function lockedValue(value: string): string {
  if (readCluster(value).locked) return value
  return encode(withLock(decode(value)))
}

/** What a target holds while the cluster of `value` is moved into it. */
export function claimedValue(value: string): string {
  const { metadata, ...information } = withLock(decode(value))
  const annotations = { ...metadata.annotations, [claim]: information.spec.clusterGUID ?? '' }
  return encode({ ...information, metadata: { ...metadata, annotations } })
}

function withLock(information: ClusterInformation): ClusterInformation {
  return { ...information, spec: { ...information.spec, datastoreReady: false } }
}

function decode(value: string): ClusterInformation {
  const json = parseJson(value)
  if (!isObject(json)) throw new TypeError('ClusterInformation is no JSON object')
  return keyTable.ClusterInformation.decode({ kind: 'ClusterInformation', name: 'default' }, json)
}

function encode(information: ClusterInformation): string {
  return formatValue(keyTable.ClusterInformation.encode(information))
}
