/** Go's fmt as far as templates reach it: ints, floats, text, booleans, lists, maps and structs. */
import { formatGoFloat } from '../output/go-number.ts'
import { isPrintable } from './escape.ts'
import { isList, isMap, isStruct, sortedEntries, typeName, type Value } from './values.ts'

interface Flags {
  readonly minus: boolean
  readonly plus: boolean
  /** `%+v`: with the names of fields. */
  readonly named: boolean
  readonly sharp: boolean
  readonly space: boolean
  readonly zero: boolean
  readonly width: number | undefined
  readonly precision: number | undefined
}

const plain: Flags = {
  minus: false,
  plus: false,
  named: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
}

/** `%v`. */
export function formatValue(value: Value): string {
  return formatted('v', plain, value)
}

/** A space where neither neighbour is text. */
export function sprint(args: readonly Value[]): string {
  return args
    .map((value, at) => {
      const isApart = at > 0 && typeof value !== 'string' && typeof args[at - 1] !== 'string'
      return `${isApart ? ' ' : ''}${formatValue(value)}`
    })
    .join('')
}

export function sprintln(args: readonly Value[]): string {
  return `${args.map(formatValue).join(' ')}\n`
}

const directive = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(?:\[(\d+)\])?(\*|\d+)?)?(?:\[(\d+)\])?(.|$)/gsu

/** As Go's fmt.Sprintf, mistakes included: `%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`. */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0
  let isReordered = false
  const take = (): Value => args[next++]
  const seek = (index: string | undefined): void => {
    if (index === undefined) return
    isReordered = true
    next = Number(index) - 1
  }
  const text = format.replaceAll(directive, (all, marks: string, first, width, second, precision, third, verb) => {
    seek(first)
    const wide = width === '*' ? Number(take()) : width === undefined ? undefined : Number(width)
    seek(second)
    const exact = precision === '*' ? Number(take()) : hasPoint(all) ? Number(precision ?? 0) : undefined
    seek(third)
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    if (next < 0 || (isReordered && next >= args.length)) return `%!${verb}(BADINDEX)`
    if (next >= args.length) return `%!${verb}(MISSING)`
    const minus = marks.includes('-') || (wide ?? 0) < 0
    const flags = {
      minus,
      plus: marks.includes('+') && verb !== 'v',
      named: marks.includes('+') && verb === 'v',
      sharp: marks.includes('#'),
      space: marks.includes(' '),
      zero: marks.includes('0') && !minus,
      width: wide === undefined ? undefined : Math.min(Math.abs(wide), widest),
      precision: exact === undefined ? undefined : Math.min(exact, widest),
    }
    return formatted(verb, flags, take())
  })
  const extra = isReordered ? [] : args.slice(next)
  if (extra.length === 0) return text
  return `${text}%!(EXTRA ${extra.map((value) => withType(value)).join(', ')})`
}

/** Go takes no more either. */
const widest = 1_000_000

function hasPoint(text: string): boolean {
  return text.includes('.')
}

function withType(value: Value): string {
  return value === null || value === undefined ? '<nil>' : `${typeName(value)}=${formatValue(value)}`
}

function formatted(verb: string, flags: Flags, value: Value): string {
  if (verb === 'T') return padded(typeName(value), flags)
  if (value === null || value === undefined) return verb === 'v' ? padded('<nil>', flags) : `%!${verb}(<nil>)`
  if (isList(value)) {
    if (verb === 'v' && flags.sharp)
      return `[]interface {}{${value.map((item) => inner(verb, flags, item)).join(', ')}}`
    return `[${value.map((item) => inner(verb, flags, item)).join(' ')}]`
  }
  if (isMap(value)) {
    const pairs = sortedEntries(value).map(
      ([key, item]) => `${formatted(verb, flags, key)}:${inner(verb, flags, item)}`,
    )
    return verb === 'v' && flags.sharp ? `map[string]interface {}{${pairs.join(', ')}}` : `map[${pairs.join(' ')}]`
  }
  if (isStruct(value)) {
    const fields = [...value.entries()].map(
      ([name, item]) => `${flags.named ? `${name}:` : ''}${inner(verb, flags, item)}`,
    )
    return `{${fields.join(' ')}}`
  }
  const text = basic(verb, flags, value)
  return text ?? `%!${verb}(${withType(value)})`
}

function inner(verb: string, flags: Flags, item: Value): string {
  if (item === null || item === undefined) return verb === 'v' && flags.sharp ? 'interface {}(nil)' : '<nil>'
  return formatted(verb, flags, item)
}

/** undefined for a verb that the value does not know. */
function basic(verb: string, flags: Flags, value: Value): string | undefined {
  if (typeof value === 'boolean') return verb === 'v' || verb === 't' ? padded(String(value), flags) : undefined
  if (typeof value === 'bigint') return integer(verb, flags, value)
  if (typeof value === 'number') return float(verb, flags, value)
  return typeof value === 'string' ? text(verb, flags, value) : undefined
}

