import { containsPrefix, type Prefix, parsePrefix } from '@tortie/ip'
import type { PathAttributes } from '../message/path-attributes.ts'
import { applyActions, type Changed } from './actions.ts'
import { conclude, type Outcome } from './compile.ts'
import { attributeTests, contextTests, type FilterContext, testsOf } from './conditions.ts'
import type { Filter, Match, PrefixMatch, Statement } from './filter.ts'

/** A route as a filter sees it. */
export interface FilteredRoute extends FilterContext {
  /** Canonical text. */
  readonly prefix: string
  readonly attributes: PathAttributes
}

/** What became of one statement. `failed` is the first condition that does not hold, in the order of `Match`. */
export interface FilterStep {
  readonly origin: string
  readonly verdict: Statement['verdict']
  readonly result: 'matched' | 'failed' | 'not-reached'
  readonly failed?: keyof Match
}

export interface FilterExplanation {
  readonly outcome: Outcome
  /** One for each statement, in order. */
  readonly steps: readonly FilterStep[]
}

/** Reads a filter statement by statement, as it is written. @throws IpError for a prefix that is none */
export function explainFilter(filter: Filter, route: FilteredRoute): FilterExplanation {
  const prefix = parsePrefix(route.prefix)
  const steps: FilterStep[] = []
  let changed: Changed = { attributes: route.attributes }
  let outcome: Outcome | undefined
  for (const { origin, match, actions = [], verdict } of filter.statements) {
    const failed = outcome ? undefined : failedCondition(match, prefix, changed.attributes, route)
    const result = outcome ? 'not-reached' : failed === undefined ? 'matched' : 'failed'
    steps.push({ origin, verdict, result, ...(failed && { failed }) })
    if (result !== 'matched') continue
    changed = applyActions(actions, changed)
    if (verdict !== 'next') outcome = conclude(route.attributes, changed, verdict, origin)
  }
  return { outcome: outcome ?? conclude(route.attributes, changed, filter.otherwise, undefined), steps }
}

type Tests = { readonly [K in keyof Required<Match>]: (match: Pick<Match, K>) => boolean }

function failedCondition(
  match: Match,
  prefix: Prefix,
  attributes: PathAttributes,
  context: FilterContext,
): keyof Match | undefined {
  const inContext = (one: Match): boolean => testsOf(contextTests, one).every((test) => test(context))
  const inAttributes = (one: Match): boolean => testsOf(attributeTests, one).every((test) => test(attributes))
  const tests: Tests = {
    family: ({ family }) => family === prefix.family,
    prefixes: ({ prefixes = [] }) => prefixes.some((set) => lies(prefix, set)),
    notPrefixes: ({ notPrefixes = [] }) => !notPrefixes.some((set) => lies(prefix, set)),
    sources: inContext,
    interfaces: inContext,
    gateway: inContext,
    peerType: inContext,
    communities: inAttributes,
    asPathPrefix: inAttributes,
    localPref: inAttributes,
  }
  return (Object.keys(tests) as (keyof Match)[]).find(
    (field) => match[field] !== undefined && !tests[field]({ [field]: match[field] }),
  )
}

function lies(prefix: Prefix, { prefix: text, min, max }: PrefixMatch): boolean {
  return min <= prefix.length && prefix.length <= max && containsPrefix(parsePrefix(text), prefix)
}
