import { CtlError } from '../errors.ts'

interface Described {
  readonly help: string
  readonly short?: string
  /** Understood, not shown. */
  readonly hidden?: boolean
  /** Values to offer. */
  readonly choices?: readonly string[]
}

/** `text` takes a value, `list` one at each of several times, `switch` none, though `--x=false` is understood. */
export type Flag = Described &
  ({ readonly kind: 'text'; readonly initial: string } | { readonly kind: 'list' | 'switch' })
export type Flags = Readonly<Record<string, Flag>>

type ValueOf<F extends Flag> = F['kind'] extends 'switch' ? boolean : F['kind'] extends 'list' ? string[] : string
/** What was given, or the initial value, by the flag's long name. */
export type Values<F extends Flags> = { readonly [N in keyof F]: ValueOf<F[N]> }

export interface Parsed<F extends Flags> {
  readonly values: Values<F>
  /** What is no flag. */
  readonly args: readonly string[]
  /** `-h` or `--help` was among them. */
  readonly help: boolean
}

type Given = Record<string, string | boolean | string[]>

const helpFlag: Flag = { kind: 'switch', short: 'h', help: 'show this help' }

/**
 * Reads a command line as Go's pflag does, which calicoctl uses, words of errors included: `-o yaml`, `-oyaml`, `-o=yaml`,
 * `--output yaml`, `--output=yaml`, `-Rf x`, flags before and after arguments, `--` ends them. @throws CtlError
 */
export function parseFlags<F extends Flags>(own: F, tokens: readonly string[]): Parsed<F> {
  const flags: Flags = { help: helpFlag, ...own }
  const given: Given = { help: false }
  for (const [name, flag] of Object.entries(own))
    given[name] = flag.kind === 'text' ? flag.initial : flag.kind === 'list' ? [] : false
  const args: string[] = []
  const rest = [...tokens]
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    if (token === '--') args.push(...rest.splice(0))
    else if (token.startsWith('--')) readLong(token, flags, rest, given)
    else if (token.startsWith('-') && token !== '-') readShorts(token, flags, rest, given)
    else args.push(token)
  }
  const { help, ...values } = given
  return { values: values as Values<F>, args, help: help === true }
}

function readLong(token: string, flags: Flags, rest: string[], given: Given): void {
  const [name, value] = cut(token.slice(2))
  if (name === '' || name.startsWith('-')) throw new CtlError(`bad flag syntax: ${token}`)
  const flag = flags[name]
  if (!flag) throw new CtlError(`unknown flag: --${name}`)
  set(name, flag, value ?? (flag.kind === 'switch' ? 'true' : rest.shift()), `--${name}`, given)
}

/** `-Rf x`: switches, and at the end perhaps one with a value, which may follow at once. */
function readShorts(token: string, flags: Flags, rest: string[], given: Given): void {
  for (let at = 1; at < token.length; at++) {
    const short = token.charAt(at)
    const [name, flag] = Object.entries(flags).find(([, known]) => known.short === short) ?? []
    if (name === undefined || !flag) throw new CtlError(`unknown shorthand flag: '${short}' in ${token}`)
    const after = token.slice(at + 1)
    const isAssigned = after.startsWith('=')
    if (flag.kind === 'switch' && !isAssigned) set(name, flag, 'true', '', given)
    else {
      const value = isAssigned ? after.slice(1) : after === '' ? rest.shift() : after
      set(name, flag, value, `'${short}' in ${token}`, given)
      return
    }
  }
}

function set(name: string, flag: Flag, value: string | undefined, shown: string, given: Given): void {
  if (value === undefined) throw new CtlError(`flag needs an argument: ${shown}`)
  if (flag.kind === 'switch') given[name] = readBoolean(value, name, flag)
  else if (flag.kind === 'list') (given[name] as string[]).push(value)
  else given[name] = value
}

const booleans: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])),
}

/** As Go's strconv.ParseBool; undefined for what is none. */
export function parseBoolean(text: string): boolean | undefined {
  return Object.hasOwn(booleans, text) ? booleans[text] : undefined
}

function readBoolean(text: string, name: string, { short }: Flag): boolean {
  const value = parseBoolean(text)
  if (value !== undefined) return value
  const shown = short === undefined ? `--${name}` : `-${short}, --${name}`
  throw new CtlError(
    `invalid argument ${JSON.stringify(text)} for "${shown}" flag: strconv.ParseBool: parsing ${JSON.stringify(text)}: ` +
      'invalid syntax',
  )
}

/** `a=b` at the first `=`. */
function cut(text: string): [before: string, after: string | undefined] {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Whether the token after this one is its value, by what any of `commands` says of the flag. */
export function takesNext(token: string, known: readonly Flags[]): boolean {
  if (token.includes('=') || token === '--') return false
  const isNamed = token.startsWith('--')
    ? (name: string): boolean => name === token.slice(2)
    : (_name: string, flag: Flag): boolean => token.length === 2 && flag.short === token.charAt(1)
  const found = known.flatMap((flags) => Object.entries(flags)).filter(([name, flag]) => isNamed(name, flag))
  return found.length > 0 && found.every(([, flag]) => flag.kind !== 'switch')
}
