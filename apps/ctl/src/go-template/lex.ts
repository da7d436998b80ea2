import { TemplateError } from './errors.ts'

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'string'
  | 'char'
  | 'number'
  | 'declare'
  | 'assign'
  | 'pipe'
  | 'comma'
  | 'other'
  | '('
  | ')'
  | 'end of template'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** Characters before it. */
  readonly pos: number
}

const keywords: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

/** What may stand in an action, in the order in which it is tried. */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['declare', /:=/y],
  ['assign', /=/y],
  ['pipe', /\|/y],
  ['comma', /,/y],
  ['(', /\(/y],
  [')', /\)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['char', /'(?:[^'\\\n]|\\.)+'/y],
  ['number', /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['identifier', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
]

const unfinished: readonly (readonly [RegExp, string])[] = [
  [/"/y, 'unterminated quoted string'],
  [/`/y, 'unterminated raw quoted string'],
  [/'/y, 'unterminated character constant'],
]

/** The line that `pos` is in, from 1, and the characters before it there. */
export function lineAndColumn(source: string, pos: number): readonly [line: number, column: number] {
  const before = source.slice(0, pos)
  return [before.split('\n').length, pos - before.lastIndexOf('\n') - 1]
}

/** @throws TemplateError */
export function parseFailure(name: string, source: string, pos: number, why: string): TemplateError {
  return new TemplateError('template/parse', `template: ${name}:${lineAndColumn(source, pos)[0]}: ${why}`)
}

/**
 * Cuts a template into text and the parts of its actions; space within an action is a token, for it separates arguments.
 * @throws TemplateError
 */
export function lex(name: string, source: string): Token[] {
  const tokens: Token[] = []
  const fail = (pos: number, why: string): TemplateError => parseFailure(name, source, pos, why)
  let pos = 0
  let trimsNext = false
  const addText = (end: number, trimsEnd: boolean): void => {
    let text = source.slice(pos, end)
    let from = pos
    if (trimsNext) {
      const kept = text.replace(/^[ \t\r\n]+/, '')
      from += text.length - kept.length
      text = kept
    }
    if (trimsEnd) text = text.replace(/[ \t\r\n]+$/, '')
    if (text !== '') tokens.push({ kind: 'text', text, pos: from })
  }
  for (;;) {
    const left = source.indexOf('{{', pos)
    if (left < 0) break
    const trims = /^-[ \t\r\n]/.test(source.slice(left + 2, left + 4))
    addText(left, trims)
    const inside = left + 2 + (trims ? 2 : 0)
    if (source.startsWith('/*', inside)) {
      const [end, trimsAfter] = endOfComment(source, inside, fail)
      pos = end
      trimsNext = trimsAfter
      continue
    }
    tokens.push({ kind: 'left', text: '{{', pos: left })
    const [end, trimsAfter] = lexAction(source, inside, tokens, fail)
    pos = end
    trimsNext = trimsAfter
  }
  addText(source.length, false)
  tokens.push({ kind: 'end of template', text: '', pos: source.length })
  return tokens
}

type Fail = (pos: number, why: string) => TemplateError

function endOfComment(source: string, start: number, fail: Fail): readonly [end: number, trims: boolean] {
  const close = source.indexOf('*/', start + 2)
  if (close < 0) throw fail(start, 'unclosed comment')
  const right = /^(?:[ \t\r\n]-)?\}\}/.exec(source.slice(close + 2, close + 6))?.[0]
  if (right === undefined) throw fail(start, 'comment ends before closing delimiter')
  return [close + 2 + right.length, right.length > 2]
}

/** Up to and with `}}`. */
function lexAction(source: string, start: number, tokens: Token[], fail: Fail): readonly [end: number, trims: boolean] {
  let pos = start
  let depth = 0
  for (;;) {
    const right = match(/[ \t\r\n]-\}\}|\}\}/y, source, pos)
    if (right !== undefined) {
      if (depth > 0) throw fail(pos, 'unclosed left paren')
      tokens.push({ kind: 'right', text: '}}', pos: pos + right.length - 2 })
      return [pos + right.length, right.length > 2]
    }
    if (pos >= source.length) throw fail(pos, 'unclosed action')
    const token = next(source, pos, fail)
    if (token.kind === '(') depth++
    if (token.kind === ')' && --depth < 0) throw fail(pos, 'unexpected right paren')
    tokens.push(token)
    pos += token.text.length
  }
}

function next(source: string, pos: number, fail: Fail): Token {
  for (const [kind, pattern] of patterns) {
    let text = match(pattern, source, pos)
    if (text === undefined) continue
    // The space before ` -}}` belongs to the trim marker.
    if (kind === 'space' && source.startsWith('-}}', pos + text.length) && text.length > 1) text = text.slice(0, -1)
    if (kind === 'identifier') return { kind: keywords.has(text) ? 'keyword' : kind, text, pos }
    const after = source.charAt(pos + text.length)
    const ended = kind !== 'field' && kind !== 'variable'
    if (!ended && !/^[\s.,|:)(]?$/.test(after) && !source.startsWith('}}', pos + text.length))
      throw fail(pos, `bad character ${shownCharacter(after)}`)
    if (kind === 'number' && /[\p{L}\p{Nd}_]/u.test(after))
      throw fail(pos, `bad number syntax: ${JSON.stringify(text + after)}`)
    return { kind, text, pos }
  }
  const [, why] = unfinished.find(([pattern]) => match(pattern, source, pos) !== undefined) ?? []
  if (why !== undefined) throw fail(pos, why)
  const text = String.fromCodePoint(source.codePointAt(pos) ?? 0)
  if (text === ':') throw fail(pos, 'expected :=')
  return { kind: 'other', text, pos }
}

function match(pattern: RegExp, source: string, pos: number): string | undefined {
  pattern.lastIndex = pos
  return pattern.exec(source)?.[0]
}

/** As Go's `%#U`: `U+0026 '&'`. */
export function shownCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${character}'`
}
