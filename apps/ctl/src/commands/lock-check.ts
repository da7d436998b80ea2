import { findResource } from '@tortie/datastore'
import { CtlError } from '../errors.ts'
import type { CommandContext } from '../shell.ts'

/** @param purpose `to begin migration`, after `in order`. @throws CtlError unless the datastore is locked */
export async function checkLocked(
  purpose: string,
  { connection, call }: Pick<CommandContext, 'connection' | 'call'>,
): Promise<void> {
  const key = { kind: 'ClusterInformation', name: 'default' } as const
  const information = await findResource(connection.datastore, key, call)
  if (information?.spec.datastoreReady === false) return
  throw new CtlError(
    `datastore is not locked. Run the \`calicoctl datastore migrate lock\` command in order ${purpose}`,
  )
}
