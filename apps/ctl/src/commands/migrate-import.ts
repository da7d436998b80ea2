import { isDeepStrictEqual } from 'node:util'
import { describeKey, findResource, isDatastoreError, keyOf, type OfKind } from '@tortie/datastore'
import {
  type AnyResource,
  apiVersion,
  builtInTiers,
  type ClusterInformation,
  findErrors,
  type Kind,
  kinds,
  type Metadata,
  prepareCreate,
} from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError, prefixed } from '../errors.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { readAll } from './migrate-export.ts'
import { type Migration, migrationId } from './migration-file.ts'

/**
 * Writes an export into a datastore that is empty, or that holds a part of the same export: what was cut short goes on.
 * The datastore is locked first and stays so; at the end it is read and compared with the file. Spec 06 §11.5.
 */
export async function importDatastore(
  migration: Migration,
  { dryRun }: { readonly dryRun: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { connection, shell, call } = context
  for (const warning of migration.resources.flatMap(complaints)) shell.stderr(`[WARNING] ${warning}\n`)
  const there = new Map((await readAll(connection.datastore, call)).map((item) => [migrationId(item), item]))
  const missing = checkTarget(migration, there)
  if (dryRun) {
    shell.stdout(
      `Would import ${missing.length} of ${migration.resources.length} resources.\nDry run: nothing was written.\n`,
    )
    return 0
  }
  await importInformation(migration.information as ClusterInformation, context)
  const isBare = migration.resources.every(({ metadata }) => !metadata.uid)
  for (const resource of missing) {
    const complete = isBare && kinds[resource.kind].hasResourceKey ? identified(resource, newIdentity()) : resource
    await put(complete, there.get(migrationId(resource)), context)
  }
  await verify(migration, context)
  shell.stdout(`Successfully imported ${missing.length} of ${migration.resources.length} resources.\n`)
  if (missing.length < migration.resources.length) shell.stdout('The others were there already.\n')
  shell.stdout('Datastore is locked. Start the components on it, then run: tortiectl datastore migrate unlock\n')
  return 0
}

function complaints(resource: AnyResource): string[] {
  const what = describeKey(keyOf(resource))
  return findErrors(resource).map(({ path, reason }) => `${what} is imported as it is, though ${path}: ${reason}`)
}

function isBuiltIn({ kind, metadata }: AnyResource): boolean {
  return kind === 'Tier' && Object.hasOwn(builtInTiers, metadata.name)
}

function isAsInFile(wanted: AnyResource | undefined, found: AnyResource | undefined): boolean {
  return wanted !== undefined && found !== undefined && isDeepStrictEqual(identified(wanted, found.metadata), found)
}

/** calicoctl exports no uids and times of creation at all; objects that have none cannot be updated. */
function identified(
  resource: AnyResource,
  { uid, creationTimestamp }: Pick<Metadata, 'uid' | 'creationTimestamp'>,
): AnyResource {
  const identity = { ...(uid !== undefined && { uid }), ...(creationTimestamp != null && { creationTimestamp }) }
  return { ...resource, metadata: { ...identity, ...resource.metadata } } as AnyResource
}

function newIdentity(): Pick<Metadata, 'uid' | 'creationTimestamp'> {
  const any: AnyResource = { apiVersion, kind: 'GlobalNetworkSet', metadata: { name: 'any' }, spec: {} }
  return prepareCreate(any, { clock: systemClock, random: systemRandom }).metadata
}

/** What has still to be written. @throws CtlError when the datastore holds anything else */
function checkTarget({ resources }: Migration, there: ReadonlyMap<string, AnyResource>): AnyResource[] {
  const wanted = new Map(resources.map((resource) => [migrationId(resource), resource]))
  const foreign = [...there].filter(([id, item]) => !isBuiltIn(item) && !isAsInFile(wanted.get(id), item))
  if (foreign.length > 0) {
    const named = foreign.slice(0, 5).map(([, item]) => describeKey(keyOf(item)))
    throw new CtlError(
      `the datastore already has ${foreign.length} resources that are not as in the file (${named.join(', ')}` +
        `${foreign.length > named.length ? ', …' : ''}); import into an empty datastore`,
    )
  }
  return resources.filter((resource) => !isAsInFile(resource, there.get(migrationId(resource))))
}

/** GUID and version of the old cluster; locked. */
async function importInformation(
  information: ClusterInformation,
  { connection: { datastore }, call }: CommandContext,
): Promise<void> {
  const locked = { ...information, spec: { ...information.spec, datastoreReady: false } }
  const there = await findResource(datastore, { kind: 'ClusterInformation', name: 'default' }, call)
  if (there === undefined)
    await datastore.create(prepareCreate(locked, { clock: systemClock, random: systemRandom }), call)
  else await datastore.update({ ...there, spec: locked.spec }, call)
}

async function put(
  resource: AnyResource,
  there: AnyResource | undefined,
  { connection: { datastore }, call }: CommandContext,
): Promise<void> {
  const written = resource as OfKind<Kind>
  if (there !== undefined) await datastore.delete(keyOf(there), {}, call)
  await datastore.create(written, call).catch((error: unknown) => {
    if (isDatastoreError(error, 'AlreadyExists'))
      throw new CtlError(
        `${describeKey(keyOf(resource))} was written by something else meanwhile; stop that and try again`,
      )
    throw prefixed(`${describeKey(keyOf(resource))} cannot be imported: `, error)
  })
}

async function verify({ resources }: Migration, { connection, call }: CommandContext): Promise<void> {
  const read = new Map((await readAll(connection.datastore, call)).map((item) => [migrationId(item), item]))
  const wrong = resources.filter((resource) => !isAsInFile(resource, read.get(migrationId(resource))))
  if (wrong.length > 0)
    throw new CtlError(
      `${wrong.length} resources are not in the datastore as they are in the file, the first is ` +
        `${describeKey(keyOf(wrong[0] as AnyResource))}; try again`,
    )
}
