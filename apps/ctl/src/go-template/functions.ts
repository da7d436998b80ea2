import { escapeHtml, escapeJs, escapeQuery } from './escape.ts'
import { formatValue, sprint, sprintf, sprintln } from './printf.ts'
import { compareText, type Func, isList, isMap, isStruct, isTrue, typeName, type Value } from './values.ts'

export type Functions = ReadonlyMap<string, Func>

/** Those that read no argument after the one that decides, and what decides. */
export const lazy: ReadonlyMap<string, (value: Value) => boolean> = new Map([
  ['and', (value) => !isTrue(value)],
  ['or', isTrue],
])

const plainText = (args: readonly Value[]): string =>
  args.length === 1 && typeof args[0] === 'string' ? args[0] : sprint(args)

/** Of Go's text/template; arguments that do not fit make them throw an Error. */
export const builtins: Functions = new Map<string, Func>([
  ['and', () => null],
  ['or', () => null],
  ['not', exactly('not', 1, (value) => !isTrue(value))],
  ['len', exactly('len', 1, length)],
  ['index', atLeast('index', 1, index)],
  ['slice', atLeast('slice', 1, slice)],
  ['call', atLeast('call', 1, call)],
  ['print', (...args) => sprint(args)],
  ['println', (...args) => sprintln(args)],
  ['printf', atLeast('printf', 1, printf)],
  ['html', (...args) => escapeHtml(plainText(args))],
  ['js', (...args) => escapeJs(plainText(args))],
  ['urlquery', (...args) => escapeQuery(plainText(args))],
  ['eq', atLeast('eq', 1, equalsAny)],
  ['ne', exactly('ne', 2, (a, b) => !equals(a, b))],
  ['lt', exactly('lt', 2, (a, b) => isLess(a, b))],
  ['le', exactly('le', 2, (a, b) => isLess(a, b) || equals(a, b))],
  ['gt', exactly('gt', 2, (a, b) => !isLess(a, b) && !equals(a, b))],
  ['ge', exactly('ge', 2, (a, b) => !isLess(a, b))],
])

function exactly(name: string, count: number, work: Func): Func {
  return (...args) => {
    if (args.length !== count) throw new Error(`wrong number of args for ${name}: want ${count} got ${args.length}`)
    return work(...args)
  }
}

function atLeast(name: string, count: number, work: Func): Func {
  return (...args) => {
    if (args.length < count)
      throw new Error(`wrong number of args for ${name}: want at least ${count} got ${args.length}`)
    return work(...args)
  }
}

function length(value: Value): Value {
  if (value === null || value === undefined) throw new Error('len of nil pointer')
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (isList(value)) return BigInt(value.length)
  if (isMap(value)) return BigInt(value.size)
  throw new Error(`len of type ${typeName(value)}`)
}

function index(from: Value, ...keys: readonly Value[]): Value {
  let value = from
  if (value === null || value === undefined) throw new Error('index of untyped nil')
  for (const key of keys) {
    if (value === null || value === undefined) throw new Error('index of nil pointer')
    if (isMap(value)) {
      if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`)
      value = value.get(key)
    } else if (isList(value)) value = value[position(key, value.length - 1)]
    else if (typeof value === 'string') {
      const bytes = Buffer.from(value)
      value = BigInt(bytes[position(key, bytes.length - 1)] ?? 0)
    } else throw new Error(`can't index item of type ${typeName(value)}`)
  }
  return value
}

/** @param last that there is */
function position(key: Value, last: number): number {
  if (key === null || key === undefined) throw new Error('cannot index slice/array with nil')
  if (typeof key !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(key)}`)
  if (key < 0n || key > BigInt(last)) throw new Error(`index out of range: ${key}`)
  return Number(key)
}

function slice(value: Value, ...bounds: readonly Value[]): Value {
  if (value === null || value === undefined) throw new Error('slice of untyped nil')
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`)
  if (typeof value === 'string') {
    if (bounds.length === 3) throw new Error('cannot 3-index slice a string')
    const bytes = Buffer.from(value)
    const [from, to] = range(bounds, bytes.length)
    return bytes.subarray(from, to).toString()
  }
  if (!isList(value)) throw new Error(`can't slice item of type ${typeName(value)}`)
  const [from, to] = range(bounds, value.length)
  return value.slice(from, to)
}

function range(bounds: readonly Value[], length: number): readonly [from: number, to: number] {
  const [from = 0, to = length, most = length] = bounds.map((bound) => position(bound, length))
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  if (to > most) throw new Error(`invalid slice index: ${to} > ${most}`)
  return [from, to]
}

function call(work: Value, ...args: Value[]): Value {
  if (work === null || work === undefined) throw new Error('call of nil')
  if (typeof work !== 'function') throw new Error(`non-function ${formatValue(work)} of type ${typeName(work)}`)
  return work(...args)
}

function printf(format: Value, ...args: readonly Value[]): Value {
  if (typeof format !== 'string') throw new Error(`wrong type for value; expected string; got ${typeName(format)}`)
  return sprintf(format, args)
}

/** Whether the first is one of the others. */
function equalsAny(value: Value, ...others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison')
  return others.some((other) => equals(value, other))
}

function equals(a: Value, b: Value): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b)
  if (isStruct(a) && isStruct(b)) return a === b
  checkSameType(a, b)
  if (typeof a === 'object' || typeof a === 'function')
    throw new Error(`non-comparable type ${formatValue(a)}: ${typeName(a)}`)
  return a === b
}

function checkSameType(a: Value, b: Value): void {
  const [left, right] = [typeName(a), typeName(b)]
  if (left !== right) throw new Error(`incompatible types for comparison: ${left} and ${right}`)
}

function isNil(value: Value): value is null | undefined {
  return value === null || value === undefined
}

function isLess(a: Value, b: Value): boolean {
  for (const value of [a, b])
    if (isNil(value) || typeof value === 'object' || typeof value === 'function')
      throw new Error('invalid type for comparison')
  checkSameType(a, b)
  if (typeof a === 'boolean') throw new Error('invalid type for comparison')
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b) < 0
  return (a as number | bigint) < (b as number | bigint)
}
