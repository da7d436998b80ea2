import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isModelError } from '../errors.ts'
import { formatJson, parseJson, parseSlowly } from './json.ts'

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isModelError(error, 'model/bad-json') || isModelError(error, 'model/bad-value')) return error.code
    throw error
  }
  return 'accepted'
}

/** JSON values as parseJson makes them: a bigint only where a number would not do. */
const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Number.isInteger(n) ? 0.5 : n)),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value

describe('integers', () => {
  it.each([
    '1754827200123456791',
    '-1754827200123456791',
    '9007199254740993',
    '18446744073709551615',
    '123456789012345678901234567890',
  ])('%s survives digit for digit', (digits) => {
    const value = parseJson(`{"a":[${digits}],"b":1}`)
    expect(value).toEqual({ a: [BigInt(digits)], b: 1 })
    expect(formatJson(value)).toBe(`{"a":[${digits}],"b":1}`)
  })

  it.each([
    ['9007199254740991', 9007199254740991],
    ['0', 0],
    ['1000000000000000.5', 1000000000000000.5],
    ['1e20', 1e20],
    ['1234567890123456e2', 123456789012345600],
  ])('%s stays a number', (text, expected) => {
    expect(parseJson(text)).toBe(expected)
  })

  it('in text are text', () => {
    expect(parseJson('{"a":"12345678901234567890"}')).toEqual({ a: '12345678901234567890' })
  })
})

it('reads back what it writes', () => {
  fc.assert(
    fc.property(anyJson, fc.constantFrom(undefined, 2), (value, indent) => {
      expect(parseJson(formatJson(value, indent === undefined ? {} : { indent }))).toEqual(value)
    }),
    { numRuns: 500 },
  )
})

it('reads what the reviver reads, and refuses what it refuses', () => {
  const pieces = fc.constantFrom(
    '1234567890123456',
    '9007199254740993',
    '-12345678901234567890',
    '0.12345678901234567',
    '12345678901234567e3',
    '1e12345678901234567',
    '-0',
    '01234567890123456789',
    '"12345678901234567890"',
    '"a\\",12345678901234567890,"',
    '"\ue000123"',
    '"\\ue000123"',
    '"\\"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a":',
    ' ',
    '\n',
    'x',
  )
  const anyText = fc.oneof(
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 5 }).map((parts) => `[${parts.join(',')}]`),
    fc.array(pieces, { maxLength: 5 }).map((parts) => `{${parts.map((part, i) => `"${i}" : ${part}`).join(' , ')}}`),
  )
  const outcome = (run: () => unknown): unknown => {
    try {
      return run()
    } catch {
      return 'refused'
    }
  }
  fc.assert(
    fc.property(anyText, (text) => {
      expect(outcome(() => parseJson(text))).toEqual(outcome(() => parseSlowly(text)))
    }),
    { numRuns: 5000 },
  )
})

it('writes text that looks like a mark as it is', () => {
  for (const value of [{ a: '\ue0001', b: 2n ** 70n }, ['\ue000', 2n ** 70n], { '\ue0001': 2n ** 70n }])
    expect(parseJson(formatJson(value))).toEqual(value)
})

it('keeps the order of keys', () => {
  const text = '{"b":1,"a":12345678901234567890,"c":{"z":1,"y":2}}'
  expect(formatJson(parseJson(text))).toBe(text)
})

it('leaves out undefined fields', () => {
  expect(formatJson({ a: undefined, b: 1n })).toBe('{"b":1}')
})

it('does not take keys for what objects inherit', () => {
  const value = parseJson('{"__proto__":{"a":12345678901234567890},"constructor":1}')
  expect(Object.hasOwn(value as object, '__proto__')).toBe(true)
  expect(formatJson(value)).toBe('{"__proto__":{"a":12345678901234567890},"constructor":1}')
})

it.each(['', ' ', '{', '{"a":}', '[1,]', 'nul', "{'a':1}", '{"a":12345678901234567890', '1 2'])(
  'refuses %j',
  (text) => {
    expect(code(() => parseJson(text))).toBe('model/bad-json')
  },
)

it('refuses what JSON cannot hold', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  for (const value of [Number.NaN, { a: Number.POSITIVE_INFINITY }, cycle, () => 1, undefined])
    expect(code(() => formatJson(value))).toBe('model/bad-value')
})
