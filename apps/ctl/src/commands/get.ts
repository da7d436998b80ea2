import { isDatastoreError } from '@tortie/datastore'
import { type AnyResource, type Kind, kinds } from '@tortie/model'
import { CtlError, messageOf } from '../errors.ts'
import type { InputObject } from '../input/documents.ts'
import { namespaceFor } from '../input/namespaces.ts'
import { type CellContext, tableOf } from '../output/columns.ts'
import { formatJson2, formatYaml } from '../output/documents.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext, ExitCode } from './command.ts'

export interface GetOptions {
  readonly namespace: string
  readonly allNamespaces: boolean
  readonly output: string
  readonly export: boolean
}

const formats = ['ps', 'wide', 'yaml', 'yml', 'json'] as const
type Format = (typeof formats)[number]

/** One answer: an object for a name, a list for a kind. */
interface Result {
  readonly kind: Kind
  readonly items: readonly AnyResource[]
  /** Set for a list. */
  readonly revision?: string
}

/** @throws CtlError before anything is read, for an output format that is not known */
export function checkFormat(output: string): Format {
  const format = formats.find((known) => known === output)
  if (format === undefined) throw new CtlError(`unrecognized output format '${output}'`)
  return format
}

/** `get KIND`, or `get KIND NAME…`. Spec 06 §7, §10. */
export async function getByName(
  kind: Kind,
  names: readonly string[],
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const format = checkFormat(options.output)
  checkNamespaceFlags(kind, names, options)
  const found: Result[] = []
  const errors: unknown[] = []
  if (names.length === 0) found.push(await list(kind, options, context))
  for (const name of names) {
    try {
      const namespace = namespaceFor({ kind, metadata: { name } }, options.namespace)
      const key = { kind, name, ...(namespace !== undefined && { namespace }) }
      const item = await context.connection.client.of(kind).get(key, context.call)
      found.push({ kind, items: [options.export ? exported(item) : item] })
    } catch (error) {
      if (!isDatastoreError(error, 'DoesNotExist') && !(error instanceof CtlError)) throw error
      errors.push(error)
    }
  }
  return print(found, errors, format, options, context)
}

/** `get -f`: the objects that the file names, as they are stored. */
export async function getObjects(
  objects: readonly InputObject[],
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const format = checkFormat(options.output)
  const found: Result[] = []
  const errors: unknown[] = []
  for (const { resource } of objects) {
    try {
      const { kind, metadata } = resource
      const namespace = namespaceFor(resource, options.namespace)
      const key = { kind, name: metadata.name, ...(namespace !== undefined && { namespace }) }
      found.push({ kind, items: [await context.connection.client.of(kind).get(key, context.call)] })
    } catch (error) {
      if (!isDatastoreError(error, 'DoesNotExist') && !(error instanceof CtlError)) throw error
      errors.push(error)
    }
  }
  return print(found, errors, format, options, context)
}

function checkNamespaceFlags(kind: Kind, names: readonly string[], { namespace, allNamespaces }: GetOptions): void {
  if (namespace !== '' && allNamespaces)
    throw new CtlError('cannot use both --namespace and --all-namespaces flags at the same time')
  if (!kinds[kind].namespaced && (allNamespaces || namespace !== '')) throw new CtlError(`${kind} is not namespaced`)
  if (allNamespaces && names.length > 0)
    throw new CtlError('cannot use --all-namespace flag for getting a single resource')
}

async function list(
  kind: Kind,
  { namespace, allNamespaces }: GetOptions,
  { connection, call }: CommandContext,
): Promise<Result> {
  const within = kinds[kind].namespaced && !allNamespaces ? { namespace: namespace || 'default' } : {}
  const { items, revision } = await connection.client.of(kind).list(within, call)
  return { kind, items: kind === 'Tier' ? byOrder(items) : items, revision }
}

function byOrder(tiers: readonly AnyResource[]): AnyResource[] {
  const order = (tier: AnyResource): number =>
    (tier.spec as { order?: number | null }).order ?? Number.POSITIVE_INFINITY
  return [...tiers].sort((a, b) => order(a) - order(b))
}

function print(
  results: readonly Result[],
  errors: readonly unknown[],
  format: Format,
  options: GetOptions,
  { shell }: CommandContext,
): ExitCode {
  if (format === 'ps' || format === 'wide') {
    for (const { kind, items } of results) {
      const withNamespace = kinds[kind].namespaced && (options.allNamespaces || options.namespace !== '')
      const { header, rows } = tableOf(kind, items, { wide: format === 'wide', withNamespace, context: cells })
      shell.stdout(formatTable(header, rows))
    }
  } else {
    const values = results.map(documentOf)
    const value = values.length === 0 ? null : values.length === 1 ? values[0] : values
    shell.stdout(format === 'json' ? formatJson2(value) : formatYaml(value))
  }
  if (errors.length > 0) shell.stderr(`${errors.map(messageOf).join('\n')}\n`)
  return errors.length === 0 ? 0 : 1
}

function documentOf({ kind, items, revision }: Result): unknown {
  if (revision === undefined) return items[0]
  return { apiVersion: 'projectcalico.org/v3', items, kind: `${kind}List`, metadata: { resourceVersion: revision } }
}

/** BGPConfiguration comes with the routing protocols; until then the default holds. */
const cells: CellContext = { defaultAsNumber: '64512' }

/** Without what only one cluster knows. Labels, annotations and the rest stay. Spec 06 §10. */
function exported<R extends AnyResource>(resource: R): R {
  const {
    namespace: _n,
    uid: _u,
    resourceVersion: _r,
    creationTimestamp: _c,
    deletionTimestamp: _d,
    ...metadata
  } = resource.metadata
  const { deletionGracePeriodSeconds: _g, ...rest } = metadata as typeof metadata & {
    deletionGracePeriodSeconds?: unknown
  }
  return { ...resource, metadata: { ...rest, creationTimestamp: null } }
}
