import { fail, lex, type Token, type TokenKind } from './lex.ts'
import { type LabelTest, type Selector, valueSet } from './selector.ts'

/** Parentheses may nest so deep, more than any selector of the permitted 1024 characters needs. */
const maxNesting = 1024

interface Cursor {
  readonly source: string
  readonly tokens: readonly Token[]
  next: number
  nesting: number
}

/**
 * Reads a selector (spec 02 §1.1, §1.2). Empty or blank text selects everything. Time is linear in the text; nesting
 * beyond 1024 parentheses is refused. @throws ModelError `model/bad-selector`
 */
export function parseSelector(source: string): Selector {
  const cursor: Cursor = { source, tokens: lex(source), next: 0, nesting: 0 }
  if (peek(cursor).kind === 'end') return { kind: 'all' }
  const selector = parseOr(cursor)
  if (peek(cursor).kind !== 'end') refuse(cursor, 'expected && or || or the end')
  return selector
}

function peek(cursor: Cursor): Token {
  return cursor.tokens[cursor.next] ?? { kind: 'end', text: '', at: cursor.source.length }
}

function take(cursor: Cursor): Token {
  const token = peek(cursor)
  cursor.next++
  return token
}

function expect(cursor: Cursor, kind: TokenKind, what: string): Token {
  return peek(cursor).kind === kind ? take(cursor) : refuse(cursor, `expected ${what}`)
}

function refuse(cursor: Cursor, reason: string): never {
  return fail(cursor.source, peek(cursor).at, reason)
}

function parseOr(cursor: Cursor): Selector {
  return parseList(cursor, '||', 'or', parseAnd)
}

function parseAnd(cursor: Cursor): Selector {
  return parseList(cursor, '&&', 'and', parseUnary)
}

function parseList(
  cursor: Cursor,
  separator: TokenKind,
  kind: 'and' | 'or',
  parse: (cursor: Cursor) => Selector,
): Selector {
  const first = parse(cursor)
  if (peek(cursor).kind !== separator) return first
  const operands = [first]
  while (peek(cursor).kind === separator) {
    cursor.next++
    operands.push(parse(cursor))
  }
  return { kind, operands }
}

function parseUnary(cursor: Cursor): Selector {
  let negated = false
  for (; peek(cursor).kind === '!'; cursor.next++) negated = !negated
  const operand = parsePrimary(cursor)
  return negated ? { kind: 'not', operand } : operand
}

function parsePrimary(cursor: Cursor): Selector {
  const { kind, text } = peek(cursor)
  if (kind === '(') return parseGroup(cursor)
  if (kind !== 'label' && kind !== 'has' && kind !== 'all' && kind !== 'global')
    return refuse(cursor, 'expected a label, has(…), all(), global(), ! or (')
  cursor.next++
  if (kind === 'label') return parseTest(cursor, text)
  return kind === 'has' ? { kind, label: text } : { kind }
}

function parseGroup(cursor: Cursor): Selector {
  if (++cursor.nesting > maxNesting) refuse(cursor, `parentheses may be nested ${maxNesting} deep; simplify it`)
  cursor.next++
  const inner = parseOr(cursor)
  expect(cursor, ')', ')')
  cursor.nesting--
  return inner
}

const tests: Readonly<Partial<Record<TokenKind, LabelTest['kind']>>> = {
  '==': 'eq',
  '!=': 'ne',
  contains: 'contains',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
}

function parseTest(cursor: Cursor, label: string): Selector {
  const operator = peek(cursor).kind
  const kind = tests[operator]
  if (kind !== undefined) {
    cursor.next++
    return { kind, label, value: expect(cursor, 'string', 'a string in quotes').text }
  }
  if (operator !== 'in' && operator !== 'notIn')
    return refuse(cursor, 'after a label write ==, !=, in, not in, contains, starts with or ends with')
  cursor.next++
  return { kind: operator, label, values: parseSet(cursor) }
}

function parseSet(cursor: Cursor): readonly string[] {
  expect(cursor, '{', 'a set such as {"a", "b"}')
  const values: string[] = []
  while (peek(cursor).kind === 'string') {
    values.push(take(cursor).text)
    if (peek(cursor).kind !== ',') break
    cursor.next++
  }
  expect(cursor, '}', 'a string in quotes, or }')
  return valueSet(values)
}
