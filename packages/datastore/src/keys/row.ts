import type { JsonObject, JsonValue, Kind, ResourceOf } from '@tortie/model'
import type { ResourceKey, Selection } from '../contract.ts'
import type { KeyRange } from '../raw-store.ts'

/** How the objects of one kind lie in a store of keys and values (spec 01 §2.1–2.3). */
export interface KeyRow<K extends Kind = Kind> {
  readonly kind: K
  /** Holds every key of the selection; other keys in it are told apart by `parse` and `isSelected`. */
  range(selection: Selection<K>): KeyRange
  /** The inverse of `parse`. @throws DatastoreError BadKey */
  format(key: ResourceKey<K>): string
  /** The object that a key names; undefined when it is no key of this kind. */
  parse(text: string): ResourceKey<K> | undefined
  /**
   * The value to store.
   * @param stored the value that it replaces, where `keepsUnseen` says that it matters
   * @throws DatastoreError BadKey when an IPAM object's name does not say what its spec says
   */
  encode(resource: ResourceOf<K>, stored?: JsonObject): JsonObject
  /** Whether an update has to keep something of the stored value that resources do not show. */
  keepsUnseen?(key: ResourceKey<K>): boolean
  /**
   * The inverse of `encode`, without `resourceVersion`. Fields that are not known are kept. Takes `value` over: the
   * resource may be made of it. @throws TypeError
   */
  decode(key: ResourceKey<K>, value: JsonObject): ResourceOf<K>
  /** An empty value is read as `{}`. */
  readonly mayBeEmpty: boolean
}

export function isSelected(selection: Selection, { kind, name, namespace }: ResourceKey): boolean {
  return (
    kind === selection.kind &&
    (selection.namespace === undefined || namespace === selection.namespace) &&
    name.startsWith(selection.namePrefix ?? '')
  )
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function withoutUndefined(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject
}

/** The same fields, those that `order` names first. */
export function inOrder(order: readonly string[], fields: JsonObject): JsonObject {
  const ordered: Record<string, JsonValue> = {}
  for (const name of order) if (fields[name] !== undefined) ordered[name] = fields[name]
  return Object.assign(ordered, fields)
}
