import { readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import {
  type AnyResource,
  apiVersion,
  findErrors,
  isKind,
  type Kind,
  ModelError,
  recognizeFields,
  unknownFields,
} from '@tortie/model'
import { CtlError, messageOf, NothingSpecified } from '../errors.ts'
import { isShown, shownKinds } from '../output/columns.ts'
import type { Shell } from '../shell.ts'
import { openFile, readText } from './files.ts'
import { type ParsedDocument, parseDocuments } from './yaml.ts'

/** An object as it stood in a file, with its place for messages. */
export interface InputObject {
  readonly resource: AnyResource
  /** `policies.yaml, document 2, line 14`; empty for one named on the command line. */
  readonly place: string
  /** Fields that its kind does not have, where they are not refused at once. */
  readonly unknown?: UnknownFields
}

export interface UnknownFields {
  /** `spec.ingress[2].sauce`. */
  readonly paths: readonly string[]
  readonly refusal: CtlError
}

/** The kind of all of them, if it is one. */
export function singleKind(objects: readonly InputObject[]): Kind | undefined {
  const kinds = new Set(objects.map(({ resource }) => resource.kind))
  return kinds.size === 1 ? objects[0]?.resource.kind : undefined
}

/** The error with the place of its object, where that is not said yet. */
export function placed(error: unknown, place: string): unknown {
  const text = messageOf(error)
  return place === '' || text.includes(place) ? error : new CtlError(`${text} (${place})`, { cause: error })
}

export interface InputOptions {
  readonly recursive: boolean
  readonly skipEmpty: boolean
  /** Fields that a kind does not have are left for the caller to judge. */
  readonly keepUnknown?: boolean
}

/**
 * Every object of a file, a directory (`.yaml`, `.yml`, `.json`, in name order) or standard input (`-`), all parsed
 * before anything is done with the first. Spec 06 §6.
 * @throws CtlError with file, document and line; NothingSpecified
 */
export async function readObjects(
  path: string,
  { recursive, skipEmpty, keepUnknown = false }: InputOptions,
  shell: Pick<Shell, 'stdin'>,
): Promise<InputObject[]> {
  const files = filesOf(path, recursive)
  const objects: InputObject[] = []
  for (const file of files) {
    const found = objectsIn(await read(file, shell), file === '-' ? 'standard input' : file, keepUnknown)
    if (found.length === 0 && !skipEmpty) throw new NothingSpecified(`no resources specified in file ${file}`)
    objects.push(...found)
  }
  if (files.length === 0 && !skipEmpty) throw new NothingSpecified(`no resources specified in directory ${path}`)
  return objects
}

function filesOf(path: string, recursive: boolean): string[] {
  if (path === '-' || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  const entries = openFile(path, () => readdirSync(path, { withFileTypes: true }))
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) return recursive ? filesOf(inner, recursive) : []
      return ['.yaml', '.yml', '.json'].includes(extname(entry.name).toLowerCase()) ? [inner] : []
    })
}

async function read(path: string, shell: Pick<Shell, 'stdin'>): Promise<string> {
  return path === '-' ? await shell.stdin() : readText(path)
}

function objectsIn(text: string, name: string, keepUnknown: boolean): InputObject[] {
  // A comment or a closing `---` makes an empty document: nothing to do, not an error (spec 06 §13, 25).
  return parseDocuments(text, name).flatMap((document) => {
    const objects = document.value === null ? [] : expand(document.value, document, [])
    const refused = keepUnknown ? undefined : objects.find(({ unknown }) => unknown)
    if (refused?.unknown) throw refused.unknown.refusal
    return objects
  })
}

type Path = readonly (string | number)[]

/** One object, an array of objects, or a `…List`. */
function expand(value: unknown, document: ParsedDocument, path: Path): InputObject[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => expand(item, document, [...path, index]))
  const place = document.place(path)
  if (typeof value !== 'object' || value === null)
    throw new CtlError(`an object with apiVersion and kind is expected (${place})`)
  const { kind, apiVersion: version, items } = value as Record<'kind' | 'apiVersion' | 'items', unknown>
  const listed = typeof kind === 'string' && kind.endsWith('List') ? kind.slice(0, -'List'.length) : ''
  if (isKind(listed) && Array.isArray(items))
    return items.flatMap((item, index) => {
      const whole = typeof item === 'object' ? { apiVersion: version, kind: listed, ...item } : item
      return expand(whole, document, [...path, 'items', index])
    })
  if (version !== apiVersion || typeof kind !== 'string' || !isKind(kind) || !isShown(kind))
    throw new CtlError(
      `unknown resource type (${kind ?? ''}) and/or version (${version ?? ''}) (${place}; write apiVersion: ` +
        `${apiVersion} and one of the kinds ${shownKinds().join(', ')})`,
    )
  const resource = recognizeFields(value as AnyResource)
  checkTypes(resource, document, path)
  const unknown = unknownIn(resource, document, path)
  return [{ resource, place, ...(unknown && { unknown }) }]
}

/** A value that is not of its field's type: calicoctl cannot read such a file, and changes nothing. @throws CtlError */
function checkTypes(resource: AnyResource, document: ParsedDocument, path: Path): void {
  const fields = findErrors(resource).filter(({ malformed }) => malformed)
  const [first] = fields
  if (first === undefined) return
  const cause = new ModelError('model/invalid', { subject: resource.kind, fields })
  throw new CtlError(`${cause.message} (${document.place([...path, ...fieldPath(first.path)])})`, { cause })
}

/** The whole message is calicoctl's, which names the field alone; ours adds where it stands. */
function unknownIn(resource: AnyResource, document: ParsedDocument, path: Path): UnknownFields | undefined {
  const paths = unknownFields(resource)
  const [first] = paths
  if (first === undefined) return undefined
  return { paths, refusal: unknownField(first, document.place([...path, ...fieldPath(first)])) }
}

/** @param path as `unknownFields` gives it */
export function unknownField(path: string, place: string): CtlError {
  const name = fieldPath(path).at(-1)
  return new CtlError(
    `field in document is not recognized or is in the wrong location: ${name} (${path === name ? '' : `${path}; `}${place})`,
    { whole: true },
  )
}

/** `spec.ingress[2].sauce` in parts. */
function fieldPath(text: string): (string | number)[] {
  return [...text.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([part, inner]) => {
    if (inner === undefined) return part
    return /^\d+$/.test(inner) ? Number(inner) : inner
  })
}
