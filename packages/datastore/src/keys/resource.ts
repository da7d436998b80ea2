import {
  apiVersion,
  decodeOrder,
  type JsonObject,
  type JsonValue,
  type Kind,
  type KindInfo,
  type ResourceOf,
} from '@tortie/model'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError } from '../errors.ts'
import { prefixRange } from '../raw-store.ts'
import { inOrder, isObject, type KeyRow } from './row.ts'

const root = '/calico/resources/v3/projectcalico.org/'

/** As Go writes them, so that what Calico wrote comes back byte for byte. */
const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]

/** Adds to metadata what is stored but never shown, and takes it away again. */
export interface StoredMetadata {
  /** @param stored the metadata that is replaced, when `keepsUnseen` says so */
  add(name: string, metadata: JsonObject, stored?: JsonObject): JsonObject
  /** Whether a replacement of the object of this name has to keep something that is not shown. */
  keepsUnseen?(name: string): boolean
  remove(metadata: JsonObject): JsonObject
}

const asIs: StoredMetadata = { add: (_name, metadata) => metadata, remove: (metadata) => metadata }

/**
 * `…/<plural>/<name>` or `…/<plural>/<namespace>/<name>`, and the whole object as value (spec 01 §2.1, 2.2).
 * An object's name is that of its key, whatever the value says: only so can it be got, updated and deleted by it. Old
 * releases wrote policies of the default tier as `default.<name>`; they keep that name here until they are migrated.
 */
export function resourceRow<K extends Kind>(
  { kind, plural, namespaced }: KindInfo<K>,
  stored: StoredMetadata = asIs,
): KeyRow<K> {
  const base = `${root}${plural}/`
  return {
    kind,
    mayBeEmpty: false,
    range: ({ namespace, namePrefix = '' }) => {
      if (!namespaced) return prefixRange(base + namePrefix)
      return prefixRange(namespace === undefined ? base : `${base}${namespace}/${namePrefix}`)
    },
    format(key) {
      const parts = namespaced ? [key.namespace ?? '', key.name] : [key.name]
      if (!namespaced && key.namespace)
        throw new DatastoreError('BadKey', { ...key, why: 'the kind has no namespaces' })
      if (parts.some((part) => part === '' || part.includes('/')))
        throw new DatastoreError('BadKey', { ...key, why: nameNeeds(namespaced) })
      return base + parts.join('/')
    },
    parse(text) {
      if (!text.startsWith(base)) return undefined
      const slash = text.indexOf('/', base.length)
      const last = slash < 0 ? base.length : slash + 1
      if (namespaced !== slash >= 0 || slash === base.length || last === text.length || text.includes('/', last))
        return undefined
      if (!namespaced) return { kind, name: text.slice(last) }
      return { kind, namespace: text.slice(base.length, slash), name: text.slice(last) }
    },
    keepsUnseen: ({ name }) => stored.keepsUnseen?.(name) ?? false,
    encode(resource, replaced) {
      const { metadata, kind: _kind, apiVersion: _version, ...rest } = resource as unknown as JsonObject
      const { resourceVersion: _revision, selfLink: _link, ...kept } = metadata as JsonObject
      const shown = { ...kept, creationTimestamp: kept.creationTimestamp ?? null }
      const before = isObject(replaced?.metadata) ? replaced.metadata : undefined
      const written = inOrder(metadataOrder, stored.add(resource.metadata.name, shown, before))
      return { kind, apiVersion, metadata: withSortedMaps(written), ...rest }
    },
    decode(key, value) {
      const { metadata, spec } = value
      if (!isObject(metadata)) throw new TypeError('metadata is missing')
      if (spec !== undefined && spec !== null && !isObject(spec)) throw new TypeError('spec is not an object')
      // PERF: completed in place. A copy would cost as much again as reading the JSON: a list of 100k, bench/datastore.
      const resource = value as Record<string, unknown>
      resource.apiVersion = apiVersion
      resource.kind = kind
      resource.metadata = shownMetadata(key, metadata, stored)
      resource.spec = decodeOrder(spec ?? {})
      return resource as unknown as ResourceOf<K>
    },
  }
}

/** As Go writes maps. */
function withSortedMaps(metadata: JsonObject): JsonObject {
  const maps = (['labels', 'annotations'] as const).flatMap((field) => {
    const map = metadata[field]
    return isObject(map) ? [[field, inOrder(Object.keys(map).sort(), map)] as const] : []
  })
  return { ...metadata, ...Object.fromEntries(maps) }
}

function nameNeeds(namespaced: boolean): string {
  return `give a name${namespaced ? ' and a namespace' : ''} without slashes`
}

function shownMetadata(key: ResourceKey, metadata: JsonObject, stored: StoredMetadata): JsonObject {
  const shown = { ...stored.remove(metadata) } as Record<string, JsonValue>
  for (const field of unseen) if (shown[field] !== undefined) delete shown[field]
  if (shown.creationTimestamp === null) delete shown.creationTimestamp
  shown.name = key.name
  if (key.namespace !== undefined) shown.namespace = key.namespace
  else if (shown.namespace !== undefined) delete shown.namespace
  return shown
}

/** What no store holds: who writes it anyway is not believed. */
const unseen = ['resourceVersion', 'selfLink'] as const
