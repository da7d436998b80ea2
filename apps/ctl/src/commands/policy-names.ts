import { type KeyRow, keyTable, type RawEntry } from '@tortie/datastore'
import { formatJson, type JsonObject, type Metadata, parseJson, wellKnown } from '@tortie/model'
import type { CommandContext, ExitCode } from '../shell.ts'

/** Those whose keys older releases wrote as `default.NAME`, in the tier `default`. */
const policyKinds = [
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
] as const

/**
 * `datastore migrate-policy-names`: each policy gets the key that its name says (spec 01 §5.4). The new key is written
 * before the old one goes, so the policy is in force all the time; cut short, the same again finishes it.
 */
export async function migratePolicyNames({ connection, shell, call }: CommandContext): Promise<ExitCode> {
  const { store } = connection
  let migrated = 0
  for (const kind of policyKinds) {
    const row = keyTable[kind] as unknown as KeyRow
    const { entries } = await store.list(row.range({ kind }), call)
    for (const entry of entries) {
      if (await migrate(entry, row, { connection, call })) migrated++
    }
  }
  shell.stdout(`Policy name migration complete, migrated ${migrated} policies.\n`)
  return 0
}

/** Over again when someone changes the policy meanwhile, with what it is then. */
async function migrate(
  entry: RawEntry,
  row: KeyRow,
  { connection, call }: Pick<CommandContext, 'connection' | 'call'>,
): Promise<boolean> {
  const { store } = connection
  const renamed = underItsName(entry, row)
  if (!renamed) return false
  const written = await store.compareAndSwap(renamed.key, 'absent', renamed.value, call)
  const removed = await store.compareAndSwap(entry.key, { revision: entry.revision }, undefined, call)
  if (removed.done || !removed.current) return true
  if (written.done) await store.compareAndSwap(renamed.key, { revision: written.revision }, undefined, call)
  return await migrate(removed.current, row, { connection, call })
}

/** undefined when it is already, or when the key is no policy's. */
function underItsName({ key, value }: RawEntry, row: KeyRow): Pick<RawEntry, 'key' | 'value'> | undefined {
  const stored = row.parse(key)
  if (stored === undefined) return undefined
  const name = nameIn(value, stored.name)
  if (name === stored.name) return undefined
  const named = { ...stored, name }
  return { key: row.format(named), value: formatJson(row.encode(row.decode(named, parseJson(value) as JsonObject))) }
}

/** The name as Calico reads it: what the annotation keeps, else that of the key without the tier. Spec 01 §2.2 */
function nameIn(value: string, keyName: string): string {
  const { metadata, spec } = parseJson(value) as {
    readonly metadata?: Metadata
    readonly spec?: { readonly tier?: string }
  }
  const kept = metadata?.annotations?.[wellKnown.metadataAnnotation]
  if (kept) return (parseJson(kept) as { readonly name?: string }).name || keyName
  return spec?.tier && spec.tier !== 'default' ? keyName : keyName.replace(/^default\./, '')
}
