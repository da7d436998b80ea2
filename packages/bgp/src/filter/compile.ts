import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Family } from '@tortie/ip'
import type { PathAttributes } from '../message/path-attributes.ts'
import { applyActions, sameAttributes } from './actions.ts'
import { attributeTests, contextTests, type FilterContext, globTest, type Test, testsOf } from './conditions.ts'
import type { Action, Filter, Statement, Verdict } from './filter.ts'
import { PrefixClasses, type PrefixCondition } from './prefix-classes.ts'

/** What a filter makes of a route. */
export interface Outcome {
  readonly verdict: Verdict
  /** The identical object that was given when nothing changed it, and when the verdict is `reject`. */
  readonly attributes: PathAttributes
  /** Preference among sources, when a statement of an accepted route set it. */
  readonly preference?: number
  /** Origin of the statement that decided; undefined when the filter's `otherwise` did. */
  readonly statement?: string
}

/** What is left of a filter for routes of one attribute set and context. Equal outcomes are the identical object. */
export type AttributeStage =
  | { readonly kind: 'decided'; readonly outcome: Outcome }
  | {
      readonly kind: 'by-prefix'
      /**
       * For the prefix whose address is `words[at]` (IPv4) or `words[at]` to `words[at + 3]` (IPv6), bits beyond
       * `length` zero. Allocates nothing for a prefix of a kind seen before.
       */
      readonly decide: (family: Family, words: Uint32Array, at: number, length: number) => Outcome
    }

export interface CompiledFilter {
  /** The same for equal filters, different for different ones; 32 hexadecimal digits. */
  readonly hash: string
  /** Evaluates what does not depend on the prefix. */
  forAttributes(attributes: PathAttributes, context: FilterContext): AttributeStage
}

/**
 * Makes a filter quick: statements are sorted by what they look at, so that a route costs one search among the filter's
 * prefixes, however many statements there are. The first statement that ends decides, and actions of `next` statements
 * on the way count, exactly as `explainFilter` reads them one by one.
 * @throws IpError for a prefix that is none
 */
export function compileFilter(filter: Filter): CompiledFilter {
  const compiled = new Compiled(filter)
  return { hash: filterHash(filter), forAttributes: (attributes, context) => compiled.stage(attributes, context) }
}

/** Names a filter by its content: equal values have equal hashes, whatever the order of their keys. */
export function filterHash(filter: Filter): string {
  return bytesToHex(sha256(new TextEncoder().encode(canonicalText(filter))).subarray(0, 16))
}

