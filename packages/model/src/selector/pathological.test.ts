import { expect, it } from 'vitest'
import { ModelError } from '../errors.ts'
import { withDefaults } from '../validation/validate.ts'
import { compileSelector, lookupIn } from './evaluate.ts'
import { formatSelector } from './format.ts'
import { parseSelector } from './parse.ts'

/** A hang, not a slow day: linear work on so much text takes a second, quadratic work a quarter of an hour. */
const longestMs = 20_000
const size = 1_000_000

const timed = <T>(work: () => T): T => {
  const since = performance.now()
  try {
    return work()
  } finally {
    expect(performance.now() - since).toBeLessThan(longestMs)
  }
}

const refused: readonly [what: string, text: string, why: string][] = [
  ['parentheses that open', '('.repeat(size), 'nested 1024 deep'],
  ['parentheses that close too', `${'('.repeat(size / 2)}a == "b"${')'.repeat(size / 2)}`, 'nested 1024 deep'],
  ['negated parentheses', `${'!('.repeat(size / 2)}all()`, 'nested 1024 deep'],
  ['negations of nothing', '!'.repeat(size), 'expected a label'],
  ['a label', 'a'.repeat(size), 'a label has at most 512 characters'],
  ['labels without operators', 'a '.repeat(size / 2), 'after a label write'],
  ['a name that never ends', `has(${'a'.repeat(size)}`, 'needs its closing parenthesis'],
  ['blanks in a word', `a not${' '.repeat(size)}x`, 'after a label write'],
  ['words begun again and again', 'a starts '.repeat(size / 9), 'after a label write'],
  ['a set without an end', `a in {${'"b",'.repeat(size / 4)}`, 'a string in quotes, or }'],
  ['a string without an end', `a == "${'\\"'.repeat(3)}${'x'.repeat(size)}`, ''],
  ['conditions without an end', `${'a == "b" && '.repeat(size / 12)}`, 'expected a label'],
  ['commas', `a in {${','.repeat(size)}}`, 'a string in quotes, or }'],
  ['characters of no meaning', '\u0000'.repeat(size), 'unexpected'],
]

it.each(refused)('a million characters of %s are refused at once', (_what, text, why) => {
  expect(() => timed(() => parseSelector(text))).toThrow(ModelError)
  expect(() => timed(() => parseSelector(text))).toThrow(why)
})

const accepted: readonly [what: string, text: string][] = [
  ['negations', `${'!'.repeat(size)}has(a)`],
  ['blanks', `${' '.repeat(size)}has(a)${'\t'.repeat(size)}`],
  ['a large set', `a in {${Array.from({ length: size / 10 }, (_, i) => `"v${i}"`).join()}}`],
  ['the same value again and again', `a in {${'"b",'.repeat(size / 4)}"c"}`],
  ['a long list of conditions', `${'a == "b" || '.repeat(size / 12)}has(a)`],
  ['1024 parentheses', `${'('.repeat(1024)}has(a)${')'.repeat(1024)}`],
  ['1024 negated parentheses', `${'!('.repeat(1024)}has(a)${')'.repeat(1024)}`],
]

it.each(accepted)('a million characters of %s are read, compiled, matched and written in time', (_what, text) => {
  const selector = timed(() => parseSelector(text))
  const matches = timed(() => compileSelector(selector))
  const again = compileSelector(timed(() => parseSelector(formatSelector(selector))))
  for (const labels of [{}, { a: 'b' }, { a: 'v99' }])
    expect(timed(() => matches(lookupIn(labels)))).toBe(again(lookupIn(labels)))
})

it('in an object more than 1024 characters are refused, whatever they are', () => {
  const policy = (selector: string) =>
    withDefaults({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'a' },
      spec: { selector },
    })
  for (const [, text] of [...refused, ...accepted].filter(([, { length }]) => length > 1_024))
    expect(() => timed(() => policy(text))).toThrow(/spec.selector = .*must have at most 1024 characters/)
})
