/**
 * Values as templates know them: Go's int is bigint, its float64 number; a list is an array, a map a Map, a struct a
 * Struct; null is a nil pointer, and `undefined` a nil of no type, such as what a map has no entry for.
 */
export type Value =
  | null
  | undefined
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Struct
  | Func

export type Func = (...args: Value[]) => Value

/** An object whose fields are known. */
export interface Struct {
  /** As errors name it: `v3.IPPool`. */
  readonly typeName: string
  /** The value of a field; undefined where the struct has no such field. */
  field(name: string): Value
  /** All of them, in order: what `{{.}}` shows. */
  entries(): Iterable<readonly [name: string, value: Value]>
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map
}

export function isStruct(value: Value): value is Struct {
  return typeof value === 'object' && value !== null && !isList(value) && !isMap(value)
}

/** Plain JSON data as values: maps, and numbers without fraction as ints. */
export function fromJson(data: unknown): Value {
  if (data === undefined || data === null) return undefined
  if (typeof data === 'number') return Number.isSafeInteger(data) ? BigInt(data) : data
  if (Array.isArray(data)) return data.map(fromJson)
  if (typeof data === 'object') return new Map(Object.entries(data).map(([key, inner]) => [key, fromJson(inner)]))
  return data as Value
}

/** What `if`, `with`, `and`, `or` and `not` go by: false, 0, nil and empty are not true; a struct always is. */
export function isTrue(value: Value): boolean {
  if (value === null || value === undefined) return false
  if (isList(value)) return value.length > 0
  if (isMap(value)) return value.size > 0
  if (isStruct(value) || typeof value === 'function') return true
  return typeof value === 'bigint'
    ? value !== 0n
    : typeof value === 'number'
      ? value !== 0
      : value !== false && value !== ''
}

/** In Go's words. */
export function typeName(value: Value): string {
  if (value === null || value === undefined) return '<nil>'
  if (isList(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]interface {}'
  if (isStruct(value)) return value.typeName
  if (typeof value === 'function') return 'func'
  return { bigint: 'int', number: 'float64', string: 'string', boolean: 'bool' }[
    typeof value as 'bigint' | 'number' | 'string' | 'boolean'
  ]
}

/** Go's order of strings: by byte, which is by code point. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function sortedEntries(map: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => compareText(a, b))
}
