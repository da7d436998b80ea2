import { setTimeout as delay } from 'node:timers/promises'
import { ensureInitialized, isDatastoreError } from '@tortie/datastore'
import type { AnyResource, Kind } from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError } from '../errors.ts'
import type { InputObject } from '../input/documents.ts'
import { inNamespace } from '../input/namespaces.ts'
import { reportOutcome, type Verb } from '../output/messages.ts'
import type { CommandContext, ExitCode } from './command.ts'

export interface WriteOptions {
  readonly namespace: string
  /** Count an object that is there already (create), or is not (delete), as done. */
  readonly tolerate: boolean
}

type Write = (resource: AnyResource, context: CommandContext) => Promise<unknown>

const writes: Readonly<Record<Verb, Write>> = {
  create: (resource, { connection, call }) => connection.client.of(resource.kind).create(sentMetadata(resource), call),
  apply: (resource, { connection, call }) => connection.client.of(resource.kind).apply(resource, call),
  replace,
  delete: ({ kind, metadata: { name, namespace } }, { connection, call }) =>
    connection.client.of(kind).delete({ kind, name, ...(namespace !== undefined && { namespace }) }, {}, call),
}

/** One verb over many objects; goes on after an error, as scripts rely on. Spec 06 §8, §9. */
export async function writeObjects(
  verb: Verb,
  objects: readonly InputObject[],
  { namespace, tolerate }: WriteOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { shell, call } = context
  if (verb !== 'delete' && objects.length > 0) await initialize(context)
  const errors: unknown[] = []
  let succeeded = 0
  for (const { resource, place } of objects) {
    try {
      if (resource.kind === 'ClusterInformation')
        throw new CtlError(`operation ${verb} is not supported on ClusterInformation: resource is readonly`)
      if (!resource.metadata?.name) throw new CtlError(`resource name may not be empty (${place})`)
      await writes[verb](inNamespace(resource, namespace), context)
      succeeded++
    } catch (error) {
      call.signal.throwIfAborted()
      const expected = verb === 'create' ? 'AlreadyExists' : 'DoesNotExist'
      if (tolerate && isDatastoreError(error, expected)) succeeded++
      else errors.push(objects.length > 1 ? placed(error, place) : error)
    }
  }
  const kinds = new Set<Kind>(objects.map(({ resource }) => resource.kind))
  const [kind] = kinds
  const printed = reportOutcome(verb, {
    total: objects.length,
    succeeded,
    errors,
    kind: kinds.size === 1 ? kind : undefined,
  })
  shell.stdout(printed.stdout)
  shell.stderr(printed.stderr)
  return errors.length === 0 ? 0 : 1
}

function placed(error: unknown, place: string): unknown {
  return error instanceof Error && !error.message.includes(place)
    ? new CtlError(`${error.message} (${place})`, { cause: error })
    : error
}

/** Best effort, as calicoctl: a store that cannot be initialised says so at the write itself. */
async function initialize({ connection, call }: CommandContext): Promise<void> {
  const ports = { clock: systemClock, random: systemRandom }
  await ensureInitialized(connection.datastore, {}, ports, call).catch(() => undefined)
}

/** Of the metadata only these are the user's to set. */
function sentMetadata<R extends AnyResource>(resource: R): R {
  const { name, namespace, resourceVersion, labels, annotations } = resource.metadata
  return {
    ...resource,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
  }
}

const tries = 5

/** Labels and annotations wholesale from the file, all other metadata from the store. With a revision given: one try. */
async function replace(resource: AnyResource, context: CommandContext): Promise<unknown> {
  const { connection, call } = context
  const { kind, metadata } = resource
  const key = { kind, name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) }
  for (let attempt = 1; ; attempt++) {
    const stored = await connection.client.of(kind).get(key, call)
    const { labels: _labels, annotations: _annotations, ...kept } = stored.metadata
    const merged = {
      ...resource,
      metadata: {
        ...kept,
        ...(metadata.labels !== undefined && { labels: metadata.labels }),
        ...(metadata.annotations !== undefined && { annotations: metadata.annotations }),
        ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
      },
    } as AnyResource
    try {
      return await connection.client.of(kind).update(merged, call)
    } catch (error) {
      if (!isDatastoreError(error, 'Conflict') || metadata.resourceVersion !== undefined || attempt === tries)
        throw error
      await delay(100 * attempt, undefined, { signal: call.signal })
    }
  }
}
