import { setTimeout as delay } from 'node:timers/promises'
import { DatastoreError, describeKey, ensureInitialized, findResource, isDatastoreError } from '@tortie/datastore'
import { type AnyResource, kinds, unknownFields } from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError, messageOf } from '../errors.ts'
import { type InputObject, placed, singleKind } from '../input/documents.ts'
import { inNamespace } from '../input/namespaces.ts'
import { past, reportOutcome } from '../output/messages.ts'
import { createProgress } from '../output/progress.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { dryRunNote, foresee, formatForeseen } from './foresee.ts'

export interface WriteOptions {
  readonly namespace: string
  /** Count an object that is there already (create), or is not (delete), as done. */
  readonly tolerate: boolean
  /** The store is only tried: say what would be done. */
  readonly dryRun: boolean
}

type Verb = 'create' | 'apply' | 'replace' | 'delete'
type Write = (resource: AnyResource, context: CommandContext) => Promise<AnyResource>

const writes: Readonly<Record<Verb, Write>> = {
  create: (resource, { connection, call }) => connection.client.of(resource.kind).create(sentMetadata(resource), call),
  apply: (resource, { connection, call }) => connection.client.of(resource.kind).apply(sentMetadata(resource), call),
  replace,
  // A revision in the file has to be the latest, as with calicoctl, whatever spec 06 §8 says of it.
  delete: ({ kind, metadata: { name, namespace, resourceVersion } }, { connection, call }) =>
    connection.client
      .of(kind)
      .delete(
        { kind, name, ...(namespace !== undefined && { namespace }) },
        { ...(resourceVersion && { revision: resourceVersion }) },
        call,
      ),
}

/** One verb over many objects; goes on after an error, as scripts rely on. Spec 06 §8, §9. */
export async function writeObjects(
  verb: Verb,
  objects: readonly InputObject[],
  options: WriteOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { shell, call } = context
  await checkUnknownFields(objects, options.namespace, context)
  if (verb !== 'delete' && objects.length > 0) await initialize(context)
  const errors: unknown[] = []
  let succeeded = 0
  let misplaced = 0
  const progress = createProgress(past[verb], objects.length, shell, systemClock)
  for (const { resource, place } of objects) {
    try {
      const located = inNamespaceOf(resource, place, options.namespace)
      const written = await write(verb, located, options.tolerate, context)
      if (options.dryRun) shell.stdout(formatForeseen(await foresee(written, context)))
      succeeded++
    } catch (error) {
      call.signal.throwIfAborted()
      if (error instanceof Misplaced) misplaced++
      errors.push(objects.length > 1 ? placed(error, place) : error)
    }
    progress.step()
  }
  progress.end()
  const outcome = { total: objects.length, succeeded, misplaced, errors, kind: singleKind(objects) }
  const printed = reportOutcome(verb, outcome)
  shell.stdout(options.dryRun ? dryRunNote : printed.stdout)
  shell.stderr(printed.stderr)
  return errors.length === 0 ? 0 : 1
}

/**
 * A field that its kind does not have is a mistake, unless the stored object has it: a newer release wrote it there, and
 * what `get` shows can be given back. @throws CtlError
 */
export async function checkUnknownFields(
  objects: readonly InputObject[],
  namespace: string,
  { connection, call }: Pick<CommandContext, 'connection' | 'call'>,
): Promise<void> {
  for (const { resource, unknown } of objects) {
    if (!unknown) continue
    const stored = await findStored(resource, namespace, connection, call)
    const known = new Set(stored && unknownFields(stored))
    if (unknown.paths.some((path) => !known.has(path))) throw unknown.refusal
  }
}

async function findStored(
  { kind, metadata }: AnyResource,
  flag: string,
  { datastore }: CommandContext['connection'],
  call: CommandContext['call'],
): Promise<AnyResource | undefined> {
  const namespace = kinds[kind].namespaced ? metadata?.namespace || flag || 'default' : undefined
  if (!metadata?.name) return undefined
  return await findResource(
    datastore,
    { kind, name: metadata.name, ...(namespace !== undefined && { namespace }) },
    call,
  )
}

/** Refused before the store is asked. */
class Misplaced extends CtlError {}

export function inNamespaceOf(resource: AnyResource, place: string, flag: string): AnyResource {
  // A WorkloadEndpoint may be named by its spec.
  if (!resource.metadata || (!resource.metadata.name && resource.kind !== 'WorkloadEndpoint'))
    throw new CtlError(`resource name may not be empty (metadata.name of ${resource.kind}; ${place})`)
  try {
    return inNamespace(resource, flag)
  } catch (error) {
    throw new Misplaced(messageOf(error))
  }
}

/** What was written or deleted, or, where that is tolerated, was found as it should be. */
export async function write(
  verb: Verb,
  resource: AnyResource,
  tolerate: boolean,
  context: CommandContext,
): Promise<AnyResource> {
  checkWritable(verb, resource)
  try {
    return await writes[verb](resource, context)
  } catch (error) {
    const expected = { create: 'AlreadyExists', delete: 'DoesNotExist', apply: undefined, replace: undefined } as const
    const accepted = tolerate ? expected[verb] : undefined
    if (accepted === undefined || !isDatastoreError(error, accepted)) throw explained(error, resource)
    return resource
  }
}

/** What is missing may be another object, such as the tier of a policy. */
function explained(error: unknown, { kind, metadata }: AnyResource): unknown {
  if (!isDatastoreError(error, 'DoesNotExist') || error.facts.kind === kind) return error
  const needed = describeKey(error.facts)
  return new CtlError(`${messageOf(error)} (${kind} ${metadata.name} names it: create ${needed} first)`, {
    cause: error,
  })
}

/** What is not for users to write. Spec 06 §8. @throws CtlError, DatastoreError Unsupported */
export function checkWritable(
  verb: Verb | 'patch' | 'label',
  { kind, metadata: { name, namespace } }: AnyResource,
): void {
  if (kind === 'ClusterInformation')
    throw new CtlError(`operation ${verb} is not supported on ClusterInformation: resource is readonly`)
  if (kind !== 'NetworkPolicy' || !name.startsWith('knp.default.')) return
  throw new DatastoreError('Unsupported', {
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
    operation: verb === 'create' || verb === 'delete' ? verb : 'update',
    reason: 'kubernetes network policies must be managed through the kubernetes API',
  })
}

/** Best effort, as calicoctl: a store that cannot be initialised says so at the write itself. */
export async function initialize({ connection, call }: CommandContext): Promise<void> {
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
      ...(resourceVersion && { resourceVersion }),
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
  }
}

const tries = 5

/** Labels and annotations wholesale from the file, all other metadata from the store. With a revision given: one try. */
async function replace(resource: AnyResource, context: CommandContext): Promise<AnyResource> {
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
        ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
      },
    } as AnyResource
    try {
      return await connection.client.of(kind).update(merged, call)
    } catch (error) {
      if (!isDatastoreError(error, 'Conflict') || metadata.resourceVersion || attempt === tries) throw error
      await delay(100 * attempt, undefined, { signal: call.signal })
    }
  }
}
