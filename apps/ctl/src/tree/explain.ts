import { leaf } from '../cli/command.ts'

export const explain = leaf({
  name: 'explain',
  usage: 'KIND[.FIELD...]',
  summary: 'Show the fields of a kind, or of a field',
  example: 'tortiectl explain networkPolicy.spec.ingress',
  args: { exactly: 1 },
  flags: {},
  async run({ args: [path = ''], shell }) {
    const commands = await import('../commands/explain.ts')
    shell.stdout(commands.explain(path))
    return 0
  },
})
