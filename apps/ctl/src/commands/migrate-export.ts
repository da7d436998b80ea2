import { isDeepStrictEqual } from 'node:util'
import { type Datastore, parseKey, prefixRange } from '@tortie/datastore'
import { type AnyResource, defaultAllowProfile } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { CtlError } from '../errors.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { checkLocked } from './lock-check.ts'
import { formatMigration, migratedKinds, migrationId } from './migration-file.ts'

/**
 * Writes the whole datastore to standard output. It has to be locked, and is read twice: what changed between is an
 * error. Entries that hold no resource are told on standard error. Spec 06 §11.5.
 */
export async function exportDatastore(context: CommandContext): Promise<ExitCode> {
  const { connection, shell, call } = context
  await checkLocked('to begin migration', context)
  const resources = await readAll(connection.datastore, call)
  const information = await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)
  if (!isDeepStrictEqual(resources, await readAll(connection.datastore, call)))
    throw new CtlError(
      'the datastore changed while it was read, though it is locked: stop what writes to it, then try again',
    )
  const exported = new Set(resources.map(migrationId))
  const { entries } = await connection.store.list(prefixRange('/'), call)
  for (const { key } of entries)
    if (!exported.has(key) && parseKey(key)?.kind !== 'ClusterInformation')
      shell.stderr(`[WARNING] not exported, because it holds no resource that can be read: ${key}\n`)
  const { resourceVersion: _, ...metadata } = information.metadata
  shell.stdout(formatMigration({ information: { ...information, metadata }, resources }))
  return 0
}

/** Without revisions, in the order of migration. */
export async function readAll(datastore: Datastore, call: Call): Promise<AnyResource[]> {
  const all: AnyResource[] = []
  for (const kind of migratedKinds()) {
    const { items } = await datastore.list({ kind }, call)
    for (const item of items) {
      if (kind === 'Profile' && item.metadata.name === defaultAllowProfile.metadata.name) continue
      const { resourceVersion: _, ...metadata } = item.metadata
      all.push({ ...item, metadata } as AnyResource)
    }
  }
  return all
}
