import { type Command, isGroup } from './command.ts'
import type { Flag, Flags } from './flags.ts'

/** What `--help` shows of a command. @param path from the program's name on */
export function formatHelp(command: Command, path: readonly string[], globals: Flags): string {
  const name = path.join(' ')
  const parts = [command.about ?? command.summary]
  if (isGroup(command)) {
    const shown = command.commands.filter(({ hidden }) => !hidden)
    const width = Math.max(...shown.map((inner) => inner.name.length))
    const rows = shown.map((inner) => `  ${inner.name.padEnd(width)}   ${inner.summary}`)
    parts.push(`Usage:\n  ${name} [command]`, `Commands:\n${rows.join('\n')}`)
  } else {
    parts.push(`Usage:\n  ${[name, command.usage, '[flags]'].filter(Boolean).join(' ')}`)
    if (command.example !== undefined) parts.push(`Example:\n  ${command.example}`)
    if (Object.keys(command.flags).length > 0) parts.push(`Flags:\n${formatFlags(command.flags)}`)
  }
  parts.push(
    `Flags of every command:\n${formatFlags({ ...globals, help: { kind: 'switch', short: 'h', help: 'this' } })}`,
  )
  if (isGroup(command)) parts.push(`More of one: ${name} [command] --help`)
  return `${parts.join('\n\n')}\n`
}

function formatFlags(flags: Flags): string {
  const rows = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .map(([name, flag]) => [nameOf(name, flag), helpOf(flag)] as const)
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}   ${right}`).join('\n')
}

function nameOf(name: string, { short, kind }: Flag): string {
  return `${short === undefined ? '     ' : `  -${short},`} --${name}${kind === 'switch' ? '' : ' VALUE'}`
}

function helpOf(flag: Flag): string {
  return flag.kind === 'text' && flag.initial !== '' ? `${flag.help} (${flag.initial})` : flag.help
}
