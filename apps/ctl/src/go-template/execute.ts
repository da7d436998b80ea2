import { TemplateError } from './errors.ts'
import { builtins, type Functions, lazy } from './functions.ts'
import { lineAndColumn } from './lex.ts'
import {
  type Command,
  type Control,
  formatCommand,
  formatOperand,
  type Node,
  type Operand,
  type Pipe,
} from './nodes.ts'
import type { Template } from './parse.ts'
import { formatValue } from './printf.ts'
import { type Func, isList, isMap, isStruct, isTrue, sortedEntries, typeName, type Value } from './values.ts'

/**
 * Carries a template out. @param data what `.` and `$` are
 * @param functions besides the builtin ones
 * @throws TemplateError with the place in the template, in Go's words
 */
export function executeTemplate(template: Template, data: Value, functions: Functions = new Map()): string {
  const output: string[] = []
  const run = new Run(template, new Map([...builtins, ...functions]), (text) => output.push(text))
  run.list(template.defined.get(template.name) ?? [], data)
  return output.join('')
}

/** As many templates as may call each other: more would exhaust the stack. */
const deepest = 1000

interface Variable {
  readonly name: string
  value: Value
}

interface Place {
  readonly pos: number
  readonly text: string
}

type Leaving = 'break' | 'continue' | undefined

class Run {
  readonly template: Template
  readonly functions: Functions
  readonly write: (text: string) => void
  #name: string
  #variables: Variable[] = []
  #depth = 0

  constructor(template: Template, functions: Functions, write: (text: string) => void) {
    this.template = template
    this.functions = functions
    this.write = write
    this.#name = template.name
  }

  list(nodes: readonly Node[], data: Value): void {
    this.#variables = [{ name: '$', value: data }]
    this.#nodes(nodes, data)
  }

