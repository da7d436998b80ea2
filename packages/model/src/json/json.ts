import { ModelError } from '../errors.ts'

/** What JSON text becomes. An integer is a bigint exactly when a number could not hold it. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject

export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Integers with fewer digits always fit a number: 2^53 has 16. */
const longInteger = /[0-9]{16}/

/**
 * PERF: long integers pass JSON.parse and JSON.stringify as text behind a mark of the private use area: a block of 64
 * addresses is read in 24 µs, by a reviver in 60 or more. Text that has the mark itself takes the slow way.
 */
const mark = '\ue000'

const marked = new RegExp(`"${mark}(-?[0-9]+)"`, 'g')

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
 * @throws ModelError `model/bad-json`
 */
export function parseJson(text: string): JsonValue {
  try {
    if (!longInteger.test(text)) return JSON.parse(text) as JsonValue
    return (text.includes(mark) || text.includes('\\ue000') ? parseSlowly(text) : parseMarked(text)) as JsonValue
  } catch (cause) {
    const reason = text.trim() === '' ? 'the text is empty' : cause instanceof Error ? cause.message : String(cause)
    throw new ModelError('model/bad-json', { reason }, { cause })
  }
}

/** By the reviver: the reference that the fast way is tested against. @throws SyntaxError */
export function parseSlowly(text: string): unknown {
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value
    return /^-?[0-9]+$/.test(source) ? BigInt(source) : value
  })
}

function parseMarked(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(markIntegers(text))
  } catch {
    return JSON.parse(text) // whose complaint does not speak of marks
  }
  return unmark(value)
}

/** The text with integers of 16 digits or more in quotes and marked, where a value may stand. Bad JSON stays bad. */
function markIntegers(text: string): string {
  let written = ''
  let copied = 0
  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at)
    if (unit === quote) at = endOfString(text, at)
    else if (!isDigit(unit)) at++
    else {
      const first = at
      do at++
      while (isDigit(text.charCodeAt(at)))
      if (at - first < 16 || unit === zero || !endsValue(text, at)) continue
      const start = startOfInteger(text, first)
      if (start === undefined) continue
      written += `${text.slice(copied, start)}"${mark}${text.slice(start, at)}"`
      copied = at
    }
  }
  return written + text.slice(copied)
}

const [quote, backslash, zero, nine, minus] = [34, 92, 48, 57, 45]

function isDigit(unit: number): boolean {
  return unit >= zero && unit <= nine
}

/** Offset after the string that begins at `start`; the end of the text if it does not end. */
function endOfString(text: string, start: number): number {
  for (let at = start; ; ) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let before = at
    while (text.charCodeAt(before - 1) === backslash) before--
    if ((at - before) % 2 === 0) return at + 1
  }
}

/** Of digits that are no part of a fraction or exponent; with their sign. */
function startOfInteger(text: string, first: number): number | undefined {
  const start = text.charCodeAt(first - 1) === minus ? first - 1 : first
  return start > 0 && '.eE+-'.includes(text.charAt(start - 1)) ? undefined : start
}

function endsValue(text: string, from: number): boolean {
  let at = from
  while (at < text.length && ' \n\r\t'.includes(text.charAt(at))) at++
  return at === text.length || ',]}'.includes(text.charAt(at))
}

/** In place: nobody else has the value yet. */
function unmark(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? toInteger(value.slice(1)) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = unmark(value[i])
    return value
  }
  const fields = value as Record<string, unknown>
  // PERF: for…in over keys that are numbers takes three times as long.
  for (const key of Object.keys(fields)) {
    const before = fields[key]
    if (typeof before !== 'string' && typeof before !== 'object') continue
    const after = unmark(before)
    if (after !== before) fields[key] = after
  }
  return fields
}

function toInteger(digits: string): number | bigint {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

/**
 * Writes JSON; the inverse of `parseJson`. bigint is written digit for digit, undefined fields are left out.
 * @param options.indent  spaces per level; none: one line
 * @throws ModelError `model/bad-value` for what JSON cannot hold: NaN, infinities, functions, cycles
 */
export function formatJson(value: unknown, options: { readonly indent?: number } = {}): string {
  let text: string | undefined
  try {
    text = stringify(value, options.indent)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ModelError('model/bad-value', { what: 'JSON value', value: typeof value, reason }, { cause })
  }
  if (text === undefined)
    throw new ModelError('model/bad-value', { what: 'JSON value', value: typeof value, reason: 'give data' })
  return text
}

function stringify(value: unknown, indent: number | undefined): string | undefined {
  const count = { integers: 0 }
  const text = JSON.stringify(withMarks(value, count), undefined, indent) as string | undefined
  if (count.integers === 0 || text === undefined) return text
  let written = 0
  const plain = text.replace(marked, (_whole, digits: string) => {
    written++
    return digits
  })
  // More marks than integers: the data holds such text itself.
  return written === count.integers ? plain : JSON.stringify(value, rawIntegers, indent)
}

function rawIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? json.rawJSON(value.toString()) : value
}

/** The value with its bigints as marked text; what holds none is shared. */
function withMarks(value: unknown, count: { integers: number }): unknown {
  if (typeof value === 'bigint') {
    count.integers++
    return mark + value.toString()
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`JSON has no ${value}`)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const before = count.integers
    const copy = value.map((element: unknown) => withMarks(element, count))
    return count.integers === before ? value : copy
  }
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(value)) {
    const before = (value as Record<string, unknown>)[key]
    const after = withMarks(before, count)
    if (after !== before) {
      copy ??= { ...value } as Record<string, unknown>
      copy[key] = after
    }
  }
  return copy ?? value
}
