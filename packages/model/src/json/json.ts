import { ModelError } from '../errors.ts'

/** What JSON text becomes. An integer is a bigint exactly when a number could not hold it. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject

export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Integers with fewer digits always fit a number: 2^53 has 16. */
const longInteger = /[0-9]{16}/

// What ECMAScript 2026 adds to JSON and the compiler's library does not know yet.
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
interface Json2026 {
  parse(text: string, reviver: Reviver): unknown
  rawJSON(text: string): object
}
const json = JSON as unknown as Json2026

/**
 * Reads JSON without losing digits: an integer beyond ±2^53 becomes a bigint. Keys keep their order, as far as
 * JavaScript's objects do (keys that are small integers come first).
 * PERF: text without 16 digits in a row, nearly all of it, is left to JSON.parse alone.
 * @throws ModelError `model/bad-json`
 */
export function parseJson(text: string): JsonValue {
  try {
    return (longInteger.test(text) ? json.parse(text, reviveInteger) : JSON.parse(text)) as JsonValue
  } catch (cause) {
    const reason = text.trim() === '' ? 'the text is empty' : cause instanceof Error ? cause.message : String(cause)
    throw new ModelError('model/bad-json', { reason }, { cause })
  }
}

function reviveInteger(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value
  return /^-?[0-9]+$/.test(source) ? BigInt(source) : value
}

/**
 * Writes JSON; the inverse of `parseJson`. bigint is written digit for digit, undefined fields are left out.
 * @param options.indent  spaces per level; none: one line
 * @throws ModelError `model/bad-value` for what JSON cannot hold: NaN, infinities, functions, cycles
 */
export function formatJson(value: unknown, options: { readonly indent?: number } = {}): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, needsReplacer(value) ? replace : undefined, options.indent)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ModelError('model/bad-value', { what: 'JSON value', value: typeof value, reason }, { cause })
  }
  if (text === undefined)
    throw new ModelError('model/bad-value', { what: 'JSON value', value: typeof value, reason: 'give data' })
  return text
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return json.rawJSON(value.toString())
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`JSON has no ${value}`)
  return value
}

/** PERF: JSON.stringify with a replacer is several times slower, and few objects hold a bigint. */
function needsReplacer(value: unknown, seen: Set<object> = new Set()): boolean {
  if (typeof value === 'bigint') return true
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  for (const key in value) if (needsReplacer((value as Record<string, unknown>)[key], seen)) return true
  return false
}
