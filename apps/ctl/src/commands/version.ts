import { isDatastoreError } from '@tortie/datastore'
import { calicoVersion, parseDuration } from '@tortie/model'
import { systemClock } from '@tortie/runtime/system'
import { CtlError, messageOf } from '../errors.ts'
import type { CommandContext, ExitCode, Shell } from '../shell.ts'

const line = (label: string, value: string): string => `${`${label}:`.padEnd(19)}${value}\n`

/** Milliseconds; 0 for no `--poll`. @throws CtlError */
export function readPoll(text: string): number {
  if (text === '') return 0
  try {
    const ms = parseDuration(text)
    if (ms >= 0) return ms
  } catch {
    // Below.
  }
  throw new CtlError(`invalid poll duration specified: ${text}; write 5s or 1m30s`)
}

export function printClientVersion(shell: Shell): void {
  shell.stdout(line('Client Version', calicoVersion))
  shell.stdout(line('Git commit', 'unknown'))
}

/** With `pollMs`, again and again, and only what is new. Spec 06 §11.1. @throws CtlError */
export async function printClusterVersion(pollMs: number, context: CommandContext): Promise<ExitCode> {
  const { shell, call } = context
  let shown = new Map<string, string>()
  for (;;) {
    try {
      const facts = await readVersion(context)
      for (const [label, value] of facts) if (shown.get(label) !== value) shell.stdout(line(label, value))
      shown = facts
    } catch (error) {
      call.signal.throwIfAborted()
      const failure = new CtlError(`unable to retrieve Cluster Version or Type: ${messageOf(error)}`, { cause: error })
      if (pollMs === 0) throw failure
      shell.stderr(`${failure.message}\n`)
      shown.clear()
    }
    if (pollMs === 0) return 0
    await systemClock.sleep(pollMs, call)
  }
}

export async function readVersion({ connection, call }: CommandContext): Promise<Map<string, string>> {
  const { spec } = await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)
  return new Map([
    ['Cluster Version', spec.calicoVersion || 'unknown'],
    ['Cluster Type', spec.clusterType || 'unknown'],
  ])
}

/**
 * Refuses to go on where the cluster follows another minor release (spec 06 §3); what only reads is warned (§13, 26).
 * Suffixes do not count, nor do patches; a cluster that says nothing passes. @throws CtlError
 */
export async function checkVersions(
  { connection, shell, call }: CommandContext,
  { onlyReads }: { readonly onlyReads: boolean },
): Promise<void> {
  const override = 'Use --allow-version-mismatch to override'
  let cluster: string | undefined
  try {
    cluster = (await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)).spec.calicoVersion
  } catch (error) {
    call.signal.throwIfAborted()
    if (isDatastoreError(error, 'DoesNotExist')) return
    throw new CtlError(`unable to get Cluster Information to verify version mismatch: ${messageOf(error)}\n${override}`)
  }
  if (!cluster || minorOf(cluster) === minorOf(calicoVersion)) return
  if (onlyReads) shell.stderr(`WARNING: version mismatch: client ${calicoVersion}, cluster ${plainVersion(cluster)}\n`)
  else
    throw new CtlError(
      `version mismatch.\nClient Version:   ${calicoVersion}\nCluster Version:  ${plainVersion(cluster)}\n${override}`,
    )
}

function plainVersion(version: string): string {
  return version.replace(/^v/, '').replace(/-.*$/s, '')
}

/** `3.32` of `v3.32.1-rc1`; of what is no such version, all of it. */
function minorOf(version: string): string {
  const plain = plainVersion(version)
  return /^\d+\.\d+(?=\.\d+$)/.exec(plain)?.[0] ?? plain
}
