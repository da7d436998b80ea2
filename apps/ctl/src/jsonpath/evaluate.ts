import { formatJson } from '@tortie/model'
import { builtins } from '../go-template/functions.ts'
import { sprint } from '../go-template/printf.ts'
import { compareText, fromJson } from '../go-template/values.ts'
import { JsonPathError } from './errors.ts'
import { type Part, type Path, parseJsonPath, type Step } from './parse.ts'

/**
 * Writes what a template of kubectl's jsonpath finds in `data`: results of one `{…}` with spaces between them, objects and
 * lists as JSON. A field that is not there is no result.
 * @param data JSON
 * @throws JsonPathError
 */
export function renderJsonPath(template: string, data: unknown): string {
  return render(parseJsonPath(template), data)
}

function render(parts: readonly Part[], data: unknown): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text
      const results = find([data], part.path)
      if (part.kind === 'range') return results.map((result) => render(part.body, result)).join('')
      return results.map(formatResult).join(' ')
    })
    .join('')
}

function formatResult(value: unknown): string {
  if (typeof value === 'object' && value !== null) return formatJson(sorted(value))
  return value === null ? 'null' : sprint([fromJson(value)])
}

/** As Go writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isMap(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

function failure(why: string): JsonPathError {
  return new JsonPathError('jsonpath/evaluate', why)
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function find(from: readonly unknown[], path: Path): readonly unknown[] {
  return path.reduce<readonly unknown[]>((values, step) => take(values, step), from)
}

function take(values: readonly unknown[], step: Step): readonly unknown[] {
  switch (step.kind) {
    case 'literal':
      return typeof step.value === 'string' ? [step.value] : values.map(() => step.value)
    case 'field':
      return values.flatMap((value) => (isMap(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []))
    case 'wildcard':
      return values.flatMap(within)
    case 'recursive':
      return values.flatMap(descend)
    case 'union':
      return step.paths.flatMap((path) => find(values, path))
    case 'item':
    case 'slice':
      return values.flatMap((value) => (isNothing(value) ? [] : sliced(listOf(value, 'is not array or slice'), step)))
    case 'filter':
      return values.flatMap((value) =>
        listOf(value, 'is not array or slice and cannot be filtered').filter((item) => passes(item, step)),
      )
  }
}

/** In the order of Go's: that of the keys. */
function within(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (!isMap(value)) return []
  return Object.keys(value)
    .sort(compareText)
    .map((key) => value[key])
}

/** Each list and map, outer ones first. */
function descend(value: unknown): readonly unknown[] {
  const inner = within(value)
  return inner.length === 0 ? [] : [value, ...inner.flatMap(descend)]
}

function listOf(value: unknown, why: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw failure(`${isNothing(value) ? 'null' : isMap(value) ? 'an object' : formatResult(value)} ${why}`)
}

function sliced(list: readonly unknown[], step: Extract<Step, { kind: 'item' | 'slice' }>): readonly unknown[] {
  const { length } = list
  const absolute = (index: number): number => (index < 0 ? index + length : index)
  const check = (index: number, isInside: boolean): void => {
    if (!isInside) throw failure(`array index out of bounds: index ${index}, length ${length}`)
  }
  if (step.kind === 'item') {
    const at = absolute(step.at)
    check(at, at >= 0 && at < length)
    return [list[at]]
  }
  const from = absolute(step.from ?? 0)
  const to = absolute(step.to ?? length)
  if (from === to) return []
  check(from, from >= 0 && from < length)
  check(to - 1, to >= 0 && to <= length)
  if (from > to) throw failure(`starting index ${from} is greater than ending index ${to}`)
  if (step.by <= 0) throw failure('step must be > 0')
  return list.slice(from, to).filter((_item, at) => at % step.by === 0)
}

const operators: Readonly<Record<string, string>> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}

function passes(item: unknown, { left, comparison }: Extract<Step, { kind: 'filter' }>): boolean {
  if (!comparison) return exists(item, left)
  const compare = builtins.get(operators[comparison.operator] ?? '')
  if (!compare) throw failure(`unrecognized filter operator ${comparison.operator}`)
  const sides = [find([item], left), find([item], comparison.right)]
  if (sides.some((side) => side.length === 0)) return false
  if (sides.some((side) => side.length > 1)) throw failure('can only compare one element at a time')
  try {
    return compare(...sides.map(([value]) => fromJson(value))) === true
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error))
  }
}

function exists(item: unknown, path: Path): boolean {
  try {
    return find([item], path).length > 0
  } catch (error) {
    if (error instanceof JsonPathError) return false
    throw error
  }
}
