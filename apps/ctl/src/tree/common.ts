import type { Invocation } from '../cli/command.ts'
import type { Flags } from '../cli/flags.ts'
import type { Access } from '../connection.ts'
import { CtlError, messageOf, worded } from '../errors.ts'
import { createLog } from '../output/log.ts'
import type { CommandContext, ExitCode } from '../shell.ts'

export const defaultConfig = '/etc/calico/calicoctl.cfg'

export const configFlag = {
  config: { kind: 'text', short: 'c', initial: defaultConfig, help: 'connection configuration, YAML or JSON' },
} as const satisfies Flags

/** What a command needs of the store, and how it words what keeps it from its work. */
export interface Manner {
  /** Default: `use`. */
  readonly access?: Access
  /** Default: the store's own message. */
  readonly unopened?: (error: unknown) => unknown
  /** Default: the guard's own message; `false`: the command is not guarded (spec 06 §3). */
  readonly guarded?: ((error: unknown) => unknown) | false
  /** It only reads: another release of the cluster is no more than a warning. */
  readonly onlyReads?: boolean
}

/** Of the commands on resources (spec 06 §2, §12). */
export const resourceManner: Manner = {
  unopened: (error) => new CtlError(`Failed to create Calico API client: ${messageOf(error)}`, { stream: 'stdout' }),
}

type Given = Pick<Invocation<typeof configFlag>, 'values' | 'globals' | 'shell' | 'call'>

/** Runs `work` with an open store, after the version guard. */
export async function connected(
  { values, globals, shell, call }: Given,
  work: (context: CommandContext) => Promise<ExitCode>,
  { access = 'use', unopened = (error) => error, guarded = (error) => error, onlyReads = false }: Manner = {},
): Promise<ExitCode> {
  const { connect } = await import('../connection.ts')
  const log = createLog(globals['log-level'], shell)
  await using connection = await worded(
    (error) => (isAboutConfig(error) ? error : unopened(error)),
    () => connect(values.config, shell.environment, { log, access }, call),
  )
  const context = { connection, shell, call }
  if (guarded !== false && !globals['allow-version-mismatch']) {
    const { checkVersions } = await import('../commands/version.ts')
    await worded(guarded, () => checkVersions(context, { onlyReads }))
  }
  return await work(context)
}

/** `Error reading config file: …` is the same everywhere. */
function isAboutConfig(error: unknown): boolean {
  return error instanceof CtlError && error.stream === 'stdout'
}
