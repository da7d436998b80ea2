import { isDatastoreError } from '@tortie/datastore'
import { calicoVersion } from '@tortie/model'
import { CtlError, messageOf } from '../errors.ts'
import type { CommandContext, ExitCode, Shell } from './command.ts'

const line = (label: string, value: string): string => `${`${label}:`.padEnd(19)}${value}\n`

export function printClientVersion(shell: Shell): void {
  shell.stdout(line('Client Version', calicoVersion))
  shell.stdout(line('Git commit', 'unknown'))
}

/** Spec 06 §11.1. */
export async function printClusterVersion({ connection, shell, call }: CommandContext): Promise<ExitCode> {
  try {
    const { spec } = await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)
    shell.stdout(line('Cluster Version', spec.calicoVersion || 'unknown'))
    shell.stdout(line('Cluster Type', spec.clusterType || 'unknown'))
    return 0
  } catch (error) {
    throw new CtlError(`unable to retrieve Cluster Version or Type: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * Refuses to go on where the cluster follows another release (spec 06 §3). Suffixes do not count; a cluster that says
 * nothing passes. @throws CtlError
 */
export async function checkVersions({ connection, call }: CommandContext): Promise<void> {
  const override = 'Use --allow-version-mismatch to override'
  let cluster: string | undefined
  try {
    cluster = (await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)).spec.calicoVersion
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) return
    throw new CtlError(`unable to get Cluster Information to verify version mismatch: ${messageOf(error)}\n${override}`)
  }
  const plain = (version: string): string => version.replace(/^v/, '').replace(/-.*$/, '')
  if (!cluster || plain(cluster) === plain(calicoVersion)) return
  throw new CtlError(
    `version mismatch.\nClient Version:   ${calicoVersion}\nCluster Version:  ${plain(cluster)}\n${override}`,
  )
}
