import { type Command, type Group, leaf } from '../cli/command.ts'
import { globals } from '../cli/globals.ts'
import { CtlError } from '../errors.ts'

const shells = ['bash', 'zsh', 'fish'] as const

const completion = leaf({
  name: 'completion',
  usage: 'bash | zsh | fish',
  summary: 'Write a script that completes command lines',
  example: 'source <(tortiectl completion bash)',
  args: { exactly: 1 },
  choices: shells,
  flags: {},
  async run({ args, shell }) {
    const { completionScripts } = await import('../commands/completion-scripts.ts')
    const wanted = shells.find((name) => name === args[0])
    if (wanted === undefined) throw new CtlError(`unknown shell '${args[0]}': use ${shells.join(', ')}`)
    shell.stdout(completionScripts[wanted](shell.name))
    return 0
  },
})

/** What the script asks, with the words of the command line after `--`. @param others what can be completed besides */
export function completing(others: readonly Command[]): readonly Command[] {
  const answer = leaf({
    name: '__complete',
    summary: 'Say what may stand at the end of a command line',
    hidden: true,
    flags: {},
    async run({ args, shell, call }) {
      const { complete } = await import('../commands/complete.ts')
      const root: Group = { name: shell.name, summary: '', commands: [...others, completion] }
      for (const { word, about } of await complete(args, { root, globals, shell, call }))
        shell.stdout(about === undefined ? `${word}\n` : `${word}\t${about}\n`)
      return 0
    },
  })
  return [...others, completion, answer]
}
