import { type AnyResource, isKind, type Kind, parseJson, recognizeFields, unknownFields } from '@tortie/model'
import { CtlError, messageOf, oneLine, prefixed, worded } from '../errors.ts'
import { unknownField } from '../input/documents.ts'
import { namespaceFor } from '../input/namespaces.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { dryRunNote, foresee, formatForeseen } from './foresee.ts'
import { checkWritable } from './write.ts'

export const patchTypes = ['strategic', 'merge', 'json'] as const
export type PatchType = (typeof patchTypes)[number]

interface Patch {
  readonly patch: string
  readonly type: PatchType
  readonly namespace: string
  /** The store is only tried. */
  readonly dryRun: boolean
}

/** @throws CtlError */
export function readPatchType(text: string): PatchType {
  const type = patchTypes.find((known) => known === text)
  if (type === undefined) throw new CtlError(`unknown patch type '${text}': use strategic, merge or json`)
  return type
}

/** Reads, patches and writes one object, with the revision that was read. Spec 06 §8. */
export async function patchObject(
  kind: Kind,
  name: string,
  { patch, type, namespace, dryRun }: Patch,
  context: CommandContext,
): Promise<ExitCode> {
  const { connection, shell, call } = context
  const written = await worded(
    (error) => prefixed('hit error: ', error),
    async () => {
      const where = namespaceFor({ kind }, namespace)
      const client = connection.client.of(kind)
      const stored = await client.get({ kind, name, ...(where !== undefined && { namespace: where }) }, call)
      const changed = await patched(stored, patch, type)
      return await worded(
        (error) => prefixed('updating existing resource: ', error),
        async () => {
          checkWritable('patch', stored)
          return await client.update(changed, call)
        },
      )
    },
  )
  if (dryRun) shell.stdout(`${formatForeseen(await foresee(written, context))}${dryRunNote}`)
  else shell.stdout(`Successfully patched 1 '${kind}' resource\n`)
  return 0
}

/** @throws CtlError for text that is no patch of its type, and for fields that the kind does not have */
export async function patched<R extends AnyResource>(resource: R, text: string, type: PatchType): Promise<R> {
  const changed = type === 'json' ? await patchedByOperations(resource, text) : await merged(resource, text)
  const result = isKind(changed.kind) ? (recognizeFields(changed) as R) : changed
  const known = new Set(unknownFields(resource))
  const unknown = unknownFields(result).find((path) => !known.has(path))
  if (unknown !== undefined) throw unknownField(unknown, 'the patch')
  return result
}

async function patchedByOperations<R extends AnyResource>(resource: R, text: string): Promise<R> {
  const patch = await readPatch(text, 'JSON')
  if (!Array.isArray(patch))
    throw new CtlError('performing JSON patch: the patch has to be a list of operations (RFC 6902)')
  const { applyPatch } = await import('rfc6902')
  const copy = structuredClone(resource)
  const [failed] = applyPatch(copy, patch as Parameters<typeof applyPatch>[1]).filter((error) => error !== null)
  if (failed) throw new CtlError(`performing JSON patch: ${failed.message || failed.name}`)
  return copy
}

async function merged<R extends AnyResource>(resource: R, text: string): Promise<R> {
  const patch = await readPatch(text, 'strategic merge')
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw new CtlError('performing strategic merge patch: the patch has to be an object')
  return merge(resource, patch) as R
}

async function readPatch(text: string, manner: string): Promise<unknown> {
  try {
    if (/^\s*[{[]/.test(text)) return parseJson(text)
    const { parse } = await import('yaml')
    return parse(text)
  } catch (cause) {
    const [line = ''] = messageOf(cause).split(':\n', 1)
    throw new CtlError(`performing ${manner} patch: ${oneLine(line)}`, { cause })
  }
}

/**
 * RFC 7396: maps merge, lists replace, null deletes; and the directives of a strategic patch. The v3 types have no merge
 * keys, so for them the two kinds of patch are one.
 */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const { $patch: directive, ...changes } = patch as Record<string, unknown>
  if (directive === 'delete') return undefined
  const isMap = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: Record<string, unknown> = isMap && directive !== 'replace' ? { ...target } : {}
  for (const [key, value] of Object.entries(changes)) {
    const merged = value === null ? undefined : merge(result[key], value)
    if (merged === undefined) delete result[key]
    else result[key] = merged
  }
  return result
}
