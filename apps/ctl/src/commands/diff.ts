import type { AnyResource } from '@tortie/model'
import { structuredPatch } from 'diff'
import { messageOf } from '../errors.ts'
import { type InputObject, placed } from '../input/documents.ts'
import { colours } from '../output/colours.ts'
import { formatYaml } from '../output/documents.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { type Foreseen, foresee } from './foresee.ts'
import { checkUnknownFields, initialize, inNamespaceOf, write } from './write.ts'

/**
 * What `apply` would change, as a unified diff of YAML for each object. The store is only tried.
 * @returns 0 when nothing would change, 1 when something would, 2 when an object would be refused
 */
export async function diffObjects(
  objects: readonly InputObject[],
  namespace: string,
  context: CommandContext,
): Promise<ExitCode> {
  const { shell, call } = context
  await checkUnknownFields(objects, namespace, context)
  await initialize(context)
  let code: ExitCode = 0
  for (const { resource, place } of objects)
    try {
      const located = inNamespaceOf(resource, place, namespace)
      const written = await write('apply', located, false, context)
      const text = formatDiff(await foresee(written, context), place)
      shell.stdout(coloured(text, colours(shell)))
      if (text !== '' && code === 0) code = 1
    } catch (error) {
      call.signal.throwIfAborted()
      shell.stderr(`${messageOf(placed(error, place))}\n`)
      code = 2
    }
  return code
}

/** By the sign that a line begins with. */
function coloured(text: string, colour: ReturnType<typeof colours>): string {
  return text
    .split('\n')
    .map((line) => {
      if (line.startsWith('+++ ') || line.startsWith('--- ')) return colour('bold', line)
      if (line.startsWith('@@ ')) return colour('cyan', line)
      if (line.startsWith('+')) return colour('green', line)
      return line.startsWith('-') ? colour('red', line) : line
    })
    .join('\n')
}

/** Empty when nothing changes. */
export function formatDiff({ what, before, after }: Foreseen, place: string): string {
  const { hunks } = structuredPatch('', '', formatObject(before), formatObject(after), '', '', { context: 3 })
  if (hunks.length === 0) return ''
  const from = before === undefined ? '/dev/null' : `${what}\tas stored`
  const lines = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: changed }) => [
    `@@ -${rangeOf(oldStart, oldLines)} +${rangeOf(newStart, newLines)} @@`,
    ...changed,
  ])
  return `--- ${from}\n+++ ${what}\t${place}\n${lines.join('\n')}\n`
}

/** As GNU diff: a range of one line without its length, an empty one after the line that it follows. */
function rangeOf(start: number, lines: number): string {
  if (lines === 1) return `${start}`
  return `${lines === 0 ? start - 1 : start},${lines}`
}

/** Without what only the store knows. */
function formatObject(resource: AnyResource | undefined): string {
  if (resource === undefined) return ''
  const { resourceVersion: _revision, uid: _uid, creationTimestamp: _time, ...metadata } = resource.metadata
  return formatYaml({ ...resource, metadata })
}
