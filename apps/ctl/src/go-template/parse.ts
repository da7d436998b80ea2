import type { TemplateError } from './errors.ts'
import { lex, parseFailure, type Token, type TokenKind } from './lex.ts'
import { parseNumber, unquote } from './literals.ts'
import type { Command, Node, Operand, Pipe } from './nodes.ts'

export interface Template {
  readonly name: string
  readonly source: string
  /** By name, the template's own among them. */
  readonly defined: ReadonlyMap<string, readonly Node[]>
}

/** What may be in a template, but not without end: each level costs the reader some of its stack. */
const deepest = 500

/**
 * Reads a template in the language of Go's text/template. @param name for messages
 * @param functions the names that may be called
 * @throws TemplateError
 */
export function parseTemplate(name: string, source: string, functions: (name: string) => boolean): Template {
  return new Parser(name, source, functions).parse()
}

type Ends = { readonly by: 'end' | 'else'; readonly chained?: 'if' | 'with' }

class Parser {
  readonly name: string
  readonly source: string
  readonly functions: (name: string) => boolean
  readonly #tokens: readonly Token[]
  readonly #defined = new Map<string, readonly Node[]>()
  #at = 0
  #depth = 0
  #inRange = 0
  #variables: string[] = ['$']

  constructor(name: string, source: string, functions: (name: string) => boolean) {
    this.name = name
    this.source = source
    this.functions = functions
    this.#tokens = lex(name, source)
  }

  parse(): Template {
    const list: Node[] = []
    while (this.#peek().kind !== 'end of template') {
      if (this.#peekAction() === 'define') this.#define()
      else list.push(...this.#node(['nothing']).nodes)
    }
    this.#defined.set(this.name, list)
    return { name: this.name, source: this.source, defined: this.#defined }
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token
  }

  #next(): Token {
    return this.#tokens[this.#at++] as Token
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#at++
  }

  #peekNonSpace(): Token {
    this.#skipSpace()
    return this.#peek()
  }

  #fail(why: string, pos = this.#peek().pos): TemplateError {
    return parseFailure(this.name, this.source, pos, why)
  }

