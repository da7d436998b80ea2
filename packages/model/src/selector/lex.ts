import { ModelError } from '../errors.ts'

export type TokenKind =
  | '('
  | ')'
  | '{'
  | '}'
  | ','
  | '=='
  | '!='
  | '!'
  | '&&'
  | '||'
  | 'label'
  | 'string'
  | 'has'
  | 'all'
  | 'global'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'in'
  | 'notIn'
  | 'end'

/** `text` is the name of a label (`label`, `has`) or the content of a literal (`string`), else empty. */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
}

const maxLabelLength = 512

const blank = /[ \t]*/y
const identifier = /[A-Za-z0-9_./-]+/y
const call = /(?:(has)\([ \t]*([A-Za-z0-9_./-]*)|(all|global)\()[ \t]*(\)?)/y
const symbol = /[(){},]|==|!=|!|&&|\|\|/y
/** An operator in words; the character after it must not continue the word. */
const word = /(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)(?![A-Za-z0-9_./-])/y
const wordKinds: Readonly<Record<string, TokenKind>> = {
  contains: 'contains',
  startswith: 'startsWith',
  endswith: 'endsWith',
  notin: 'notIn',
  in: 'in',
}

/** Tokens of a selector, the last of which is `end` (spec 02 §1.1). @throws ModelError `model/bad-selector` */
export function lex(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let afterLabel = false
  for (;;) {
    at += match(blank, text, at)?.[0].length ?? 0
    if (at >= text.length) return [...tokens, { kind: 'end', text: '', at }]
    const lexed: Lexed = afterLabel ? lexOperator(text, at) : lexOne(text, at)
    const [token, length] = lexed
    tokens.push(token)
    afterLabel = token.kind === 'label'
    at += length
  }
}

export function fail(text: string, at: number, reason: string): never {
  throw new ModelError('model/bad-selector', { text, at, reason })
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

type Lexed = readonly [token: Token, length: number]

function lexOne(text: string, at: number): Lexed {
  const first = text[at] ?? ''
  if (first === '"' || first === "'") return lexString(text, at, first)
  const called = match(call, text, at)
  if (called) return lexCall(text, at, called)
  const named = match(identifier, text, at)
  if (named) return [{ kind: 'label', text: label(text, at, named[0]), at }, named[0].length]
  return lexSymbol(text, at) ?? fail(text, at, unexpected(first))
}

/** After a label only an operator makes sense; other symbols are left to the parser to refuse. */
function lexOperator(text: string, at: number): Lexed {
  const found = match(word, text, at)
  if (found) {
    const kind = wordKinds[found[0].replace(/[ \t]/g, '')] ?? 'in'
    return [{ kind, text: '', at }, found[0].length]
  }
  return (
    lexSymbol(text, at) ?? fail(text, at, 'after a label write ==, !=, in, not in, contains, starts with or ends with')
  )
}

function lexSymbol(text: string, at: number): Lexed | undefined {
  const found = match(symbol, text, at)
  return found ? [{ kind: found[0] as TokenKind, text: '', at }, found[0].length] : undefined
}

function lexString(text: string, at: number, quote: string): Lexed {
  const end = text.indexOf(quote, at + 1)
  if (end < 0) fail(text, at, `unterminated string; close it with ${quote}`)
  return [{ kind: 'string', text: text.slice(at + 1, end), at }, end + 1 - at]
}

function lexCall(text: string, at: number, found: RegExpExecArray): Lexed {
  const [whole, has, name, word, close] = found
  if (has !== undefined && name === '') fail(text, at, 'has( needs the name of a label')
  if (close === '') fail(text, at + whole.length, `${has ?? word}( needs its closing parenthesis`)
  const kind = (has ?? word) as TokenKind
  return [{ kind, text: has === undefined ? '' : label(text, at, name ?? ''), at }, whole.length]
}

function label(text: string, at: number, name: string): string {
  return name.length > maxLabelLength ? fail(text, at, `a label has at most ${maxLabelLength} characters`) : name
}

function unexpected(character: string): string {
  if ('=&|'.includes(character)) return `write ${character}${character}`
  return `unexpected ${JSON.stringify(character)}`
}
