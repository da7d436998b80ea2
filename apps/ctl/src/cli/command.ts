import type { Call } from '@tortie/runtime'
import { CtlError } from '../errors.ts'
import type { ExitCode, Shell } from '../shell.ts'
import { type Flags, takesNext, type Values } from './flags.ts'
import type { globals } from './globals.ts'

/** What a command is run with. */
export interface Invocation<F extends Flags = Flags> {
  readonly values: Values<F>
  readonly globals: Values<typeof globals>
  readonly args: readonly string[]
  readonly shell: Shell
  readonly call: Call
}

/** In cobra's words. @throws CtlError */
export function checkArgs({ args: wanted }: Leaf, { length }: readonly string[]): void {
  if (wanted === undefined) return
  if ('exactly' in wanted && length !== wanted.exactly)
    throw new CtlError(`accepts ${wanted.exactly} arg(s), received ${length}`)
  if ('atLeast' in wanted && length < wanted.atLeast)
    throw new CtlError(`requires at least ${wanted.atLeast} arg(s), only received ${length}`)
}

interface Named {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** More than the summary, for its own help. */
  readonly about?: string
  /** Understood, not shown. */
  readonly hidden?: boolean
}

/** Either a leaf that runs, or a group of others. */
export interface Leaf<F extends Flags = Flags> extends Named {
  /** What follows the name: `[KIND [NAME...]]`. */
  readonly usage?: string
  readonly example?: string
  /** For its argument. */
  readonly choices?: readonly string[]
  readonly flags: F
  readonly required?: readonly (keyof F & string)[]
  /** How many arguments; without it any number. */
  readonly args?: { readonly exactly: number } | { readonly atLeast: number }
  run(invocation: Invocation<F>): Promise<ExitCode>
}

export interface Group extends Named {
  readonly commands: readonly Command[]
}

export type Command = Leaf | Group

/** Lets the compiler tell the flags that `run` is given. */
export function leaf<F extends Flags>(command: Leaf<F>): Leaf {
  return command as unknown as Leaf
}

export function isGroup(command: Command): command is Group {
  return 'commands' in command
}

export interface Found {
  readonly command: Command
  /** `ipam show`. */
  readonly path: readonly string[]
  /** The command line without the words of the path. */
  readonly rest: readonly string[]
}

/** The command that is named, among flags that may come before its name. @throws CtlError when there is none */
export function findCommand(root: Group, globals: Flags, tokens: readonly string[]): Found {
  const known = [globals, ...flagsIn(root)]
  const path: string[] = []
  const rest: string[] = []
  let command: Command = root
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? ''
    if (!isGroup(command) || token === '--') {
      rest.push(...tokens.slice(at))
      break
    }
    if (token.startsWith('-')) {
      rest.push(token)
      if (takesNext(token, known)) rest.push(...tokens.slice(++at, at + 1))
      continue
    }
    const next: Command | undefined = command.commands.find(({ name }) => name === token)
    if (!next) {
      const where = [root.name, ...path].join(' ')
      throw new CtlError(`unknown command ${JSON.stringify(token)} for ${JSON.stringify(where)}`)
    }
    path.push(token)
    command = next
  }
  return { command, path, rest }
}

function flagsIn(command: Command): Flags[] {
  return isGroup(command) ? command.commands.flatMap(flagsIn) : [command.flags]
}
