import type { Finding } from '../schema/fields.ts'

/**
 * One that stages a deletion says what is deleted, and nothing else (spec 01 §1.7). Its tier may be told; its types are
 * taken away when it is written.
 */
export function* deletionFindings(spec: object, fields: readonly string[]): Generator<Finding> {
  const except = fields.includes('tier') ? ', except Tier,' : ''
  const reason = `Spec fields${except} should all be zero-value if stagedAction is Delete; leave it out`
  const given = spec as Readonly<Record<string, unknown>>
  for (const field of fields)
    if (field !== 'tier' && field !== 'types' && !isZero(given[field])) yield { at: [field], reason }
}

/** What was zero and may be left out is gone by now; a selector of everything is not. */
function isZero(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}