/** JSON with sorted keys. PERF: twice as fast as `JSON.stringify` with a function that sorts. */
function canonicalText(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`
  const fields = value as Readonly<Record<string, unknown>>
  let text = '{'
  for (const key of Object.keys(fields).sort())
    if (fields[key] !== undefined) text += `${JSON.stringify(key)}:${canonicalText(fields[key])},`
  return `${text}}`
}

interface CompiledStatement {
  readonly origin: string
  readonly context: readonly Test<FilterContext>[]
  readonly attributes: readonly Test<PathAttributes>[]
  /** Index of its prefix condition, if it has one. */
  readonly prefix: number | undefined
  readonly actions: readonly Action[]
  readonly verdict: Statement['verdict']
}

/** The statements that can match in one context, by their number, and the ones that can in each class of prefixes. */
interface InContext {
  readonly statements: ReadonlyMap<number, CompiledStatement>
  /** Of prefixes that lie in no set. */
  readonly byDefault: Readonly<Record<Family, readonly number[]>>
  readonly byClass: (readonly CompiledStatement[] | undefined)[]
}

class Compiled {
  readonly #otherwise: Verdict
  readonly #statements: readonly CompiledStatement[]
  readonly #classes: PrefixClasses
  /** The number of the statement that has the condition. */
  readonly #statementOf: readonly number[]
  readonly #interfaces: readonly Test<string>[]
  readonly #inContext = new Map<string, InContext>()

  constructor({ statements, otherwise }: Filter) {
    this.#otherwise = otherwise
    const conditions: PrefixCondition[] = []
    const statementOf: number[] = []
    this.#statements = statements.map(({ origin, match, actions = [], verdict }, i) => {
      const { family, prefixes, notPrefixes } = match
      const depends = family !== undefined || prefixes !== undefined || notPrefixes !== undefined
      const prefix = depends ? conditions.push(match) - 1 : undefined
      if (depends) statementOf.push(i)
      const tests = { context: testsOf(contextTests, match), attributes: testsOf(attributeTests, match) }
      return { origin, ...tests, prefix, actions, verdict }
    })
    this.#classes = new PrefixClasses(conditions)
    this.#statementOf = statementOf
    this.#interfaces = [...new Set(statements.flatMap(({ match }) => match.interfaces ?? []))].map(globTest)
  }

  stage(attributes: PathAttributes, context: FilterContext): AttributeStage {
    const inContext = this.#specialise(context)
    const decided = run(inContext.statements.values(), attributes, this.#otherwise, true)
    if (decided) return { kind: 'decided', outcome: decided }
    const byClass: (Outcome | undefined)[] = []
    const distinct: Distinct = { attributes: [attributes], byStatement: new Map() }
    const decide = (family: Family, words: Uint32Array, at: number, length: number): Outcome => {
      const index = this.#classes.classOf(family, words, at, length)
      const known = byClass[index]
      if (known) return known
      const outcome = run(this.#inClass(inContext, index), attributes, this.#otherwise, false)
      const interned = internOutcome(distinct, outcome)
      byClass[index] = interned
      return interned
    }
    return { kind: 'by-prefix', decide }
  }

  /** Contexts that no condition tells apart share one entry: interfaces by the globs that they match. */
  #specialise(context: FilterContext): InContext {
    const name = context.interface
    const globs = name === undefined ? '' : this.#interfaces.map((test) => (test(name) ? '1' : '0')).join('')
    const key = `${context.source} ${context.peerType} ${context.gateway ?? false} ${globs}`
    const known = this.#inContext.get(key)
    if (known) return known
    const statements = new Map(
      [...this.#statements.entries()].filter(([, statement]) => statement.context.every((test) => test(context))),
    )
    const byDefault = { 4: this.#byDefault(statements, 4), 6: this.#byDefault(statements, 6) }
    const made: InContext = { statements, byDefault, byClass: [] }
    this.#inContext.set(key, made)
    return made
  }

  #byDefault(statements: InContext['statements'], family: Family): number[] {
    const met = new Set(this.#classes.metByDefault(family))
    return [...statements].flatMap(([i, { prefix }]) => (prefix === undefined || met.has(prefix) ? [i] : []))
  }

  #inClass({ statements, byDefault, byClass }: InContext, index: number): readonly CompiledStatement[] {
    const known = byClass[index]
    if (known) return known
    const { family, met, excluded } = this.#classes.class(index) ?? { family: 4, met: [], excluded: [] }
    const out = new Set(excluded.map((condition) => this.#statementOf[condition]))
    const numbers = [
      ...byDefault[family].filter((i) => !out.has(i)),
      ...met.map((condition) => this.#statementOf[condition] ?? -1),
    ]
    const made = numbers.sort((a, b) => a - b).flatMap((i) => statements.get(i) ?? [])
    byClass[index] = made
    return made
  }
}

/** Statements one by one. With `anyPrefix`, undefined as soon as the prefix matters. */
function run(
  statements: Iterable<CompiledStatement>,
  attributes: PathAttributes,
  otherwise: Verdict,
  anyPrefix: false,
): Outcome
function run(
  statements: Iterable<CompiledStatement>,
  attributes: PathAttributes,
  otherwise: Verdict,
  anyPrefix: boolean,
): Outcome | undefined
function run(
  statements: Iterable<CompiledStatement>,
  attributes: PathAttributes,
  otherwise: Verdict,
  anyPrefix: boolean,
): Outcome | undefined {
  let changed: Pick<Outcome, 'attributes' | 'preference'> = { attributes }
  for (const statement of statements) {
    if (!meets(statement.attributes, changed.attributes)) continue
    if (anyPrefix && statement.prefix !== undefined) return undefined
    if (statement.verdict !== 'reject') changed = applyActions(statement.actions, changed)
    if (statement.verdict !== 'next') return conclude(attributes, changed, statement.verdict, statement.origin)
  }
  return conclude(attributes, changed, otherwise, undefined)
}

function meets(tests: readonly Test<PathAttributes>[], attributes: PathAttributes): boolean {
  for (const test of tests) if (!test(attributes)) return false
  return true
}

/** The outcome of a walk that began with `given`: what a rejected route carries no longer matters. */
export function conclude(
  given: PathAttributes,
  changed: Pick<Outcome, 'attributes' | 'preference'>,
  verdict: Verdict,
  statement: string | undefined,
): Outcome {
  const origin = statement === undefined ? {} : { statement }
  if (verdict === 'reject') return { verdict, attributes: given, ...origin }
  const attributes = sameAttributes(given, changed.attributes) ? given : changed.attributes
  return { verdict, ...changed, attributes, ...origin }
}

/** The outcomes of one stage and the attributes that they have, each once. */
interface Distinct {
  readonly attributes: PathAttributes[]
  readonly byStatement: Map<string | undefined, Outcome[]>
}

/** The outcome that equals `outcome`, which is added if there is none. */
function internOutcome({ attributes: sets, byStatement }: Distinct, outcome: Outcome): Outcome {
  const { verdict, preference, statement } = outcome
  const attributes = sets.find((each) => sameAttributes(each, outcome.attributes)) ?? outcome.attributes
  if (attributes === outcome.attributes && !sets.includes(attributes)) sets.push(attributes)
  const alike = byStatement.get(statement) ?? []
  byStatement.set(statement, alike)
  const found = alike.find(
    (each) => each.verdict === verdict && each.preference === preference && each.attributes === attributes,
  )
  if (found) return found
  const added = { ...outcome, attributes }
  alike.push(added)
  return added
}
