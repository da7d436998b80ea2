import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isModelError, ModelError } from '../errors.ts'
import { anyLooseLabels, anySelector, anySelectorValue } from '../testing/index.ts'
import { compileSelector, matchesLabels } from './evaluate.ts'
import { formatSelector, normaliseSelector } from './format.ts'
import { selectorId, uniqueId } from './identify.ts'
import { parseSelector } from './parse.ts'
import { type LabelRestriction, labelRestrictions } from './restrictions.ts'
import { prefixLabels } from './rewrite.ts'
import { type Selector, valueSet } from './selector.ts'

const refusal = (text: string): ModelError<'model/bad-selector'> => {
  try {
    parseSelector(text)
  } catch (error) {
    if (isModelError(error, 'model/bad-selector')) return error
    throw error
  }
  throw new Error(`${text} was accepted`)
}

describe('canonical text', () => {
  it.each([
    ['', 'all()'],
    [' \t ', 'all()'],
    ['all( )', 'all()'],
    ['global(\t)', 'global()'],
    ['a=="b"', 'a == "b"'],
    ["a!='b'", 'a != "b"'],
    [`a == '"'`, `a == '"'`],
    [`a == "'"`, `a == "'"`],
    ['a contains"v"', 'a contains "v"'],
    ['a startswith "v"', 'a starts with "v"'],
    ['a starts \t with "v"', 'a starts with "v"'],
    ['a endswith "v"', 'a ends with "v"'],
    ['a in{"b"}', 'a in {"b"}'],
    ['a notin {"b",}', 'a not in {"b"}'],
    ['a not   in {}', 'a not in {}'],
    ['a in {"z", "b", "b", "a"}', 'a in {"a", "b", "z"}'],
    ['has( a/b.c_d-E9 )', 'has(a/b.c_d-E9)'],
    ['!!! has(a)', '!has(a)'],
    ['!!has(a)', 'has(a)'],
    ['! (has( b)||! has(a ))', '!(has(b) || !has(a))'],
    ['has(a) || has(b) && has(c)', '(has(a) || (has(b) && has(c)))'],
    ['(has(a) || has(b)) && has(c)', '((has(a) || has(b)) && has(c))'],
    ['has(a) && has(b) && has(c)', '(has(a) && has(b) && has(c))'],
    ['has(a) && (has(b) && has(c))', '(has(a) && (has(b) && has(c)))'],
    ['(((has(a))))', 'has(a)'],
    ['all == "x"', 'all == "x"'],
    ['in in {"in"}', 'in in {"in"}'],
    [
      'has contains "x" && global != "y" && contains contains "z"',
      '(has contains "x" && global != "y" && contains contains "z")',
    ],
    ['notin not in {"a"}', 'notin not in {"a"}'],
  ])('%s → %s', (text, canonical) => {
    expect(formatSelector(parseSelector(text))).toBe(canonical)
  })

  it('is read back as the same tree', () => {
    fc.assert(
      fc.property(anySelector, (selector) => {
        expect(parseSelector(formatSelector(selector))).toEqual(selector)
      }),
    )
  })

  it('does not depend on blanks or redundant parentheses', () => {
    fc.assert(
      fc.property(anySelector, fc.constantFrom('', ' ', '\t ', '   '), (selector, blank) => {
        expect(parseSelector(`${blank}(${blank}${formatSelector(selector)}${blank})${blank}`)).toEqual(selector)
      }),
    )
  })

  it('cannot express a value with both quotes, and says so', () => {
    expect(() => formatSelector({ kind: 'eq', label: 'a', value: `"'` })).toThrow(/no escapes/)
  })

  it('sorts sets as bytes do, beyond the surrogates too', () => {
    expect(valueSet(['\u{1f600}', '\uffee', 'é', 'z', 'Z', ''])).toEqual(['', 'Z', 'z', 'é', '\uffee', '\u{1f600}'])
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (values) => {
        const bytes = [...new Set(values)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect(valueSet(values)).toEqual(bytes)
      }),
    )
  })
})

