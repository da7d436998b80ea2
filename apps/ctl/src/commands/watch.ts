import { type Change, followResources, keyOf, type ResourceKey } from '@tortie/datastore'
import { type AnyResource, type Kind, kinds, present } from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError } from '../errors.ts'
import { type CellContext, tableOf } from '../output/columns.ts'
import { formatJsonLine, formatYaml } from '../output/documents.ts'
import { createGrowingTable } from '../output/table.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { cellsFor, formatByTemplate, type GetOptions, namespaceOf, shortName } from './get.ts'

/** The words of a watch of Kubernetes. */
type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'
type Print = (type: EventType, resource: AnyResource) => void | Promise<void>

/**
 * `get KIND [NAME...] --watch`: what is there, then every change, until it is interrupted. A table has a column EVENT;
 * `yaml` and `json` give `{type, object}`, of json one on each line. Of a deleted object its last state is shown.
 * @param onlyChanges not what is there at first
 */
export async function watchObjects(
  kind: Kind,
  names: readonly string[],
  options: GetOptions & { readonly onlyChanges: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { connection, call } = context
  const wanted = wantedBy(kind, names, options)
  const print = printer(kind, options, await cellsFor(kind, context), context)
  const known = new Map<string, AnyResource>()
  let isQuiet = options.onlyChanges
  const ports = { clock: systemClock, random: systemRandom }
  for await (const { changes, inSync } of followResources(connection.datastore, [kind], ports, call)) {
    for (const [type, resource] of changes.flatMap((change) => eventsOf(change, known, wanted)))
      if (!isQuiet) await print(type, resource)
    isQuiet &&= !inSync
  }
  return 0
}

type Wanted = (key: ResourceKey) => boolean

function wantedBy(kind: Kind, names: readonly string[], options: GetOptions): Wanted {
  if (names.length > 0 && options.allNamespaces)
    throw new CtlError('cannot use --all-namespace flag for getting a single resource')
  const within = namespaceOf({ kind }, options)
  return ({ name, namespace }) =>
    (within === undefined || namespace === within) && (names.length === 0 || names.includes(name))
}

function eventsOf(change: Change, known: Map<string, AnyResource>, wanted: Wanted): [EventType, AnyResource][] {
  const key = change.type === 'put' ? keyOf(change.item) : change.key
  const id = `${key.namespace ?? ''}/${key.name}`
  const before = known.get(id)
  if (change.type === 'delete') {
    known.delete(id)
    return before === undefined ? [] : [['DELETED', before]]
  }
  if (!wanted(key)) return []
  const resource = present(change.item) as AnyResource
  known.set(id, resource)
  return [[before === undefined ? 'ADDED' : 'MODIFIED', resource]]
}

function printer(
  kind: Kind,
  { format, allNamespaces, namespace }: GetOptions,
  cells: CellContext,
  context: CommandContext,
): Print {
  const { stdout } = context.shell
  if (format.kind === 'go-template' || format.kind === 'jsonpath')
    return async (_type, resource) => stdout(await formatByTemplate([{ kind, items: [resource] }], format, context))
  if (format.kind === 'json') return (type, object) => stdout(formatJsonLine({ type, object }))
  if (format.kind === 'yaml') return (type, object) => stdout(`---\n${formatYaml({ object, type })}`)
  if (format.kind === 'name')
    return (type, resource) => stdout(`${shortName(resource)}${type === 'DELETED' ? ' deleted' : ''}\n`)
  const withNamespace = kinds[kind].namespaced && (allNamespaces || namespace !== '')
  const rendering = { choice: format.choice, withNamespace, context: cells }
  const table = createGrowingTable(['EVENT', ...tableOf(kind, [], rendering).header])
  stdout(table.header)
  return (type, resource) => stdout(table.row([type, ...(tableOf(kind, [resource], rendering).rows[0] ?? [])]))
}
