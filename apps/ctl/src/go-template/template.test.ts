import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TemplateError } from './errors.ts'
import { renderTemplate } from './template.ts'
import { fromJson, type Value } from './values.ts'

const folder = join(import.meta.dirname, 'vectors')
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const { data, templates } = readJson('templates.json') as { data: unknown; templates: string[] }
/** What Go's own text/template makes of `templates` with `data`; written by vectors/main.go. */
const vectors = readJson('vectors.json') as { template: string; output: string; error?: string }[]

type Answer = { output: string } | { error: string }

function render(template: string, on: Value = fromJson(data)): Answer {
  try {
    return { output: renderTemplate('get', template, on) }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return { error: error.message }
  }
}

/** Where we know better, or say it in other words. */
const ours: Readonly<Record<string, Answer>> = {
  '{{slice .L 4}}': {
    error: 'template: get:1:2: executing "get" at <slice .L 4>: error calling slice: index out of range: 4',
  },
  '{{printf 1}}': {
    error:
      'template: get:1:2: executing "get" at <printf 1>: error calling printf: wrong type for value; expected string; got int',
  },
  '{{.Nil.X}}': { output: '<no value>' },
  '{{$x = 1}}': { error: 'template: get:1: undefined variable "$x"' },
  '{{range $x, := .L}}{{end}}': { error: 'template: get:1: undefined variable "$x"' },
  '{{len nil}}': { error: 'template: get:1:2: executing "get" at <len nil>: error calling len: len of nil pointer' },
  '{{call .Name}}': {
    error: 'template: get:1:2: executing "get" at <call .Name>: error calling call: non-function web of type string',
  },
  '{{-.Name}}': { error: 'template: get:1: unexpected "-" in command' },
  "{{''}}": { error: 'template: get:1: unterminated character constant' },
  '{{08}}': { error: 'template: get:1: illegal number syntax: "08"' },
  '{{1e}}': { error: 'template: get:1: bad number syntax: "1e"' },
  '{{0x}}': { error: 'template: get:1: bad number syntax: "0x"' },
}

/** Go names the type that a value is declared with, which in JSON data is always this; we the one that it has. */
function withoutType(answer: Answer): Answer {
  if (!('error' in answer)) return answer
  return { error: answer.error.replace(/(can't evaluate field \w+ in type ).*$/, '$1interface {}') }
}

describe('the template language', () => {
  it('has a vector for each template', () => expect(vectors.map(({ template }) => template)).toEqual(templates))

  it.each(vectors)('makes of $template what Go makes of it', ({ template, output, error }) => {
    const own = Object.hasOwn(ours, template) ? ours[template] : undefined
    expect(withoutType(render(template))).toEqual(own ?? (error === undefined ? { output } : { error }))
  })
})

const words = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '{', '}', '"', '-', 'é', '.', '$') })
const fragments = [
  ...['{{', '}}', '{{-', '-}}', 'if ', 'range ', 'with ', 'end', 'else ', 'define "t"', 'template "t" ', 'block "b" '],
  ...['.', '.L', '.N', '.Items', '$', '$x', ' := ', ' = ', '|', '(', ')', '1', '"a"', "'a'", '`', 'nil', 'true', ' '],
  ...['index ', 'len ', 'printf ', '"%v" ', 'eq ', 'slice ', 'break', 'continue', 'and ', 'print ', '/*', '*/', 'text'],
]

describe('whatever the template', () => {
  it('is itself where it has no action', () => {
    fc.assert(
      fc.property(
        words.filter((text) => !text.includes('{{')),
        (text) => {
          expect(render(text)).toEqual({ output: text })
        },
      ),
    )
  })

  it('gives text as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(render('{{.}}', text)).toEqual({ output: text })
        expect(render('{{printf "%s" .}}', text)).toEqual({ output: text })
        expect(render('{{range .}}<{{.}}>{{end}}', [text, text])).toEqual({ output: `<${text}><${text}>` })
      }),
    )
  })

  it('reads back what %q quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const quoted = render('{{printf "%q" .}}', text)
        expect(render('output' in quoted ? `{{${quoted.output}}}` : '')).toEqual({ output: text })
      }),
    )
  })

  it('prints ints and their order as JavaScript does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger(), (a, b) => {
        expect(render('{{printf "%d|%x|%25d" . . .}}', a)).toEqual({
          output: `${a}|${a.toString(16)}|${String(a).padStart(25)}`,
        })
        expect(render('{{lt (index . 0) (index . 1)}}', [a, BigInt(b)])).toEqual({ output: String(a < BigInt(b)) })
      }),
    )
  })

  it('answers with output or a TemplateError, soon', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 25 }), (parts) => {
        render(`{{${parts.join('')}`)
        render(parts.join(''))
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['parentheses', `{{${'('.repeat(100_000)}1${')'.repeat(100_000)}}}`, /nested more than 500 deep/],
    ['ifs', `${'{{if true}}'.repeat(100_000)}${'{{end}}'.repeat(100_000)}`, /nested more than 500 deep/],
    [
      'templates that call themselves',
      '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}',
      /maximum template depth/,
    ],
  ])('refuses %s without end', (_what, template, message) => {
    expect(render(template)).toEqual({ error: expect.stringMatching(message) })
  })

  it.each(['{{.constructor}}', '{{.__proto__}}', '{{index . "constructor"}}', '{{.L.length}}', '{{.Name.length}}'])(
    'reaches nothing but data: %s',
    (template) => {
      const answer = render(template)
      if ('output' in answer) expect(answer.output).toBe('<no value>')
      else expect(answer.error).toMatch(/can't evaluate field/)
    },
  )

  it.each(['constructor', 'toString', '__proto__'])('calls nothing but its functions: %s', (name) => {
    expect(render(`{{${name}}}`)).toEqual({ error: `template: get:1: function "${name}" not defined` })
  })
})
