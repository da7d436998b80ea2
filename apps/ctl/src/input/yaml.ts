import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from 'yaml'
import { CtlError, messageOf, oneLine } from '../errors.ts'

/** One document of a file. */
export interface ParsedDocument {
  /** Integers beyond 2^53 are bigint; null for a document of comments. */
  readonly value: unknown
  /** `policies.yaml, document 2, line 14`: where the value at `path` stands. */
  place(path: readonly (string | number)[]): string
}

/**
 * As Calico's reader of YAML resolves what is not quoted: YAML 1.1 (`yes`, `off`, `010`, `<<`), but times stay text, and
 * `80:90` is a range of ports, no number of base 60.
 */
function customTags(tags: Tags): Tags {
  const left = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`))
  return tags.filter((tag) => typeof tag === 'string' || !(left.has(tag.tag) || tag.format === 'TIME'))
}

/** @param name of the file, for messages. @throws CtlError with file, document and line */
export function parseDocuments(text: string, name: string): ParsedDocument[] {
  return split(text).flatMap(({ part, line }, index) => {
    if (part.trim() === '') return []
    const lines = new LineCounter()
    const document = parseDocument(part, {
      schema: 'yaml-1.1',
      customTags,
      intAsBigInt: true,
      lineCounter: lines,
      logLevel: 'error',
      prettyErrors: false,
    })
    const placeAt = (offset: number): string =>
      `${name}, document ${index + 1}, line ${lines.linePos(offset).line + line}`
    const [error] = document.errors
    if (error) throw new CtlError(`${oneLine(error.message)} (${placeAt(error.pos[0])})`, { cause: error })
    return [{ value: dataOf(document, placeAt(0)), place: (path) => placeAt(offsetOf(document, path)) }]
  })
}

/** @throws CtlError for aliases that grow without measure */
function dataOf(document: Document, place: string): unknown {
  try {
    return numbers(document.toJS())
  } catch (cause) {
    throw new CtlError(`${oneLine(messageOf(cause))} (${place})`, { cause })
  }
}

/** As Calico separates: a line that begins with `---`, whatever follows in it (spec 06 §6). `line` counts those before. */
function split(text: string): { readonly part: string; readonly line: number }[] {
  const parts: { part: string; line: number }[] = []
  let from = 0
  let line = 0
  for (const separator of text.matchAll(/\n---[^\n]*/g)) {
    const part = text.slice(from, separator.index)
    parts.push({ part, line })
    line += part.split('\n').length
    from = separator.index + separator[0].length
  }
  return [...parts, { part: text.slice(from), line }]
}

/** Of the key when the value has one, of the deepest thing that is there when `path` leads nowhere. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let node = document.contents as Node | null
  let offset = node?.range?.[0] ?? 0
  for (const part of path) {
    let next: unknown
    if (isMap(node)) {
      // The path has fields by their name, the file in any letter case.
      const name = String(part).toLowerCase()
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value).toLowerCase() === name)
      if (isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset
      next = pair?.value
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part]
      offset = (next as Node | undefined)?.range?.[0] ?? offset
    }
    if (next === undefined || next === null) break
    node = next as Node
  }
  return offset
}

function numbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(numbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbers(inner)]))
}