function padded(text: string, { width = 0, minus, zero }: Flags): string {
  const missing = width - [...text].length
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text
}

const bases: Readonly<Record<string, readonly [base: number, mark: string]>> = {
  v: [10, ''],
  d: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
}

function integer(verb: string, flags: Flags, value: bigint): string | undefined {
  const isCharacter = value >= 0n && value <= 0x10ffffn
  if (verb === 'c') return padded(isCharacter ? String.fromCodePoint(Number(value)) : '\uFFFD', flags)
  if (verb === 'q')
    return padded(quoted(isCharacter ? String.fromCodePoint(Number(value)) : '\uFFFD', "'", flags), flags)
  if (verb === 'U') return padded(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, flags)
  const [base, mark] = bases[verb] ?? [0, '']
  if (base === 0) return undefined
  const isNegative = value < 0n
  let digits = (isNegative ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  if (flags.precision === 0 && value === 0n) digits = ''
  digits = digits.padStart(flags.precision ?? 0, '0')
  const prefix = (flags.sharp && verb !== 'v') || verb === 'O' ? mark : ''
  if (verb === 'o' && prefix !== '' && digits.startsWith('0')) return signed(isNegative, '', digits, flags)
  return signed(isNegative, prefix, digits, { ...flags, zero: flags.zero && flags.precision === undefined })
}

/** Zeros stand between sign and digits. */
function signed(isNegative: boolean, prefix: string, digits: string, flags: Flags): string {
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  const zeros = flags.zero ? Math.max(0, (flags.width ?? 0) - sign.length - digits.length) : 0
  return padded(`${sign}${prefix}${'0'.repeat(zeros)}${digits}`, { ...flags, zero: false })
}

function float(verb: string, flags: Flags, value: number): string | undefined {
  if (!/^[veEfFgG]$/.test(verb)) return undefined
  const size = Math.abs(value)
  const isNegative = value < 0 || Object.is(value, -0)
  if (!Number.isFinite(value))
    return signed(isNegative, '', Number.isNaN(value) ? 'NaN' : 'Inf', { ...flags, zero: false })
  const digits = magnitude(verb.toLowerCase(), flags.precision, size)
  return signed(isNegative, '', verb === verb.toUpperCase() ? digits.toUpperCase() : digits, flags)
}

function magnitude(verb: string, precision: number | undefined, size: number): string {
  if (verb === 'e') return withTwoDigits(size.toExponential(Math.min(precision ?? 6, 100)))
  if (verb === 'f') return fixed(size, Math.min(precision ?? 6, 100))
  if (precision === undefined) return formatGoFloat(size)
  const significant = Math.min(Math.max(precision, 1), 100)
  const exponential = size.toExponential(significant - 1)
  const [mantissa = '', exponent = ''] = exponential.split('e')
  const power = Number(exponent)
  if (power < -4 || power >= significant) return withTwoDigits(`${trimmed(mantissa)}e${exponent}`)
  return trimmed(fixed(size, Math.max(0, significant - 1 - power)))
}

/** JavaScript's toFixed changes to exponents at 1e21. */
function fixed(size: number, digits: number): string {
  return size < 1e21 ? size.toFixed(digits) : BigInt(size).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '')
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

function withTwoDigits(exponential: string): string {
  return exponential.replace(/e([+-])(\d)$/, 'e$10$2')
}

function text(verb: string, flags: Flags, value: string): string | undefined {
  const cut = flags.precision === undefined ? value : [...value].slice(0, flags.precision).join('')
  if (verb === 'v' && flags.sharp) return padded(quoted(cut, '"', { ...flags, sharp: false }), flags)
  if (verb === 's' || verb === 'v') return padded(cut, flags)
  if (verb === 'q') return padded(quoted(cut, '"', flags), flags)
  if (verb !== 'x' && verb !== 'X') return undefined
  const bytes = Buffer.from(value).subarray(0, flags.precision)
  const mark = flags.sharp && bytes.length > 0 ? '0x' : ''
  const hex = flags.space
    ? [...bytes].map((byte) => mark + byte.toString(16).padStart(2, '0')).join(' ')
    : mark + bytes.toString('hex')
  return padded(verb === 'X' ? hex.toUpperCase() : hex, flags)
}

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** In quotes as Go writes them; with `#` in backquotes where that can be, with `+` in ASCII only. */
function quoted(value: string, quote: '"' | "'", { sharp, plus }: Pick<Flags, 'sharp' | 'plus'>): string {
  if (quote === '"' && sharp && !/(?!\t)[`\p{Cc}\uFEFF]/u.test(value)) return `\`${value}\``
  const inner = [...value.toWellFormed()].map((character) => {
    if (character === quote) return `\\${quote}`
    const short = named[character]
    if (short !== undefined) return short
    const code = character.codePointAt(0) ?? 0
    if (isPrintable(character) && !(plus && code > 0x7e)) return character
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `${quote}${inner.join('')}${quote}`
}
