import { apiVersion, type JsonObject, type Kind, type KindInfo, type ResourceOf } from '@tortie/model'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError } from '../errors.ts'
import { prefixRange } from '../raw-store.ts'
import { isObject, type KeyRow, withoutUndefined } from './row.ts'

const root = '/calico/resources/v3/projectcalico.org/'

/** Adds to metadata what is stored but never shown, and takes it away again. */
export interface StoredMetadata {
  add(name: string, metadata: JsonObject): JsonObject
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
      const parts = text.slice(base.length).split('/')
      if (parts.length !== (namespaced ? 2 : 1) || parts.includes('')) return undefined
      const [first = '', second = ''] = parts
      return namespaced ? { kind, namespace: first, name: second } : { kind, name: first }
    },
    encode(resource) {
      const { metadata, kind: _kind, apiVersion: _version, ...rest } = resource as unknown as JsonObject
      const { resourceVersion: _revision, selfLink: _link, ...kept } = metadata as JsonObject
      const shown = { ...kept, creationTimestamp: kept.creationTimestamp ?? null }
      return { kind, apiVersion, metadata: stored.add(resource.metadata.name, shown), ...rest }
    },
    decode(key, { metadata, spec, ...rest }) {
      if (!isObject(metadata)) throw new TypeError('metadata is missing')
      if (spec !== undefined && spec !== null && !isObject(spec)) throw new TypeError('spec is not an object')
      const resource = { ...rest, apiVersion, kind, metadata: shownMetadata(key, metadata, stored), spec: spec ?? {} }
      return resource as unknown as ResourceOf<K>
    },
  }
}

function nameNeeds(namespaced: boolean): string {
  return `give a name${namespaced ? ' and a namespace' : ''} without slashes`
}

function shownMetadata(key: ResourceKey, metadata: JsonObject, stored: StoredMetadata): JsonObject {
  const { resourceVersion: _revision, selfLink: _link, creationTimestamp, ...kept } = stored.remove(metadata)
  return withoutUndefined({
    ...kept,
    name: key.name,
    namespace: key.namespace,
    creationTimestamp: creationTimestamp ?? undefined,
  })
}
