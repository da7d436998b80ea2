/** Damage for fuzz tests: data and text are broken somewhere, the same way for the same random numbers. */

type Container = Record<PropertyKey, unknown>
type Next = () => number

interface Slot {
  readonly within: Container
  readonly key: string
}

/** A copy of `value` with one to four things wrong in it. What comes out may still be valid. */
export function mutateData(value: unknown, next: Next): unknown {
  const root: Container = { value: copyOf(value) }
  for (let left = 1 + below(4, next); left > 0; left--) {
    const slots = slotsOf(root)
    const slot = slots[below(slots.length, next)]
    if (slot !== undefined) pick(damages, next)(slot, next, slots)
  }
  return root.value
}

/** Text with one to six characters or pieces removed, doubled, moved or replaced. */
export function mutateText(text: string, next: Next): string {
  let broken = text
  for (let left = 1 + below(6, next); left > 0; left--) broken = pick(textDamages, next)(broken, next)
  return broken
}

function below(count: number, next: Next): number {
  return Math.floor(next() * count)
}

function pick<T>(choices: readonly T[], next: Next): T {
  return choices[below(choices.length, next)] as T
}

/** Also of keys such as `__proto__`, which JSON has as any other. Lists have no keys but their indexes. */
function set(within: Container, key: string, value: unknown): void {
  if (Array.isArray(within) && !/^[0-9]{1,5}$/.test(key)) return
  Object.defineProperty(within, key, { value, writable: true, enumerable: true, configurable: true })
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  const copy: Container = {}
  for (const [key, inner] of Object.entries(value)) set(copy, key, copyOf(inner))
  return copy
}

/** Every place of a value, but not all of what earlier damage made huge. */
function slotsOf(root: Container): Slot[] {
  const slots: Slot[] = []
  const waiting = [root]
  for (let within = waiting.pop(); within !== undefined && slots.length < 2_000; within = waiting.pop())
    for (const key of Object.keys(within).slice(0, 500)) {
      slots.push({ within, key })
      const inner = within[key]
      if (typeof inner === 'object' && inner !== null) waiting.push(inner as Container)
    }
  return slots
}

type Damage = (slot: Slot, next: Next, slots: readonly Slot[]) => void

const strangeKeys = [
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'length',
  '',
  '0',
  'a/b',
  '\ud800',
  'kind',
  'spec',
]

const replace: Damage = ({ within, key }, next) => set(within, key, pick(junk, next)(next))

/** The first are the likely ones. */
const damages: readonly Damage[] = [
  replace,
  replace,
  replace,
  ({ within, key }) => void delete within[key],
  ({ within, key }, next, slots) => {
    const other = pick(slots, next)
    set(within, key, graftOf(other.within[other.key]))
  },
  ({ within, key }, next) => {
    const value = within[key]
    if (!Array.isArray(within)) delete within[key]
    set(within, pick([...strangeKeys, `${key}X`, key.toUpperCase()], next), value)
  },
  ({ within }, next) => set(within, pick(strangeKeys, next), pick(junk, next)(next)),
  ({ within, key }) => set(within, key, [within[key]]),
  ({ within, key }) => set(within, key, { [key]: within[key] }),
  ({ within, key }, next) => {
    const value = within[key]
    if (Array.isArray(value))
      set(within, key, below(40, next) === 0 ? Array(5_000).fill(value[0]) : [...value, ...value])
    else if (typeof value === 'string') set(within, key, mutateText(value, next))
    else if (typeof value === 'number') set(within, key, pick(numbersNear(value), next))
    else if (typeof value === 'bigint') set(within, key, pick([-value, value << 64n, Number(value)], next))
    else if (typeof value === 'boolean') set(within, key, !value)
  },
]

/** A copy, for what holds itself is no data; of what is nested too deep to be copied something else. */
function graftOf(value: unknown): unknown {
  try {
    return copyOf(value)
  } catch {
    return 'deep'
  }
}

function numbersNear(value: number): unknown[] {
  const near = [value + 1, value - 1, -value, value + 0.5, value * 1e10, value + 2 ** 53, String(value)]
  return Number.isInteger(value) ? [...near, BigInt(value)] : near
}

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'x'
  for (let left = depth; left > 0; left--) value = wrap(value)
  return value
}

type Junk = (next: Next) => unknown

