import { type IpSetId, ipSetsOf, type PolicyId, type PolicyRules, type Rule, type TierProgram } from '@tortie/dataplane'
import { listName, policyName, tierName } from './names.ts'
import { formatOrigin } from './origin.ts'
import { type Item, type ListContext, RuleListCompiler } from './rule-list.ts'
import { type Action, type ChainSpec, jump, type RuleSpec, type SetSpec } from './ruleset.ts'

/** What endpoints with the same tiers and profiles share, in one direction. */
export interface PolicyList {
  readonly tiers: readonly TierProgram[]
  readonly profiles: readonly PolicyId[]
}

/** Chains and sets that belong together, and what they were made from. */
export interface Bundle {
  readonly entry: string
  readonly chains: readonly ChainSpec[]
  readonly sets: readonly SetSpec[]
  /** Policies whose change makes this bundle stale. */
  readonly policies: ReadonlySet<PolicyId>
  /** IP sets whose change of shape makes this bundle stale. */
  readonly ipSets: ReadonlySet<IpSetId>
  /** Policies that have a chain of their own, to which this bundle jumps. */
  readonly largePolicies: ReadonlySet<PolicyId>
}

export interface PolicyListContext extends ListContext {
  policy(id: PolicyId): PolicyRules
  /** What every list begins with. */
  readonly preamble: readonly RuleSpec[]
}

/** With more rules than this, all Allow or Deny, a policy has a chain of its own, which all lists share. */
const largePolicy = 8

export function isLargePolicy(rules: readonly Rule[]): boolean {
  return rules.length > largePolicy && rules.every(({ action }) => action === 'allow' || action === 'deny')
}

/** The chain of one large policy. */
export function compilePolicy(id: PolicyId, context: PolicyListContext): Bundle {
  const entry = policyName(context.direction, context.family, id)
  const compiler = new RuleListCompiler(context)
  const { rules } = compiler.compile(policyItems(id, '', context), entry)
  compiler.add({ name: entry, rules })
  return {
    entry,
    chains: [...compiler.chains.values()],
    sets: [...compiler.sets.values()],
    policies: new Set([id]),
    ipSets: ipSetsOf(context.policy(id)),
    largePolicies: new Set(),
  }
}

/**
 * The chain of one list, in which every packet meets a verdict. A tier with a Pass rule is a chain of its own that Pass
 * returns from; all else stands in one list, so that rules of different policies are sorted together.
 */
export function compileList({ tiers, profiles }: PolicyList, key: string, context: PolicyListContext): Bundle {
  const { direction, family, config, deny } = context
  const entry = listName(direction, family, key)
  const compiler = new RuleListCompiler(context)
  const writer = new ListWriter(compiler, entry, context)
  const end = (origin: string): RuleSpec => ({ terms: [], counter: config.counters, action: deny, origin })
  for (const { name, policies, defaultAction } of tiers) {
    const items = policies.flatMap((id) => listItems(id, name, context))
    const denial = defaultAction === 'deny' ? end(formatOrigin({ kind: 'tier-end', tier: name, direction })) : undefined
    writer.scope(items, tierName(entry, name), denial)
  }
  for (const [index, profile] of profiles.entries())
    writer.scope(listItems(profile, '', context), `${entry}-profile-${index}`, undefined)
  compiler.add({ name: entry, rules: writer.finish(end(formatOrigin({ kind: 'no-match', direction }))) })
  const used = new Set([...tiers.flatMap(({ policies }) => policies), ...profiles])
  const large = [...used].filter((id) => isLargePolicy(context.policy(id)[direction]))
  return {
    entry,
    chains: [...compiler.chains.values()],
    sets: [...compiler.sets.values()],
    policies: used,
    ipSets: new Set([...used].flatMap((id) => [...ipSetsOf(context.policy(id))])),
    largePolicies: new Set(large),
  }
}

/** Puts scopes one after the other; a scope is what Pass leaves. */
class ListWriter {
  readonly #compiler: RuleListCompiler
  readonly #name: string
  readonly #rules: RuleSpec[]
  #items: Item[] = []
  #closed = false

  constructor(compiler: RuleListCompiler, name: string, { preamble }: PolicyListContext) {
    this.#compiler = compiler
    this.#name = name
    this.#rules = [...preamble]
  }

  /** @param denial the last rule of the scope; undefined: what matches nothing goes on behind it */
  scope(items: readonly Item[], name: string, denial: RuleSpec | undefined): void {
    if (this.#closed) return
    if (!items.some((item) => 'rule' in item && item.rule.action === 'pass')) {
      this.#items.push(...items)
      if (denial) this.#close(denial)
      return
    }
    this.#flush()
    if (this.#closed) return
    const { rules, stops } = this.#compiler.compile(items, name)
    if (denial && !stops) rules.push(denial)
    this.#compiler.add({ name, rules })
    this.#rules.push({ terms: [], counter: false, action: jump(name) })
  }

  finish(denial: RuleSpec): readonly RuleSpec[] {
    this.#close(denial)
    return this.#rules
  }

  #close(denial: RuleSpec): void {
    if (this.#closed) return
    this.#flush()
    if (!this.#closed) this.#rules.push(denial)
    this.#closed = true
  }

  #flush(): void {
    const count = this.#rules.length
    const { rules, stops } = this.#compiler.compile(this.#items, `${this.#name}-${count}`)
    this.#items = []
    this.#rules.push(...rules)
    this.#closed ||= stops
  }
}

/** The rules of a policy, or a jump to its own chain. */
function listItems(id: PolicyId, tier: string, context: PolicyListContext): Item[] {
  const { direction, family } = context
  const rules = context.policy(id)[direction]
  if (!isLargePolicy(rules)) return policyItems(id, tier, context)
  const actions = new Set(rules.map(({ action }) => action))
  const [only] = actions
  const action = actions.size === 1 && only ? only : 'mixed'
  return [{ chain: policyName(direction, family, id), action, origin: id }]
}

function policyItems(id: PolicyId, tier: string, context: PolicyListContext): Item[] {
  const { direction, config } = context
  return context.policy(id)[direction].map((rule) => ({
    rule,
    origin: formatOrigin({ kind: 'rule', policy: id, direction, index: rule.index }),
    logPrefix: rule.action === 'log' ? logPrefix(config.logPrefix, tier, id) : '',
  }))
}

/** Spec 02 §4.8. nf_tables takes 127 bytes. */
export function logPrefix(pattern: string, tier: string, id: PolicyId): string {
  const [kind = '', ...path] = id.split('/')
  const words: Readonly<Record<string, string>> = { t: tier, k: kind, n: path.at(-1) ?? '', p: path.join('/') }
  return `${pattern.replace(/%([tknp])/g, (_, letter: string) => words[letter] ?? '')}: `.slice(0, 127)
}

export function denyAction(config: { readonly denyAction: 'drop' | 'reject' }): Action {
  return config.denyAction === 'reject' ? { do: 'reject' } : { do: 'verdict', verdict: { go: 'drop' } }
}
