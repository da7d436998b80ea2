/** What a template is read into; the names are those of Go's text/template/parse. */

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | Control
  | { readonly kind: 'template'; readonly pos: number; readonly name: string; readonly pipe: Pipe | undefined }
  | { readonly kind: 'break' | 'continue' }

export interface Control {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: Pipe
  readonly list: readonly Node[]
  readonly otherwise: readonly Node[]
}

export interface Pipe {
  readonly pos: number
  /** `$x`, or `$i` and `$x` of a range. */
  readonly variables: readonly string[]
  /** `=` rather than `:=`. */
  readonly assigns: boolean
  readonly commands: readonly Command[]
}

export interface Command {
  readonly pos: number
  readonly args: readonly [Operand, ...Operand[]]
}

export type Operand = { readonly pos: number } & (
  | { readonly kind: 'dot' | 'nil' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: bigint | number; readonly text: string }
  | { readonly kind: 'string'; readonly value: string; readonly text: string }
  | { readonly kind: 'field'; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe }
  | { readonly kind: 'chain'; readonly of: Operand; readonly names: readonly string[] }
)

/** As Go shows it in errors: `.Spec.CIDR`, `index .A 5`. */
export function formatCommand({ args }: Command): string {
  return args.map(formatOperand).join(' ')
}

export function formatPipe({ variables, assigns, commands }: Pipe): string {
  const declared = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `
  return declared + commands.map(formatCommand).join(' | ')
}

export function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(operand.value)
    case 'number':
    case 'string':
      return operand.text
    case 'field':
      return `.${operand.names.join('.')}`
    case 'variable':
      return [operand.name, ...operand.names].join('.')
    case 'function':
      return operand.name
    case 'pipe':
      return `(${formatPipe(operand.pipe)})`
    case 'chain':
      return [formatOperand(operand.of), ...operand.names].join('.')
  }
}