const rarely =
  (make: () => unknown, otherwise: unknown): Junk =>
  (next) =>
    below(100, next) === 0 ? make() : otherwise

/** As strange as JSON and JavaScript have them. */
const scalars: readonly unknown[] = [
  ...[
    null,
    undefined,
    true,
    false,
    '',
    ' ',
    'x',
    '*',
    '0',
    'all()',
    '10.0.0.0/8',
    '::/0',
    'Allow',
    '1m30s',
    '{}',
    '[]',
  ],
  ...[0, -0, 1, -1, 1.5, 255, 256, 65_536, 2 ** 31, 2 ** 53, -(2 ** 53) - 2, 1e21, 1e-7, 5e-324],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[0n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, 10n ** 400n],
  ...[
    '\ud800',
    '\udc00x',
    '\0',
    '\ue0001',
    '\u2028',
    'İ',
    'é'.repeat(300),
    'a'.repeat(254),
    '"',
    "'",
    '\\',
    '__proto__',
  ],
]

/** Functions, for some are to be made anew, and the huge ones seldom. */
const junk: readonly Junk[] = [
  ...scalars.map(
    (value): Junk =>
      () =>
        value,
  ),
  () => [],
  () => ({}),
  () => [null],
  () => [{}],
  () => [[]],
  () => ({ toString: null }),
  () => ({ toString: 'x', valueOf: 1, toJSON: 2, constructor: null, length: -1 }),
  () => JSON.parse('{"__proto__":{"a":1}}'),
  () => ({ __proto__: null, name: 'x' }),
  rarely(() => 'x'.repeat(200_000), 'xx'),
  rarely(() => '('.repeat(100_000), '(('),
  rarely(() => `x in {${'"a",'.repeat(20_000)}"b"}`, 'x in {"a"}'),
  rarely(() => Array.from({ length: 20_000 }, (_, i) => i), [1]),
  rarely(() => Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, `${i}`])), { k: '1' }),
  rarely(() => nested(5_000, (inner) => [inner]), [['x']]),
  rarely(() => nested(20_000, (inner) => ({ a: inner })), { a: 'x' }),
]

type TextDamage = (text: string, next: Next) => string

const pieces = [
  ...[
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    ',,',
    '-',
    '\n',
    '\t',
    ' ',
    '\0',
    '\ud800',
    '\ufeff',
    'é',
    '\\',
    '\\u0000',
    '/',
    '#',
  ],
  ...[
    '&a ',
    '*a',
    '<<: ',
    '!!binary ',
    '!',
    '|',
    '>',
    '%',
    '---\n',
    '...\n',
    '? ',
    '@',
    '`',
    '~',
    'null',
    'true',
    'NaN',
    '.inf',
  ],
  ...['0', '9', '-0', '1e400', '12345678901234567890', '0x1F', '0o17', '1_000', '(', ')', '&&', '||', '!', '=='],
  ...['__proto__', 'constructor', '"__proto__":{},', 'in {', 'has(', ' not in ', '/33', '::', '.', '*', 'z'],
]

const textDamages: readonly TextDamage[] = [
  (text, next) => splice(text, below(text.length + 1, next), 0, pick(pieces, next)),
  (text, next) => splice(text, below(text.length + 1, next), 1, pick(pieces, next)),
  (text, next) => splice(text, below(text.length + 1, next), 1 + below(8, next), ''),
  (text, next) => splice(text, below(text.length + 1, next), 1, String.fromCharCode(below(256, next))),
  (text, next) => {
    const [from, to] = [below(text.length, next), below(text.length, next)]
    return splice(text, to, 0, text.slice(from, from + below(30, next)))
  },
  (text, next) => (below(10, next) === 0 ? text.slice(0, below(text.length + 1, next)) : text),
  (text, next) => (below(500, next) === 0 ? splice(text, below(text.length + 1, next), 0, pick(floods, next)()) : text),
]

const floods: readonly (() => string)[] = [
  () => '['.repeat(50_000),
  () => '{"a":'.repeat(20_000),
  () => '('.repeat(50_000),
  () => '!'.repeat(50_000),
  () => '9'.repeat(50_000),
  () => '\\"'.repeat(50_000),
  () => 'a.'.repeat(50_000),
]

function splice(text: string, at: number, removed: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + removed)
}
