import { isDatastoreError } from '@tortie/datastore'
import type { AnyResource, Kind } from '@tortie/model'
import { CtlError, messageOf } from '../errors.ts'
import { namespaceFor } from '../input/namespaces.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { checkWritable } from './write.ts'

interface Label {
  readonly key: string
  readonly value: string
}

export interface LabelChange extends Label {
  /** As the user wrote it. */
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly overwrite: boolean
  readonly remove: boolean
}

/** `KEY=VALUE`, or `KEY` alone to remove it. @throws CtlError */
export function readLabel(text: string, remove: boolean): Label {
  const at = text.indexOf('=')
  if (remove) return { key: text, value: '' }
  if (at < 0) throw new CtlError(`invalid label ${text}`)
  return { key: text.slice(0, at), value: text.slice(at + 1) }
}

/** Reads, changes one label, writes over the revision that was read. Spec 06 §9. @throws CtlError */
export async function setLabel(
  kind: Kind,
  change: LabelChange,
  { connection, shell, call }: CommandContext,
): Promise<ExitCode> {
  const { key, name, remove } = change
  const what = `${change.kind} ${name}`
  const client = connection.client.of(kind)
  const namespace = namespaceFor({ kind }, change.namespace)
  let stored: AnyResource
  try {
    stored = await client.get({ kind, name, ...(namespace !== undefined && { namespace }) }, call)
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) throw new CtlError(`${what} not found`, { cause: error })
    throw new CtlError(`failed to get ${what}, error ${messageOf(error)}`, { cause: error })
  }
  const { labels, done } = changed(stored.metadata.labels ?? {}, change, what)
  try {
    checkWritable('label', stored)
    await client.update({ ...stored, metadata: { ...stored.metadata, labels } } as typeof stored, call)
  } catch (error) {
    throw new CtlError(`failed to update ${what}, label not changed: ${messageOf(error)}`, { cause: error })
  }
  shell.stdout(`Successfully ${done} label ${key} ${remove ? 'from' : 'on'} ${what}\n`)
  return 0
}

function changed(
  labels: Readonly<Record<string, string>>,
  { key, value, remove, overwrite }: LabelChange,
  what: string,
): { readonly labels: Readonly<Record<string, string>>; readonly done: string } {
  const isThere = Object.hasOwn(labels, key)
  if (remove) {
    if (!isThere) throw new CtlError(`cannot remove label of ${what}, key ${key} does not exist`)
    const { [key]: _, ...others } = labels
    return { labels: others, done: 'removed' }
  }
  if (isThere && labels[key] !== value && !overwrite)
    throw new CtlError(
      `failed to update label of ${what}, key ${key} is already present. please use '--overwrite' to set a new value`,
    )
  return { labels: { ...labels, [key]: value }, done: isThere ? 'updated' : 'set' }
}
