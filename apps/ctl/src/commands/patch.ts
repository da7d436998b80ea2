import { type AnyResource, type Kind, parseJson } from '@tortie/model'
import { applyPatch, type Operation } from 'rfc6902'
import { parse } from 'yaml'
import { CtlError, messageOf } from '../errors.ts'
import { namespaceFor } from '../input/namespaces.ts'
import type { CommandContext, ExitCode } from './command.ts'

export const patchTypes = ['strategic', 'merge', 'json'] as const
export type PatchType = (typeof patchTypes)[number]

/** Reads, patches and writes one object, with the revision that was read. Spec 06 §8. */
export async function patchObject(
  kind: Kind,
  name: string,
  { patch, type, namespace }: { readonly patch: string; readonly type: PatchType; readonly namespace: string },
  { connection, shell, call }: CommandContext,
): Promise<ExitCode> {
  const where = namespaceFor({ kind, metadata: { name } }, namespace)
  const client = connection.client.of(kind)
  try {
    const stored = await client.get({ kind, name, ...(where !== undefined && { namespace: where }) }, call)
    await client.update(patched(stored, patch, type), call)
  } catch (error) {
    shell.stderr(`hit error: ${messageOf(error)}\n`)
    return 1
  }
  shell.stdout(`Successfully patched 1 '${kind}' resource\n`)
  return 0
}

/** @throws CtlError for text that is no patch of its type */
export function patched<R extends AnyResource>(resource: R, text: string, type: PatchType): R {
  const patch = readPatch(text)
  if (type === 'json') {
    if (!Array.isArray(patch)) throw new CtlError('a JSON patch is an array of operations (RFC 6902)')
    const copy = structuredClone(resource)
    const [failed] = applyPatch(copy, patch as Operation[]).filter((error) => error !== null)
    if (failed) throw new CtlError(`performing JSON patch: ${failed.message || failed.name}`)
    return copy
  }
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw new CtlError('performing strategic merge patch: the patch has to be an object')
  return merge(resource, patch) as R
}

function readPatch(text: string): unknown {
  try {
    return text.trimStart().startsWith('{') || text.trimStart().startsWith('[') ? parseJson(text) : parse(text)
  } catch (cause) {
    throw new CtlError(`performing strategic merge patch: ${messageOf(cause)}`, { cause })
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
