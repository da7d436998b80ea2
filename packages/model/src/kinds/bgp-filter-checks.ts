import type { Finding } from '../schema/fields.ts'

/** What rules of BGPFilters may not combine (spec 01 §1.14). */

const operations = ['addCommunity', 'prependASPath', 'setPriority'] as const

export function* filterOperationFindings(
  operation: Readonly<Partial<Record<(typeof operations)[number], object | undefined>>>,
): Generator<Finding> {
  const given = operations.filter((name) => operation[name] !== undefined)
  if (given.length !== 1) yield { at: [], reason: `exactly one of ${operations.join(', ')} must be set` }
}

export function* filterRuleFindings(rule: {
  readonly cidr?: string | undefined
  readonly matchOperator?: string | undefined
  readonly prefixLength?: object | undefined
  readonly action: string
  readonly operations?: readonly object[] | undefined
}): Generator<Finding> {
  if (!rule.cidr !== !rule.matchOperator)
    yield {
      at: [rule.cidr ? 'matchOperator' : 'cidr'],
      reason: 'cidr and matchOperator must both be set or both be empty',
    }
  if (rule.prefixLength !== undefined && !rule.cidr)
    yield { at: ['prefixLength'], reason: 'cidr is required when prefixLength is set' }
  if (rule.operations?.length && rule.action !== 'Accept')
    yield { at: ['operations'], reason: 'operations may only be used with action Accept' }
}
