import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonPathError } from './errors.ts'
import { renderJsonPath } from './evaluate.ts'

const folder = join(import.meta.dirname, 'vectors')
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const { data, templates } = readJson('templates.json') as { data: unknown; templates: string[] }
/** What kubectl's own jsonpath makes of `templates` with `data`; written by vectors/main.go. */
const vectors = readJson('vectors.json') as { template: string; output: string; error?: string }[]

type Answer = { output: string } | { error: string }

function render(template: string, on: unknown = data): Answer {
  try {
    return { output: renderJsonPath(template, on) }
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    return { error: error.message }
  }
}

/** Where we know better, or say it in other words. */
const ours: Readonly<Record<string, Answer>> = {
  '{.items[]}': { error: 'invalid array index ' },
  '{.items[0].metadata["name"]}': { output: 'a' },
  '{.items[?(@.spec.order=="x")].metadata.name}': { error: 'incompatible types for comparison: int and string' },
  // In the order of the keys; kubectl's changes from run to run.
  '{.items[0].spec.*}': { output: '["1","2","3","4"] true 10' },
  '{.kind[0]}': { error: 'List is not array or slice' },
  '{[0]}': { error: 'an object is not array or slice' },
}

describe('jsonpath', () => {
  it('has a vector for each template', () => expect(vectors.map(({ template }) => template)).toEqual(templates))

  it.each(vectors)('makes of $template what kubectl makes of it', ({ template, output, error }) => {
    const own = Object.hasOwn(ours, template) ? ours[template] : undefined
    expect(render(template)).toEqual(own ?? (error === undefined ? { output } : { error }))
  })

  it('keeps integers digit for digit', () => {
    expect(render('{.n} {.list}', { n: 18446744073709551615n, list: [2n ** 63n] })).toEqual({
      output: '18446744073709551615 [9223372036854775808]',
    })
  })

  it('finds every item by its name', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '/'), minLength: 1 })
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
        const items = names.map((one) => ({ name: one, labels: { [one]: one } }))
        expect(render('{range .items[*]}{.name} {end}', { items })).toEqual({ output: `${names.join(' ')} ` })
        for (const one of names) {
          expect(render(`{.items[?(@.name=="${one}")].name}`, { items })).toEqual({ output: one })
          const escaped = one.replaceAll('.', '\\.')
          expect(render(`{.items[*].labels.${escaped}}`, { items })).toEqual({ output: one })
          expect(render(`{.items[*].labels['${escaped}']}`, { items })).toEqual({ output: one })
        }
      }),
    )
  })

  it('answers with output or a JsonPathError, soon', () => {
    const fragments = [
      ...[
        '{',
        '}',
        '{range ',
        '{end}',
        '.items',
        '[*]',
        '[0]',
        '[-1:]',
        '[?(',
        '@.kind',
        '==',
        '"Node"',
        ')]',
        '..',
        '.*',
      ],
      ...["['a','b']", '[', ']', '"', "'", '\\', ' ', '$', '@', '1', '.', ',', 'text', '\n', '(', ')'],
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 20 }), (parts) => {
        render(parts.join(''))
        render(`{.items${parts.join('')}}`)
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['ranges', '{range .items[*]}'.repeat(10_000), /nested more than 200 deep/],
    ['quotes', `{"${'\\'.repeat(50_000)}`, /unterminated quoted string/],
    ['brackets', `{${'['.repeat(50_000)}`, /unterminated array/],
  ])('refuses %s without end', (_what, template, message) => {
    expect(render(template)).toEqual({ error: expect.stringMatching(message) })
  })

  it.each(['{.constructor}', '{.items.length}', '{.__proto__}'])('reaches nothing but data: %s', (template) => {
    expect(render(template)).toEqual({ output: '' })
  })
})