  #unexpected(token: Token, context: string): TemplateError {
    if (token.kind === 'end of template') return this.#fail('unexpected EOF', token.pos)
    const shown = token.kind === 'keyword' ? `<${token.text}>` : JSON.stringify(token.text)
    return this.#fail(`unexpected ${shown} in ${context}`, token.pos)
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#peekNonSpace()
    if (token.kind !== kind) throw this.#unexpected(token, context)
    return this.#next()
  }

  /** The keyword of the action that comes, if it has one. */
  #peekAction(): string {
    if (this.#peek().kind !== 'left') return ''
    let at = this.#at + 1
    while (this.#tokens[at]?.kind === 'space') at++
    const token = this.#tokens[at]
    return token?.kind === 'keyword' ? token.text : ''
  }

  #enterAction(): void {
    this.#next()
    this.#skipSpace()
  }

  /** One node, or what ends a list. `ends` names what is allowed to. */
  #node(within: readonly string[]): { readonly nodes: Node[]; readonly end?: Ends } {
    const token = this.#peek()
    if (token.kind === 'text') {
      this.#next()
      return { nodes: [{ kind: 'text', text: token.text }] }
    }
    const action = this.#peekAction()
    this.#enterAction()
    if (action === '') return { nodes: [this.#action()] }
    const keyword = this.#next()
    switch (action) {
      case 'if':
      case 'with':
      case 'range':
        return { nodes: [this.#control(action)] }
      case 'template':
        return { nodes: [this.#templateCall()] }
      case 'block':
        return { nodes: [this.#block()] }
      case 'break':
      case 'continue':
        this.#expect('right', `{{${action}}}`)
        if (this.#inRange === 0) throw this.#fail(`{{${action}}} outside {{range}}`, keyword.pos)
        return { nodes: [{ kind: action }] }
      case 'define':
        throw this.#unexpected(keyword, 'command')
      default:
        return { nodes: [], end: this.#ending(action as 'end' | 'else', within, keyword.pos) }
    }
  }

  #ending(by: 'end' | 'else', within: readonly string[], pos: number): Ends {
    if (!within.includes(by)) {
      const isClosing = within.includes('end')
      throw this.#fail(isClosing ? `expected end; found {{${by}}}` : `unexpected {{${by}}}`, pos)
    }
    const chained = this.#peekNonSpace()
    const allowed = within.find((word) => word === `else ${chained.text}`)
    if (by === 'else' && chained.kind === 'keyword' && allowed !== undefined)
      return { by, chained: chained.text as 'if' | 'with' }
    this.#expect('right', by)
    return { by }
  }

  #action(): Node {
    return { kind: 'action', pipe: this.#pipeline('command', 'right') }
  }

  #list(within: readonly string[]): { readonly list: Node[]; readonly end: Ends } {
    const list: Node[] = []
    for (;;) {
      if (this.#peek().kind === 'end of template') throw this.#fail('unexpected EOF')
      const { nodes, end } = this.#node(within)
      list.push(...nodes)
      if (end) return { list, end }
    }
  }

  #deeper<T>(work: () => T): T {
    if (++this.#depth > deepest) throw this.#fail(`nested more than ${deepest} deep`)
    const result = work()
    this.#depth--
    return result
  }

  #control(kind: 'if' | 'with' | 'range'): Node {
    return this.#deeper(() => {
      const outer = this.#variables.length
      const pipe = this.#pipeline(kind, 'right')
      if (kind === 'range') this.#inRange++
      const chain = kind === 'range' ? [] : [`else ${kind}`]
      const { list, end } = this.#list(['end', 'else', ...chain])
      if (kind === 'range') this.#inRange--
      const otherwise = end.by === 'else' ? this.#otherwise(end.chained) : []
      this.#variables.length = outer
      return { kind, pipe, list, otherwise }
    })
  }

  #otherwise(chained: 'if' | 'with' | undefined): readonly Node[] {
    if (chained === undefined) return this.#list(['end']).list
    this.#next()
    return [this.#control(chained)]
  }

  #name(context: string): string {
    const token = this.#peekNonSpace()
    if (token.kind !== 'string') throw this.#unexpected(token, context)
    return unquote(this.#next().text)
  }

  #define(): void {
    this.#enterAction()
    this.#next()
    const name = this.#name('define clause')
    this.#expect('right', 'define clause')
    this.#add(name, this.#body())
  }

  /** A template has variables and ranges of its own. */
  #body(): Node[] {
    const [variables, inRange] = [this.#variables, this.#inRange]
    this.#variables = ['$']
    this.#inRange = 0
    const { list } = this.#list(['end'])
    this.#variables = variables
    this.#inRange = inRange
    return list
  }

  #add(name: string, list: readonly Node[]): void {
    if (!this.#defined.has(name) || !isEmpty(list)) this.#defined.set(name, list)
  }

  #templateCall(): Node {
    const { pos } = this.#peekNonSpace()
    const name = this.#name('template clause')
    if (this.#peekNonSpace().kind === 'right') {
      this.#next()
      return { kind: 'template', pos, name, pipe: undefined }
    }
    return { kind: 'template', pos, name, pipe: this.#pipeline('template clause', 'right') }
  }

  #block(): Node {
    return this.#deeper(() => {
      const { pos } = this.#peekNonSpace()
      const name = this.#name('block clause')
      const pipe = this.#pipeline('block clause', 'right')
      this.#add(name, this.#body())
      return { kind: 'template', pos, name, pipe }
    })
  }

  #pipeline(context: string, end: 'right' | ')'): Pipe {
    return this.#deeper(() => {
      const { variables, assigns } = this.#declarations(context)
      const { pos } = this.#peekNonSpace()
      const commands: Command[] = []
      for (;;) {
        const token = this.#peekNonSpace()
        if (token.kind !== end) {
          if (notFirst.has(token.kind)) throw this.#unexpected(token, context)
          commands.push(this.#command())
          continue
        }
        this.#next()
        if (commands.length === 0) throw this.#fail(`missing value for ${context}`, token.pos)
        this.#checkStages(commands, token.pos)
        if (!assigns) this.#variables.push(...variables)
        return { pos, variables, assigns, commands }
      }
    })
  }

  #checkStages([, ...later]: readonly Command[], pos: number): void {
    for (const [index, { args }] of later.entries())
      if (['bool', 'dot', 'nil', 'number', 'string'].includes(args[0].kind))
        throw this.#fail(`non executable command in pipeline stage ${index + 2}`, pos)
  }

  /** `$x :=`, `$x =`, and of a range `$i, $x :=`. */
  #declarations(context: string): { readonly variables: string[]; readonly assigns: boolean } {
    const start = this.#at
    const variables: string[] = []
    for (;;) {
      const token = this.#peekNonSpace()
      if (token.kind !== 'variable') break
      this.#next()
      variables.push(token.text)
      const after = this.#peekNonSpace()
      if (after.kind === 'declare' || after.kind === 'assign') {
        this.#next()
        const assigns = after.kind === 'assign'
        const unknown = assigns ? variables.find((name) => !this.#variables.includes(name)) : undefined
        if (unknown !== undefined) throw this.#fail(`undefined variable ${JSON.stringify(unknown)}`, token.pos)
        return { variables, assigns }
      }
      if (after.kind !== 'comma') break
      if (context !== 'range' || variables.length > 1)
        throw this.#fail(`too many declarations in ${context}`, after.pos)
      this.#next()
    }
    this.#at = start
    return { variables: [], assigns: false }
  }

  #command(): Command {
    const { pos } = this.#peekNonSpace()
    const args: Operand[] = []
    let token: Token
    do {
      this.#skipSpace()
      const operand = this.#operand()
      if (operand) args.push(operand)
      token = this.#peek()
      if (token.kind !== 'space') break
      token = this.#peekNonSpace()
    } while (!isCommandEnd(token))
    if (!isCommandEnd(token)) throw this.#unexpected(token, 'operand')
    if (token.kind === 'pipe') this.#next()
    const [first, ...others] = args
    if (!first) throw this.#fail('empty command', pos)
    return { pos, args: [first, ...others] }
  }

  #operand(): Operand | undefined {
    const term = this.#term()
    if (!term) return undefined
    const names: string[] = []
    const { pos } = this.#peek()
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1))
    if (names.length === 0) return term
    if (term.kind === 'field' || term.kind === 'variable') return { ...term, pos, names: [...term.names, ...names] }
    if (['bool', 'string', 'number', 'nil', 'dot'].includes(term.kind))
      throw this.#fail(`unexpected . after term ${JSON.stringify(formatTerm(term))}`)
    return { kind: 'chain', pos, of: term, names }
  }

  #term(): Operand | undefined {
    const token = this.#peek()
    const { pos, text } = token
    switch (token.kind) {
      case 'identifier':
        this.#next()
        if (text === 'nil') return { kind: 'nil', pos }
        if (text === 'true' || text === 'false') return { kind: 'bool', pos, value: text === 'true' }
        if (!this.functions(text)) throw this.#fail(`function ${JSON.stringify(text)} not defined`, pos)
        return { kind: 'function', pos, name: text }
      case 'dot':
        this.#next()
        return { kind: 'dot', pos }
      case 'variable':
        this.#next()
        if (!this.#variables.includes(text)) throw this.#fail(`undefined variable ${JSON.stringify(text)}`, pos)
        return { kind: 'variable', pos, name: text, names: [] }
      case 'field':
        this.#next()
        return { kind: 'field', pos, names: [text.slice(1)] }
      case 'char':
      case 'number':
        this.#next()
        return { kind: 'number', pos, text, value: this.#number(token) }
      case 'string':
        this.#next()
        return { kind: 'string', pos, text, value: this.#text(token) }
      case '(':
        this.#next()
        return { kind: 'pipe', pos, pipe: this.#pipeline('parenthesized pipeline', ')') }
      default:
        return undefined
    }
  }

  #number({ kind, text, pos }: Token): bigint | number {
    const isCharacter = kind === 'char'
    const value = parseNumber(text, isCharacter)
    if (value !== undefined) return value
    throw this.#fail(
      isCharacter ? `malformed character constant: ${text}` : `illegal number syntax: ${JSON.stringify(text)}`,
      pos,
    )
  }

  #text({ text, pos }: Token): string {
    try {
      return unquote(text)
    } catch {
      throw this.#fail('invalid syntax', pos)
    }
  }
}

/** No command begins so. */
const notFirst: ReadonlySet<TokenKind> = new Set([
  'pipe',
  'comma',
  'declare',
  'assign',
  'other',
  'keyword',
  'right',
  ')',
  'end of template',
])

function isCommandEnd({ kind }: Token): boolean {
  return kind === 'right' || kind === ')' || kind === 'pipe'
}

function formatTerm(term: Operand): string {
  return term.kind === 'dot' ? '.' : 'text' in term ? term.text : term.kind === 'bool' ? String(term.value) : term.kind
}

/** Of a definition that says nothing, another may stand. */
function isEmpty(list: readonly Node[]): boolean {
  return list.every((node) => node.kind === 'text' && node.text.trim() === '')
}
