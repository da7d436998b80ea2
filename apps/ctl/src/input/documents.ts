import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type AnyResource, apiVersion, findKind, isKind, unknownFields } from '@tortie/model'
import { LineCounter, parseAllDocuments } from 'yaml'
import { CtlError } from '../errors.ts'

/** An object as it stood in a file, with its place for messages. */
export interface InputObject {
  readonly resource: AnyResource
  /** `policies.yaml, document 2, line 14`. */
  readonly place: string
}

export interface InputOptions {
  readonly recursive: boolean
  readonly skipEmpty: boolean
}

/**
 * Every object of a file, a directory (`.yaml`, `.yml`, `.json`, in name order) or standard input (`-`), all parsed
 * before anything is done with the first. Spec 06 §6. @throws CtlError with file, document and line
 */
export function readObjects(path: string, { recursive, skipEmpty }: InputOptions): InputObject[] {
  const objects = filesOf(path, recursive).flatMap(parseFile)
  if (objects.length === 0 && !skipEmpty) {
    const what = path !== '-' && statSync(path).isDirectory() ? 'directory' : 'file'
    throw new CtlError(`no resources specified in ${what} ${path}`)
  }
  return objects
}

function filesOf(path: string, recursive: boolean): string[] {
  if (path === '-') return [path]
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) throw new CtlError(`open ${path}: no such file or directory`)
  if (!info.isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) return recursive ? filesOf(inner, recursive) : []
      return ['.yaml', '.yml', '.json'].includes(extname(entry.name).toLowerCase()) ? [inner] : []
    })
}

function parseFile(path: string): InputObject[] {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8')
  if (text.trim() === '') return []
  const name = path === '-' ? 'standard input' : path
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { intAsBigInt: false, lineCounter: lines, uniqueKeys: true })
  if ('empty' in documents) return []
  return documents.flatMap((document, index) => {
    const line = lines.linePos(document.range[0]).line
    const place = `${name}, document ${index + 1}, line ${line}`
    const [error] = document.errors
    if (error) throw new CtlError(`${name}, document ${index + 1}: ${error.message}`)
    const value: unknown = document.toJS()
    // A comment or a closing `---` makes an empty document: nothing to do, not an error (spec 06 §13, 25).
    return value === null ? [] : expand(value, place)
  })
}

/** One object, an array of objects, or a `…List`. */
function expand(value: unknown, place: string): InputObject[] {
  if (Array.isArray(value)) return value.flatMap((item) => expand(item, place))
  if (typeof value !== 'object' || value === null)
    throw new CtlError(`${place}: an object is expected, with apiVersion and kind`)
  const { kind, apiVersion: version, items } = value as { kind?: unknown; apiVersion?: unknown; items?: unknown }
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((item) =>
      expand({ apiVersion: version, kind: kind.slice(0, -'List'.length), ...(item as object) }, place),
    )
  if (version !== apiVersion || typeof kind !== 'string' || !isKind(kind) || findKind(kind) === undefined)
    throw new CtlError(`${place}: unknown resource type (${kind ?? ''}) and/or version (${version ?? ''})`)
  const [unknown] = unknownFields(value as AnyResource)
  if (unknown !== undefined)
    throw new CtlError(`field in document is not recognized or is in the wrong location: ${unknown} (${place})`)
  return [{ resource: value as AnyResource, place }]
}
