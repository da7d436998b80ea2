import { shownCharacter } from '../go-template/lex.ts'
import { unquote } from '../go-template/literals.ts'
import { JsonPathError } from './errors.ts'

/** Text, `{…}` whose results are written, or `{range …}` up to `{end}`. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'find'; readonly path: Path }
  | { readonly kind: 'range'; readonly path: Path; readonly body: readonly Part[] }

export type Path = readonly Step[]

export type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' | 'recursive' }
  | { readonly kind: 'literal'; readonly value: string | boolean | bigint | number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly kind: 'item'; readonly at: number }
  | { readonly kind: 'union'; readonly paths: readonly Path[] }
  | { readonly kind: 'filter'; readonly left: Path; readonly comparison: Comparison | undefined }

export interface Comparison {
  readonly operator: string
  readonly right: Path
}

/** How deep ranges may nest: each costs the reader some of its stack. */
const deepest = 200

/** Reads a template of kubectl's jsonpath. @throws JsonPathError */
export function parseJsonPath(template: string): readonly Part[] {
  const source: Source = { text: template, pos: 0 }
  const { parts, ended } = parseParts(source, 0)
  if (ended) throw failure('not in range, nothing to end')
  return parts
}

interface Source {
  readonly text: string
  pos: number
}

function failure(why: string): JsonPathError {
  return new JsonPathError('jsonpath/parse', why)
}

function parseParts(source: Source, depth: number): { readonly parts: Part[]; readonly ended: boolean } {
  if (depth > deepest) throw failure(`ranges are nested more than ${deepest} deep`)
  const parts: Part[] = []
  const { text } = source
  while (source.pos < text.length) {
    const open = text.indexOf('{', source.pos)
    const end = open < 0 ? text.length : open
    if (end > source.pos) parts.push({ kind: 'text', text: text.slice(source.pos, end) })
    source.pos = end
    if (open < 0) break
    source.pos++
    const word = take(source, /\s*(range|end)(?=[\s}.[$@])/y, 1)
    const path = parsePath(source, '}')
    if (word === 'end') return { parts, ended: true }
    if (word === undefined) parts.push({ kind: 'find', path })
    // Without an end, a range goes on to the end of the template.
    else parts.push({ kind: 'range', path, body: parseParts(source, depth + 1).parts })
  }
  return { parts, ended: false }
}

/** @param end `}`, or '' for the end of the text */
function parsePath(source: Source, end: '}' | ''): Path {
  const steps: Step[] = []
  for (;;) {
    take(source, /[ @$]+/y)
    if (source.pos >= source.text.length) {
      if (end === '') return steps
      throw failure('unclosed action')
    }
    if (end !== '' && source.text.startsWith(end, source.pos)) {
      source.pos++
      return steps
    }
    steps.push(...parseStep(source, steps.at(-1)))
  }
}

const field = /((?:\\[\s\S]|[^\s\\.,[\]$@{}])*)/y

function parseStep(source: Source, before: Step | undefined): Step[] {
  const { text, pos } = source
  if (take(source, /\.\./y) !== undefined) {
    if (before?.kind === 'recursive') throw failure('invalid multiple recursive descent')
    const name = /^[\p{L}\p{Nd}_]/u.test(text.slice(source.pos)) ? parseName(source) : []
    return [{ kind: 'recursive' }, ...name]
  }
  if (take(source, /\./y) !== undefined) return parseName(source)
  const quoted = take(source, /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y)
  if (quoted !== undefined) return [{ kind: 'literal', value: parseText(quoted) }]
  if (text[pos] === '"' || text[pos] === "'") throw failure('unterminated quoted string')
  if (take(source, /\[\?\(/y) !== undefined) return [parseFilter(source)]
  if (take(source, /\[/y) !== undefined) return parseBrackets(source)
  const number = take(source, /[+-]?[\d.]+/y)
  if (number !== undefined) return [{ kind: 'literal', value: parseNumber(number) }]
  const word = take(source, /[\p{L}\p{Nd}_][^\s.,[\]$@{}]*/uy)
  if (word === 'true' || word === 'false') return [{ kind: 'literal', value: word === 'true' }]
  if (word !== undefined) throw failure(`unrecognized identifier ${word}`)
  if (text[pos] === '\n' || text[pos] === '\r') throw failure('unclosed action')
  throw failure(`unrecognized character in action: ${shownCharacter(String.fromCodePoint(text.codePointAt(pos) ?? 0))}`)
}

function parseName(source: Source): Step[] {
  const name = take(source, field) ?? ''
  return [name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') }]
}

function parseText(quoted: string): string {
  try {
    return unquote(quoted)
  } catch {
    throw failure(`unquote string ${quoted} error invalid syntax`)
  }
}

function parseNumber(text: string): bigint | number {
  if (/^[+-]?\d+$/.test(text)) return BigInt(text.replace('+', ''))
  const value = Number(text)
  if (Number.isFinite(value)) return value
  throw failure(`cannot parse number ${text}`)
}

/** What is between brackets: `*`, `'name'`, `3`, `1:5:2`, or several of them with commas between. */
function parseBrackets(source: Source): Step[] {
  const inner = take(source, /((?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[^\]\n'"])*)\]/y, 1)
  if (inner === undefined) throw failure('unterminated array')
  const items = inner.match(/(?:'[^']*'|"[^"]*"|[^,'"])+|(?<=^|,)(?=,|$)/g) ?? ['']
  if (items.length === 1) return parseIndex(inner)
  return [{ kind: 'union', paths: items.map((item) => parseIndex(item.trim())) }]
}

/** A name in quotes is a path as well, for kubectl: dots in it are escaped. */
function parseIndex(text: string): Step[] {
  if (text === '*') return [{ kind: 'slice', from: undefined, to: undefined, by: 1 }]
  const [, name] = /^['"](.*)['"]$/s.exec(text) ?? []
  if (name !== undefined) return [...parsePath({ text: `.${name}`, pos: 0 }, '')]
  if (/^-?\d+$/.test(text)) return [{ kind: 'item', at: Number(text) }]
  const [all, from, to, by] = /^(-?\d*)(?::(-?\d*))(?::(-?\d*))?$/.exec(text) ?? []
  if (all === undefined) throw failure(`invalid array index ${text}`)
  const read = (digits: string | undefined): number | undefined => {
    if (digits === undefined || digits === '') return undefined
    if (digits === '-') throw failure(`array index ${digits} is not a number`)
    return Number(digits)
  }
  return [{ kind: 'slice', from: read(from), to: read(to), by: read(by) ?? 1 }]
}

/** `@.name == "value"`, or `@.name` for what has one. */
function parseFilter(source: Source): Step {
  const text = take(source, /((?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^"')\n])*)\)/y, 1)
  if (text === undefined) throw failure('unterminated filter')
  if (take(source, /\]/y) === undefined) throw failure('unclosed array expect ]')
  const [, left = text, operator, right] = /^([^!<>=]+)([!<>=]+)(.+?)$/s.exec(text) ?? []
  const path = (part: string): Path => parsePath({ text: part, pos: 0 }, '')
  if (operator === undefined || right === undefined) return { kind: 'filter', left: path(left), comparison: undefined }
  return { kind: 'filter', left: path(left), comparison: { operator, right: path(right) } }
}

/** What stands next, if the pattern says so. */
function take(source: Source, pattern: RegExp, group = 0): string | undefined {
  pattern.lastIndex = source.pos
  const found = pattern.exec(source.text)
  if (found) source.pos = pattern.lastIndex
  return found?.[group]
}
