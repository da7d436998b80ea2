import type * as z from 'zod/mini'
import type { FieldError } from '../errors.ts'

type Issue = z.core.$ZodIssue

/** `['spec', 'ingress', 2, 'nets', 0]` as `spec.ingress[2].nets[0]`; keys that are no identifiers in brackets too. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => {
      const key = String(part)
      if (typeof part === 'number' || !/^[A-Za-z_$][\w$]*$/.test(key)) return `[${key}]`
      return i === 0 ? key : `.${key}`
    })
    .join('')
}

/** What an issue says, in our words. */
export function toFieldError(issue: Issue, root: unknown): FieldError {
  const value = valueAt(root, issue.path)
  return {
    path: formatPath(issue.path),
    value,
    reason: reasonOf(issue, value),
    ...(isMalformed(issue, value) && { malformed: true }),
  }
}

/** Null and absence are values of every type to Go. */
function isMalformed(issue: Issue, value: unknown): boolean {
  if (issue.code === 'custom') return issue.params?.malformed === true
  return (issue.code === 'invalid_type' || issue.code === 'invalid_union') && value !== undefined && value !== null
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function reasonOf(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_type' && value === undefined) return 'is required'
  if (issue.code === 'invalid_type') return `must be ${typeNames[issue.expected] ?? issue.expected}`
  if (issue.code === 'invalid_value')
    return value === undefined ? `is required; write ${choice(issue.values)}` : `must be ${choice(issue.values)}`
  if (issue.code === 'invalid_union' && value === undefined) return 'is required'
  if (issue.code === 'too_big' || issue.code === 'too_small') return limitReason(issue)
  return issue.message
}

function choice(values: readonly unknown[]): string {
  const shown = values.map((value) => (value === '' ? '""' : String(value)))
  return shown.length === 1 ? `${shown[0]}` : `one of ${shown.join(', ')}`
}

function limitReason(issue: Extract<Issue, { code: 'too_big' | 'too_small' }>): string {
  const [word, limit] = issue.code === 'too_big' ? ['most', issue.maximum] : ['least', issue.minimum]
  if (issue.origin === 'string') return `must have at ${word} ${limit} characters`
  if (issue.origin === 'array') return `must have at ${word} ${limit} entries`
  return `must be at ${word} ${limit}`
}
