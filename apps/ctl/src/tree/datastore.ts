import { isModelError, parseDuration } from '@tortie/model'
import { type Group, leaf } from '../cli/command.ts'
import { CtlError } from '../errors.ts'
import { createLog } from '../output/log.ts'
import { configFlag, connected, defaultConfig } from './common.ts'

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

const copying = leaf({
  name: 'copy',
  summary: 'Move everything into another datastore, byte for byte; both stay locked',
  about:
    'Move everything into another datastore, byte for byte: embedded to etcd, etcd to embedded, or to another of the same ' +
    'kind. Both are locked first and stay so. Cut short, the same command goes on.',
  example: 'tortiectl datastore migrate copy --from-config old.cfg --to-config new.cfg --dry-run',
  flags: {
    'from-config': { kind: 'text', initial: defaultConfig, help: 'connection configuration of what is moved' },
    'to-config': { kind: 'text', initial: '', help: 'connection configuration of where it is moved to' },
    drain: { kind: 'text', initial: '10s', help: 'how long what had begun before the lock is given to end' },
    'dry-run': { kind: 'switch', help: 'check everything and say what would be done, but write nothing' },
  },
  required: ['to-config'],
  async run({ values, globals, shell, call }) {
    const drainMs = readDuration(values.drain)
    const { connect } = await import('../connection.ts')
    const { copyDatastore } = await import('../commands/migrate-copy.ts')
    const log = createLog(globals['log-level'], shell)
    const [dryRun, toConfig] = [values['dry-run'], values['to-config']]
    const [read, write] = dryRun ? (['try', 'try to make'] as const) : (['use', 'make'] as const)
    await using from = await connect(values['from-config'], shell.environment, { log, access: read }, call)
    await using to = await connect(toConfig, shell.environment, { log, access: write }, call)
    return await copyDatastore({ source: from.store, target: to.store }, { dryRun, drainMs, toConfig }, shell, call)
  },
})

/** @throws CtlError */
function readDuration(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    if (isModelError(error, 'model/bad-value'))
      throw new CtlError(`invalid --drain: ${error.message}`, { cause: error })
    throw error
  }
}

const policyNames = leaf({
  name: 'migrate-policy-names',
  summary: 'Give policies that an older release wrote the keys that their names say',
  args: { exactly: 0 },
  flags: configFlag,
  async run(invocation) {
    const { migratePolicyNames } = await import('../commands/policy-names.ts')
    return await connected(invocation, migratePolicyNames)
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
        copying,
      ],
    },
    policyNames,
  ],
}
