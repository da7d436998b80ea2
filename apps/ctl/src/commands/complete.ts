import { kinds } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { silentLog } from '@tortie/runtime'
import { type Command, type Group, isGroup, type Leaf } from '../cli/command.ts'
import { type Flag, type Flags, parseFlags, takesNext } from '../cli/flags.ts'
import { kindOf } from '../input/kinds.ts'
import { shownKinds } from '../output/columns.ts'
import type { Shell } from '../shell.ts'
import { defaultConfig } from '../tree/common.ts'

/** A word that may stand at the cursor, and what it means. */
export interface Candidate {
  readonly word: string
  readonly about?: string
}

interface Situation {
  readonly root: Group
  readonly globals: Flags
  readonly shell: Pick<Shell, 'environment'>
  readonly call: Call
}

/**
 * What may stand at the cursor: commands, flags, their values, kinds, names of resources. None where a file may stand.
 * @param words what follows the program's name, up to the cursor; the last is the one that is being typed
 */
export async function complete(words: readonly string[], situation: Situation): Promise<Candidate[]> {
  const [current = '', ...before] = joined(words).reverse()
  const found = descend(situation, before.reverse())
  if (found === undefined) return []
  const { command, rest } = found
  const candidates = await candidatesFor(command, rest, current, situation)
  return candidates.filter(({ word }) => word.startsWith(current))
}

/** bash cuts `--output=wide` at the `=`. */
function joined(words: readonly string[]): string[] {
  const result: string[] = []
  for (const [at, word] of words.entries()) {
    const previous = result.at(-1)
    const isCut = word === '=' || words[at - 1] === '='
    if (isCut && previous?.startsWith('-')) result[result.length - 1] = previous + word
    else result.push(word)
  }
  return result
}

/** The command that the words lead to, and those that lead nowhere; undefined when one should be a command and is none. */
function descend(
  { root, globals }: Situation,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  let command: Command = root
  const rest: string[] = []
  for (const [at, word] of words.entries()) {
    const isFlag = word.startsWith('-') || takesNext(words[at - 1] ?? '', [flagsOf(command, globals)])
    if (isFlag || !isGroup(command)) rest.push(word)
    else {
      const next: Command | undefined = command.commands.find(({ name }) => name === word)
      if (next === undefined) return undefined
      command = next
    }
  }
  return { command, rest }
}

function flagsOf(command: Command, globals: Flags): Flags {
  return isGroup(command) ? globals : { ...command.flags, ...globals }
}

async function candidatesFor(
  command: Command,
  rest: readonly string[],
  current: string,
  situation: Situation,
): Promise<Candidate[]> {
  const flags = flagsOf(command, situation.globals)
  const previous = rest.at(-1) ?? ''
  if (takesNext(previous, [flags])) return valuesOf(flagNamed(previous, flags))
  const [, name] = /^(--?[^=]+)=/.exec(current) ?? []
  if (name !== undefined)
    return valuesOf(flagNamed(name, flags)).map(({ word, ...other }) => ({ ...other, word: `${name}=${word}` }))
  if (current.startsWith('-')) return flagCandidates(flags)
  if (isGroup(command)) return commandCandidates(command)
  return await argumentCandidates(command, rest, situation)
}

function flagNamed(token: string, flags: Flags): Flag | undefined {
  if (token.startsWith('--')) return flags[token.slice(2)]
  return Object.values(flags).find(({ short }) => `-${short}` === token)
}

function valuesOf(flag: Flag | undefined): Candidate[] {
  return (flag?.choices ?? []).map((word) => ({ word }))
}

function flagCandidates(flags: Flags): Candidate[] {
  return Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .map(([name, { help }]) => ({ word: `--${name}`, about: help }))
}

function commandCandidates({ commands }: Group): Candidate[] {
  return commands.filter(({ hidden }) => !hidden).map(({ name, summary }) => ({ word: name, about: summary }))
}

/** By the usage of the command: `[KIND [NAME...]]`. */
async function argumentCandidates(command: Leaf, rest: readonly string[], situation: Situation): Promise<Candidate[]> {
  if (command.choices) return command.choices.map((word) => ({ word }))
  if (!/^\[?KIND/.test(command.usage ?? '')) return []
  try {
    const { values, args } = parseFlags({ ...situation.globals, ...command.flags }, rest)
    const [kind] = args
    if (kind === undefined) return shownKinds().map((shown) => ({ word: kinds[kindOf(shown)].plural, about: shown }))
    const { config, namespace } = values as Readonly<Record<string, unknown>>
    const chosen = { config: String(config ?? defaultConfig), namespace: String(namespace ?? '') || 'default' }
    return /NAME/.test(command.usage ?? '') ? await nameCandidates(kind, args.slice(1), chosen, situation) : []
  } catch {
    // Whatever is wrong, the command itself says it.
    return []
  }
}

async function nameCandidates(
  kindName: string,
  given: readonly string[],
  { config, namespace }: { readonly config: string; readonly namespace: string },
  { shell, call }: Situation,
): Promise<Candidate[]> {
  const kind = kindOf(kindName)
  const { connect } = await import('../connection.ts')
  await using connection = await connect(config, shell.environment, { log: silentLog, access: 'use' }, call)
  const within = kinds[kind].namespaced ? { namespace } : {}
  const { items } = await connection.datastore.list({ kind, ...within }, call)
  return items.map(({ metadata }) => ({ word: metadata.name })).filter(({ word }) => !given.includes(word))
}
