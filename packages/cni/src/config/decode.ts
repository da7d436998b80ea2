import { CniError } from '../errors.ts'

/** Reads one JSON value; absent and null give the default, as in Go. Throws CniError cni/undecodable naming `at`. */
export type Decode<T> = (value: unknown, at: string) => T

type Shape = Readonly<Record<string, Decode<unknown>>>
export type Decoded<D> = D extends Decode<infer T> ? T : never
type Fields<S extends Shape> = { readonly [K in keyof S]: Decoded<S[K]> }

function scalar<T>(type: 'string' | 'number' | 'boolean', wanted: string, fallback: T): Decode<T> {
  return (value, at) => {
    if (value === undefined || value === null) return fallback
    if (typeof value === type) return value as T
    throw wrongType(at, wanted, value)
  }
}

export function text(fallback: string = ''): Decode<string> {
  return scalar('string', 'a string', fallback)
}

export function flag(fallback: boolean = false): Decode<boolean> {
  return scalar('boolean', 'true or false', fallback)
}

/** `fallback` of `undefined` keeps apart "not given". */
export function integer<T extends number | undefined>(fallback: T): Decode<number | T> {
  const number = scalar<number | T>('number', 'a whole number', fallback)
  return (value, at) => {
    const result = number(value, at)
    if (result !== undefined && !Number.isSafeInteger(result)) throw wrongType(at, 'a whole number', value)
    return result
  }
}

export function listOf<T>(item: Decode<T>): Decode<readonly T[]> {
  return (value, at) => {
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) throw wrongType(at, 'a list', value)
    return value.map((element: unknown, i) => item(element, `${at}[${i}]`))
  }
}

/** Whatever is there, for keys that others read. */
export const anything: Decode<unknown> = (value) => value

/**
 * An object by its fields. Keys match in any case, unknown keys are ignored, of two that match the later one counts:
 * the rules of Go's decoder, by which configs in use were written (spec 04 §2).
 */
export function shape<S extends Shape>(fields: S): Decode<Fields<S>> {
  const byLowerCase = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]))
  return (value, at) => {
    if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value)))
      throw wrongType(at, 'an object', value)
    const given: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value ?? {})) {
      const name = Object.hasOwn(fields, key) ? key : byLowerCase.get(key.toLowerCase())
      if (name !== undefined) given[name] = item
    }
    const entries = Object.entries(fields).map(([name, decode]) => [
      name,
      decode(given[name], at === '' ? name : `${at}.${name}`),
    ])
    return Object.fromEntries(entries) as Fields<S>
  }
}

function wrongType(at: string, wanted: string, value: unknown): CniError {
  const got = JSON.stringify(value)
  return new CniError('cni/undecodable', `network config key ${at || '(all)'} must be ${wanted}, not ${got}`)
}