describe('what is refused, and where', () => {
  it.each([
    ['a', 1],
    ['a b', 2],
    ['a = "b"', 2],
    ['a == b', 5],
    ['a == ', 5],
    ['a & b', 2],
    ['a contains b', 11],
    ['a contain "b"', 2],
    ['a containsx "b"', 2],
    ['a inx {"b"}', 2],
    ['a starts "b"', 2],
    ['a in "b"', 5],
    ['a in {b}', 6],
    ['a in {"b" "c"}', 10],
    ['a in {"b",,}', 10],
    ['a in {"b"', 9],
    ['a not {"b"}', 2],
    ["'a' == b", 0],
    ['"FOO\'', 0],
    ['!', 1],
    ['()', 1],
    ['(a == "b"', 9],
    ['a == "b")', 8],
    ['a == "b" &', 9],
    ['a == "b" |', 9],
    ['a == "b" && ', 12],
    ['a == "b" || %', 12],
    ['a == "b" c == "d"', 9],
    ['has(', 0],
    ['has()', 0],
    ['has(a', 5],
    ['has(a b)', 6],
    ['has (a)', 4],
    ['all(x)', 4],
    ['all (', 4],
    ['a has(b)', 2],
    ['a\n== "b"', 1],
    ['a == "b"\r', 8],
    ['ä == "b"', 0],
    [`${'x'.repeat(513)} == "b"`, 0],
    [`has(${'x'.repeat(513)})`, 0],
  ])('%s at %d', (text, at) => {
    expect(refusal(text).facts.at).toBe(at)
  })

  it('names the selector, the place and the cure', () => {
    expect(refusal('a = "b"').message).toBe(
      'selector "a = \\"b\\"" is wrong at character 3: after a label write ==, !=, in, not in, contains, starts with or ends with',
    )
    expect(refusal('=').message).toContain('write ==')
  })

  it('accepts labels of 512 characters and 1024 parentheses, and no more', () => {
    expect(parseSelector(`${'x'.repeat(512)} == "b"`).kind).toBe('eq')
    const nested = (depth: number) => `${'('.repeat(depth)}all()${')'.repeat(depth)}`
    expect(parseSelector(nested(1024))).toEqual({ kind: 'all' })
    expect(refusal(nested(1025)).facts.reason).toMatch(/nested 1024 deep/)
  })

  it('takes time that grows with the text only', () => {
    for (const text of [
      '('.repeat(1e6),
      '!'.repeat(1e6),
      ' '.repeat(1e6),
      'a starts'.padEnd(1e6),
      `a in {${'"b",'.repeat(2e5)}`,
    ])
      expect(() => formatSelector(parseSelector(text))).not.toThrow(RangeError)
  }, 5_000)

  it('is never anything but a ModelError', () => {
    const words = fc.constantFrom(
      'a',
      'has(',
      'all(',
      'global()',
      '(',
      ')',
      '{',
      '}',
      ',',
      '"',
      "'",
      '==',
      '!',
      '!=',
      '&&',
      '||',
      ' in ',
      ' not',
      ' in',
      'starts',
      ' with ',
      '"x"',
      ' ',
      '\n',
      '=',
      'é',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        try {
          const selector = parseSelector(parts.join(''))
          expect(parseSelector(formatSelector(selector))).toEqual(selector)
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError)
        }
      }),
      { numRuns: 2000 },
    )
  })
}, 30_000)

/** The meaning, from the table of spec 02 §1.3, with no regard to speed. */
function naive(selector: Selector, labels: ReadonlyMap<string, string>): boolean {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return true
    case 'not':
      return !naive(selector.operand, labels)
    case 'and':
    case 'or': {
      const answers = selector.operands.map((operand) => naive(operand, labels))
      return selector.kind === 'and' ? !answers.includes(false) : answers.includes(true)
    }
    default:
      return naiveTest(selector, labels.has(selector.label), labels.get(selector.label) ?? '')
  }
}

type Test = Extract<Selector, { readonly label: string }>

function naiveTest(test: Test, present: boolean, value: string): boolean {
  switch (test.kind) {
    case 'has':
      return present
    case 'in':
      return present && test.values.indexOf(value) >= 0
    case 'notIn':
      return !(present && test.values.indexOf(value) >= 0)
    case 'eq':
      return present && value === test.value
    case 'ne':
      return !(present && value === test.value)
    case 'contains':
      return present && (test.value === '' || value.split(test.value).length > 1)
    case 'startsWith':
      return present && value.slice(0, test.value.length) === test.value
    default:
      return (
        present && test.value.length <= value.length && value.slice(value.length - test.value.length) === test.value
      )
  }
}

