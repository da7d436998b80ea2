import { findResource } from '@tortie/datastore'
import { type AnyResource, type Kind, kinds } from '@tortie/model'
import { CtlError, messageOf } from '../errors.ts'
import type { InputObject } from '../input/documents.ts'
import { namespaceFor } from '../input/namespaces.ts'
import { type CellContext, tableOf } from '../output/columns.ts'
import { formatJson2, formatYaml } from '../output/documents.ts'
import { formatTable } from '../output/table.ts'
import type { Answer } from '../output/templates.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import type { Format } from './get-format.ts'

export interface GetOptions {
  readonly namespace: string
  readonly allNamespaces: boolean
  readonly format: Format
  readonly export: boolean
}

/** `get KIND`, or `get KIND NAME…`. Spec 06 §7, §10. */
export async function getByName(
  kind: Kind,
  names: readonly string[],
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const wanted = names.length === 0 ? [{ kind }] : names.map((name) => ({ kind, name }))
  return await getEach(wanted, options, context)
}

/** `get -f`: the objects that the files name, as they are stored. */
export async function getObjects(
  objects: readonly InputObject[],
  options: GetOptions,
  context: CommandContext,
): Promise<ExitCode> {
  if (objects.length === 0) {
    context.shell.stdout('No resources specified\n')
    return 0
  }
  const wanted = objects.map(({ resource: { kind, metadata } }) => ({ kind, ...metadata }))
  return await getEach(wanted, { ...options, export: false }, context)
}

interface Wanted {
  readonly kind: Kind
  /** All of the kind, without. */
  readonly name?: string
  readonly namespace?: string
}

async function getEach(wanted: readonly Wanted[], options: GetOptions, context: CommandContext): Promise<ExitCode> {
  const found: Answer[] = []
  const errors: unknown[] = []
  for (const one of wanted) {
    try {
      found.push(await read(one, options, context))
    } catch (error) {
      context.call.signal.throwIfAborted()
      errors.push(error)
    }
  }
  await print(found, options, context)
  if (errors.length > 0) context.shell.stderr(`${errors.map(messageOf).join('\n')}\n`)
  return errors.length === 0 ? 0 : 1
}

async function read(wanted: Wanted, options: GetOptions, { connection, call }: CommandContext): Promise<Answer> {
  const { kind, name } = wanted
  const client = connection.client.of(kind)
  const namespace = namespaceOf(wanted, options)
  const within = namespace === undefined ? {} : { namespace }
  if (name) {
    const item = await client.get({ kind, name, ...within }, call)
    return { kind, items: [options.export ? exported(item) : item] }
  }
  const { items, revision } = await client.list(within, call)
  return { kind, items: kind === 'Tier' ? byOrder(items) : items, revision }
}

/** undefined: every one, or the kind has none. Spec 06 §7. @throws CtlError */
export function namespaceOf(
  { kind, name, namespace: own }: Wanted,
  { namespace, allNamespaces }: GetOptions,
): string | undefined {
  if (!allNamespaces) return namespaceFor({ kind, namespace: own }, namespace)
  if (!kinds[kind].namespaced) throw new CtlError(`${kind} is not namespaced`)
  if (namespace !== '') throw new CtlError('cannot use both --namespace and --all-namespaces flags at the same time')
  if (name) throw new CtlError('cannot use --all-namespace flag for getting a single resource')
  return undefined
}

function byOrder(tiers: readonly AnyResource[]): AnyResource[] {
  const order = (tier: AnyResource): number =>
    (tier.spec as { order?: number | null }).order ?? Number.POSITIVE_INFINITY
  // Not by difference: two unset orders are equal.
  return [...tiers].sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
}

async function print(results: readonly Answer[], options: GetOptions, context: CommandContext): Promise<void> {
  const { shell } = context
  const { format, allNamespaces, namespace } = options
  if (format.kind === 'table') {
    for (const { kind, items } of results) {
      const withNamespace = kinds[kind].namespaced && (allNamespaces || namespace !== '')
      const cells = await cellsFor(kind, context)
      const { header, rows } = tableOf(kind, items, { choice: format.choice, withNamespace, context: cells })
      shell.stdout(formatTable(header, rows))
    }
    return
  }
  if (format.kind === 'name') {
    for (const { items } of results) for (const item of items) shell.stdout(`${shortName(item)}\n`)
    return
  }
  if (format.kind === 'go-template' || format.kind === 'jsonpath') {
    shell.stdout(await formatByTemplate(results, format, context))
    return
  }
  const value = documentOfAll(results)
  shell.stdout(format.kind === 'json' ? formatJson2(value) : formatYaml(value))
}

/** What a template makes of the answers. @throws TemplateError, JsonPathError */
export async function formatByTemplate(
  answers: readonly Answer[],
  { kind, template }: Extract<Format, { readonly template: string }>,
  context: CommandContext,
): Promise<string> {
  const { formatGoTemplate, formatJsonPath } = await import('../output/templates.ts')
  if (kind === 'jsonpath') return formatJsonPath(template, documentOfAll(answers))
  const { defaultAsNumber } = await cellsFor('Node', context)
  return formatGoTemplate(template, answers, defaultAsNumber)
}

/** `null` for none, the one, or all in an array. */
function documentOfAll(answers: readonly Answer[]): unknown {
  const values = answers.map(documentOf)
  return values.length === 0 ? null : values.length === 1 ? values[0] : values
}

/** `ippool/default-ipv4-ippool`, as kubectl names. */
export function shortName({ kind, metadata }: AnyResource): string {
  return `${kind.toLowerCase()}/${metadata.name}`
}

function documentOf({ kind, items, revision }: Answer): unknown {
  if (revision === undefined) return items[0]
  return { kind: `${kind}List`, apiVersion: 'projectcalico.org/v3', metadata: { resourceVersion: revision }, items }
}

/** What the cells of a table need besides their objects: of Nodes the AS number that is theirs without one of their own. */
export async function cellsFor(kind: Kind, { connection, call }: CommandContext): Promise<CellContext> {
  if (kind !== 'Node') return { defaultAsNumber: '' }
  try {
    const key = { kind: 'BGPConfiguration', name: 'default' } as const
    const configuration = await findResource(connection.datastore, key, call)
    return { defaultAsNumber: String(configuration?.spec.asNumber ?? '64512') }
  } catch {
    return { defaultAsNumber: 'unknown' }
  }
}

const clusterFields: ReadonlySet<string> = new Set([
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
])

/** Without what only one cluster knows. Labels, annotations and the rest stay. Spec 06 §10. */
function exported<R extends AnyResource>(resource: R): R {
  const kept = Object.entries(resource.metadata).filter(([field]) => !clusterFields.has(field))
  return { ...resource, metadata: Object.fromEntries(kept) } as R
}
