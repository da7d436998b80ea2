import {
  foreseeMigration,
  type MigrationPlan,
  type MigrationProgress,
  type MigrationReport,
  type MigrationStores,
  migrate,
} from '@tortie/datastore/migration'
import type { Call } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { CtlError } from '../errors.ts'
import type { ExitCode, Shell } from '../shell.ts'

export interface CopyOptions {
  readonly dryRun: boolean
  /** How long what had begun before the lock is given to end. */
  readonly drainMs: number
  /** The configuration of the target, for what is said at the end. */
  readonly toConfig: string
}

/**
 * Moves everything from one store to another, key for key; both are locked, and stay so. Cut short, the same again goes
 * on. @throws CtlError, MigrationError
 */
export async function copyDatastore(
  stores: MigrationStores,
  { dryRun, drainMs, toConfig }: CopyOptions,
  shell: Shell,
  call: Call,
): Promise<ExitCode> {
  if (stores.source.name === stores.target.name)
    throw new CtlError(`both configurations name the same datastore: ${stores.source.name}`)
  if (dryRun) {
    shell.stdout(describePlan(await foreseeMigration(stores, call)))
    return 0
  }
  const onProgress = (progress: MigrationProgress): void => shell.stderr(describeProgress(progress))
  const report = await migrate(stores, { clock: systemClock, drainMs, onProgress }, call)
  shell.stdout(describeReport(report))
  const name = /\s/.test(toConfig) ? JSON.stringify(toConfig) : toConfig
  shell.stdout(
    'Both datastores are locked. Start the components on the new one, then run: ' +
      `tortiectl datastore migrate unlock --config ${name}\n`,
  )
  return 0
}

function describePlan({ steps, entries, same, leftOut }: MigrationPlan): string {
  const deletions = steps.filter(({ value }) => value === undefined).length
  return [
    `Would copy ${entries - same} of ${entries} entries.\n`,
    same > 0 ? `${same} are there already.\n` : '',
    deletions > 0 ? `Would delete ${deletions} that the source no longer has.\n` : '',
    steps.some(({ phase }) => phase === 'lock') ? 'Would lock the source first.\n' : '',
    describeLeftOut(leftOut),
    'Dry run: nothing was written.\n',
  ].join('')
}

/** Entries are told by the thousand. */
const progressEvery = 1_000

function describeProgress({ phase, done, total }: MigrationProgress): string {
  if (phase === 'lock') return 'locked the source; what has begun is given time to end\n'
  if (phase === 'claim') return 'locked the target\n'
  if (phase !== 'copy' || (done % progressEvery !== 0 && done !== total)) return ''
  return `copied ${done} of ${total} entries\n`
}

function describeReport({ entries, written, deleted, leftOut }: MigrationReport): string {
  return [
    `Successfully copied ${written} of ${entries} entries; both datastores were read again and hold the same.\n`,
    written < entries ? 'The others were there already.\n' : '',
    deleted > 0 ? `Deleted ${deleted} that the source no longer has.\n` : '',
    describeLeftOut(leftOut),
  ].join('')
}

function describeLeftOut({ length }: readonly string[]): string {
  return length > 0 ? `Left out ${length} reports of running agents, which write them anew.\n` : ''
}