describe('evaluation', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['a == "b"', { a: 'b' }, true],
    ['a == "b"', {}, false],
    ['a != "b"', {}, true],
    ['a != "b"', { a: 'b' }, false],
    ['a in {}', { a: 'b' }, false],
    ['a not in {}', { a: 'b' }, true],
    ['a not in {"b"}', {}, true],
    ['a not in {"b"}', { a: 'b' }, false],
    ['a contains ""', { a: '' }, true],
    ['a contains ""', {}, false],
    ['a contains "A"', { a: 'a' }, false],
    ['a starts with "a"', { a: 'abb' }, true],
    ['a ends with "a"', { a: 'aab' }, false],
    ['has(a)', { a: '' }, true],
    ['has(constructor)', {}, false],
    ['!has(toString)', {}, true],
    ['!a == "b"', {}, true],
    ['all()', {}, true],
    ['global()', {}, true],
    ['', { a: 'b' }, true],
  ])('%s of %o is %s', (text, labels, expected) => {
    expect(matchesLabels(parseSelector(text), labels)).toBe(expected)
  })

  it('agrees with the naive interpreter', () => {
    fc.assert(
      fc.property(anySelector, anyLooseLabels, (selector, labels) => {
        expect(compileSelector(selector)((label) => labels.get(label))).toBe(naive(selector, labels))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('unique ids', () => {
  // Values that Calico's own tests expect.
  it.each([
    ['', 's:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug'],
    [' (all() )', 's:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug'],
    ['! (has( b)||! has(a ))', 's:Iss0uCleLYv1GSv_pNm7hAO58kE9jAx1NKyG3Q'],
    ['! (a == "b"&&! c != "d")', 's:lh3haoY1ikTRkd4UZu0nWSaIBknYLPJLX16d-w'],
  ])('%s has %s', (text, id) => {
    expect(selectorId(parseSelector(text))).toBe(id)
  })

  it('keep the order of operands and depend on the prefix', () => {
    expect(selectorId(parseSelector('has(a) && has(b)'))).not.toBe(selectorId(parseSelector('has(b) && has(a)')))
    expect(uniqueId('n', 'x').slice(2)).not.toBe(uniqueId('s', 'x').slice(2))
    expect(uniqueId('s', 'x')).toHaveLength(40)
  })
})

describe('normalising', () => {
  it.each([
    ['  a=="b" ', 'a == "b"'],
    ['', 'all()'],
    [' not a selector', ' not a selector'],
  ])('%s → %s', (text, expected) => {
    expect(normaliseSelector(text)).toBe(expected)
  })
})

describe('prefixing', () => {
  it('reaches every label and no value', () => {
    const text = '!(!(k == "k" && has(t) || all()) && a in {"b", "c"} && x ends with "y" || global())'
    expect(formatSelector(prefixLabels(parseSelector(text), 'pcns.'))).toBe(
      '!((!((pcns.k == "k" && has(pcns.t)) || all()) && pcns.a in {"b", "c"} && pcns.x ends with "y") || global())',
    )
  })

  it('is evaluation over prefixed labels', () => {
    fc.assert(
      fc.property(anySelector, anyLooseLabels, (selector, labels) => {
        const prefixed = new Map([...labels].map(([key, value]) => [`pcsa.${key}`, value]))
        expect(naive(prefixLabels(selector, 'pcsa.'), prefixed)).toBe(naive(selector, labels))
      }),
    )
  })
})

describe('label restrictions', () => {
  const present = { mustBePresent: true, mustBeAbsent: false }
  it.each<[string, Record<string, LabelRestriction>]>([
    ['a == "b"', { a: { ...present, values: ['b'] } }],
    ['a in {"b", "c"}', { a: { ...present, values: ['b', 'c'] } }],
    ['has(a)', { a: present }],
    ['a contains "b"', { a: present }],
    ['!has(a)', { a: { mustBePresent: false, mustBeAbsent: true } }],
    ['a != "b"', {}],
    ['a not in {"b"}', {}],
    ['!(a == "b")', {}],
    ['a == "b" && has(c)', { a: { ...present, values: ['b'] }, c: present }],
    ['a in {"b", "c"} && a in {"c", "d"}', { a: { ...present, values: ['c'] } }],
    ['a == "b" && a == "c"', { a: { ...present, values: [] } }],
    ['has(a) && a == "b"', { a: { ...present, values: ['b'] } }],
    ['a == "b" || a == "c"', { a: { ...present, values: ['b', 'c'] } }],
    ['a == "b" || has(a)', { a: present }],
    ['a == "b" || has(c)', {}],
    ['a == "b" || all()', {}],
    ['all()', {}],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(labelRestrictions(parseSelector(text)))).toEqual(expected)
  })

  it('hold for everything that matches', () => {
    fc.assert(
      fc.property(anySelector, anyLooseLabels, (selector, labels) => {
        fc.pre(naive(selector, labels))
        for (const [label, { mustBePresent, mustBeAbsent, values }] of labelRestrictions(selector)) {
          const value = labels.get(label)
          if (mustBePresent) expect(value).toBeDefined()
          if (mustBeAbsent) expect(value).toBeUndefined()
          if (values) expect(values).toContain(value)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

it('values of the arbitrary can be written', () => {
  fc.assert(
    fc.property(anySelectorValue, (value) => {
      expect(formatSelector({ kind: 'eq', label: 'a', value })).toContain(value)
    }),
  )
})
