import { type Group, leaf } from '../cli/command.ts'
import { configFlag, connected } from './common.ts'

const locking = (name: 'lock' | 'unlock', summary: string) =>
  leaf({
    name,
    summary,
    flags: configFlag,
    async run(invocation) {
      const { setLock } = await import('../commands/lock.ts')
      return await connected(invocation, (context) => setLock(name === 'lock', context))
    },
  })

const exporting = leaf({
  name: 'export',
  summary: 'Write everything that is in the datastore to standard output',
  about: 'Write everything that is in the datastore to standard output. It has to be locked.',
  example: 'tortiectl datastore migrate export > cluster.yaml',
  flags: configFlag,
  async run(invocation) {
    const { exportDatastore } = await import('../commands/migrate-export.ts')
    return await connected(invocation, exportDatastore)
  },
})

const importing = leaf({
  name: 'import',
  summary: 'Write an export into an empty datastore, which stays locked',
  example: 'tortiectl datastore migrate import -f cluster.yaml',
  flags: {
    filename: { kind: 'text', short: 'f', initial: '', help: 'what export has written, - for standard input' },
    'dry-run': { kind: 'switch', help: 'check everything and say what would be done, but write nothing' },
    ...configFlag,
  },
  required: ['filename'],
  async run(invocation) {
    const { values, shell } = invocation
    const { readText } = await import('../input/files.ts')
    const { parseMigration } = await import('../commands/migration-file.ts')
    const { importDatastore } = await import('../commands/migrate-import.ts')
    const text = values.filename === '-' ? await shell.stdin() : readText(values.filename)
    const migration = parseMigration(text, values.filename)
    const dryRun = values['dry-run']
    const manner = { access: dryRun ? 'try to make' : 'make', guarded: false } as const
    return await connected(invocation, (context) => importDatastore(migration, { dryRun }, context), manner)
  },
})

export const datastore: Group = {
  name: 'datastore',
  summary: 'The datastore as a whole',
  commands: [
    {
      name: 'migrate',
      summary: 'Moving to another datastore',
      commands: [
        locking('lock', 'Keep components from changing addresses and pods'),
        locking('unlock', 'Let them go on'),
        exporting,
        importing,
      ],
    },
  ],
}