  #fail({ pos, text }: Place, why: string, cause?: unknown): TemplateError {
    const { name, source } = this.template
    const place = `${name}:${lineAndColumn(source, pos).join(':')}`
    const message = `template: ${place}: executing ${JSON.stringify(this.#name)} at <${text}>: ${why}`
    return new TemplateError('template/execute', message, { cause })
  }

  #nodes(nodes: readonly Node[], dot: Value): Leaving {
    for (const node of nodes) {
      const leaving = this.#node(node, dot)
      if (leaving) return leaving
    }
    return undefined
  }

  #node(node: Node, dot: Value): Leaving {
    switch (node.kind) {
      case 'text':
        this.write(node.text)
        return undefined
      case 'action': {
        const value = this.#pipe(node.pipe, dot)
        if (node.pipe.variables.length === 0) this.#print(value, node.pipe)
        return undefined
      }
      case 'if':
      case 'with':
        return this.#inScope(() => {
          const value = this.#pipe(node.pipe, dot)
          if (isTrue(value)) return this.#nodes(node.list, node.kind === 'with' ? value : dot)
          return this.#nodes(node.otherwise, dot)
        })
      case 'range':
        return this.#inScope(() => this.#range(node, dot))
      case 'template':
        this.#call(node, dot)
        return undefined
      case 'break':
      case 'continue':
        return node.kind
    }
  }

  #inScope<T>(work: () => T): T {
    const { length } = this.#variables
    try {
      return work()
    } finally {
      this.#variables.length = length
    }
  }

  #print(value: Value, pipe: Pipe): void {
    if (typeof value === 'function')
      throw this.#fail(placeOfPipe(pipe), `can't print ${formatCommands(pipe)} of type func`)
    this.write(value === undefined ? '<no value>' : formatValue(value))
  }

  #range(node: Control, dot: Value): Leaving {
    const { pipe, list, otherwise } = node
    const over = this.#commands(pipe, dot)
    let count = 0
    for (const [index, item] of this.#items(over, pipe)) {
      count++
      const leaving = this.#inScope(() => {
        this.#bind(pipe, index, item)
        return this.#nodes(list, item)
      })
      if (leaving === 'break') break
    }
    return count === 0 ? this.#nodes(otherwise, dot) : undefined
  }

  *#items(over: Value, pipe: Pipe): Generator<readonly [Value, Value]> {
    if (over === null || over === undefined) return
    if (isList(over)) for (const [index, item] of over.entries()) yield [BigInt(index), item]
    else if (isMap(over)) yield* sortedEntries(over)
    else if (typeof over === 'bigint') for (let at = 0n; at < over; at++) yield [at, at]
    else throw this.#fail(placeOfPipe(pipe), `range can't iterate over ${formatValue(over)}`)
  }

  #bind({ variables, assigns }: Pipe, index: Value, item: Value): void {
    const values = variables.length === 1 ? [item] : [index, item]
    for (const [at, name] of variables.entries()) {
      if (assigns) this.#variable(name).value = values[at]
      else this.#variables.push({ name, value: values[at] })
    }
  }

  #variable(name: string): Variable {
    const found = this.#variables.findLast((variable) => variable.name === name)
    if (!found) throw new Error(`variable ${name} was read by the parser, yet is not there`)
    return found
  }

  #call(node: Extract<Node, { kind: 'template' }>, dot: Value): void {
    const place = { pos: node.pos, text: `{{template ${JSON.stringify(node.name)}}}` }
    const list = this.template.defined.get(node.name)
    if (!list) throw this.#fail(place, `template ${JSON.stringify(node.name)} not defined`)
    if (this.#depth === deepest) throw this.#fail(place, `exceeded maximum template depth (${deepest})`)
    const data = node.pipe ? this.#pipe(node.pipe, dot) : undefined
    const [name, variables] = [this.#name, this.#variables]
    this.#name = node.name
    this.#variables = [{ name: '$', value: data }]
    this.#depth++
    this.#nodes(list, data)
    this.#depth--
    this.#name = name
    this.#variables = variables
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    const value = this.#commands(pipe, dot)
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#variable(name).value = value
      else this.#variables.push({ name, value })
    }
    return value
  }

  /** Each is given what the one before it has made, as its last argument. */
  #commands({ commands }: Pipe, dot: Value): Value {
    let final: readonly Value[] = []
    for (const command of commands) final = [this.#command(command, dot, final)]
    return final[0]
  }

  #command(command: Command, dot: Value, final: readonly Value[]): Value {
    const [first, ...rest] = command.args
    if (first.kind === 'function') return this.#function(command, first.name, dot, final)
    const value = this.#operand(first, dot)
    const given = rest.length + final.length
    if (given > 0) {
      const text = formatOperand(first)
      const why = ['field', 'chain', 'variable'].includes(first.kind)
        ? `${namesOf(first).at(-1) ?? text} is not a method but has arguments`
        : `can't give argument to non-function ${text}`
      throw this.#fail({ pos: first.pos, text }, why)
    }
    if (first.kind === 'nil') throw this.#fail({ pos: first.pos, text: 'nil' }, 'nil is not a command')
    return value
  }

  #function(command: Command, name: string, dot: Value, final: readonly Value[]): Value {
    const [, ...operands] = command.args
    const place = { pos: command.args[0].pos, text: formatCommand(command) }
    const shortCut = lazy.get(name)
    if (shortCut) return this.#lazily(shortCut, operands, dot, final, place, name)
    const work = this.functions.get(name) as Func
    const args = [...operands.map((operand) => this.#operand(operand, dot)), ...final]
    try {
      return work(...args)
    } catch (error) {
      throw this.#failedCall(error, name, place)
    }
  }

  #failedCall(error: unknown, name: string, place: Place): unknown {
    if (error instanceof TemplateError) return error
    const message = error instanceof Error ? error.message : String(error)
    if (message.startsWith('wrong number of args')) return this.#fail({ ...place, text: name }, message, error)
    return this.#fail(place, `error calling ${name}: ${message}`, error)
  }

  /** `and` and `or` read no further than they must. */
  #lazily(
    isDecided: (value: Value) => boolean,
    operands: readonly Operand[],
    dot: Value,
    final: readonly Value[],
    place: Place,
    name: string,
  ): Value {
    if (operands.length + final.length === 0)
      throw this.#fail({ ...place, text: name }, `wrong number of args for ${name}: want at least 1 got 0`)
    let value: Value
    for (const operand of operands) {
      value = this.#operand(operand, dot)
      if (isDecided(value)) return value
    }
    return final.length > 0 ? final[0] : value
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot
      case 'nil':
        return null
      case 'bool':
      case 'number':
      case 'string':
        return operand.value
      case 'field':
        return this.#fields(dot, operand.names, operand)
      case 'variable':
        return this.#fields(this.#variable(operand.name).value, operand.names, operand)
      case 'function':
        return this.#function({ pos: operand.pos, args: [operand] }, operand.name, dot, [])
      case 'pipe':
        return this.#pipe(operand.pipe, dot)
      case 'chain':
        return this.#fields(this.#operand(operand.of, dot), operand.names, operand)
    }
  }

  #fields(from: Value, names: readonly string[], operand: Operand): Value {
    let value = from
    for (const name of names) value = this.#field(value, name, operand)
    return value
  }

  #field(value: Value, name: string, operand: Operand): Value {
    const place = { pos: operand.pos, text: formatOperand(operand) }
    if (isMap(value)) return value.get(name)
    if (value === undefined) return undefined
    if (value === null) throw this.#fail(place, `nil pointer evaluating interface {}.${name}`)
    const found = isStruct(value) ? value.field(name) : undefined
    if (found === undefined) throw this.#fail(place, `can't evaluate field ${name} in type ${typeName(value)}`)
    return found
  }
}

function namesOf(operand: Operand): readonly string[] {
  return 'names' in operand ? operand.names : []
}

function placeOfPipe(pipe: Pipe): Place {
  return { pos: pipe.pos, text: formatCommands(pipe) }
}

function formatCommands({ commands }: Pipe): string {
  return commands.map(formatCommand).join(' | ')
}
