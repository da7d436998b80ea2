import type { Direction, Rule } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import type { NftConfig } from '../config.ts'
import { type Known, type LowerContext, lowerRule, type SetShape } from './lower.ts'
import { digest } from './names.ts'
import { type Partition, partition } from './partition.ts'
import {
  type Action,
  accept,
  type ChainSpec,
  type Elements,
  goBack,
  jump,
  type RuleSpec,
  type SetSpec,
} from './ruleset.ts'

/** One entry of an ordered list. */
export type Item =
  | { readonly rule: Rule; readonly origin: string; readonly logPrefix: string }
  /** A chain that holds the rules of one policy. `mixed`: its rules do not all do the same. */
  | { readonly chain: string; readonly action: Rule['action'] | 'mixed'; readonly origin: string }

export interface ListContext {
  readonly config: NftConfig
  readonly direction: Direction
  readonly family: Family
  /** What a denied packet meets. */
  readonly deny: Action
  shapeOf(id: string, family: Family): SetShape
}

const nothingKnown: Known = new Set()

/**
 * Compiles ordered lists of rules into chains. Neighbours that do the same may change places, so they are sorted into
 * verdict maps by protocol and port, then by CIDR: a new flow visits the rules that its keys leave over, however many
 * there are beside them.
 */
export class RuleListCompiler {
  readonly chains = new Map<string, ChainSpec>()
  readonly sets = new Map<string, SetSpec>()
  readonly #context: ListContext
  readonly #lowering: LowerContext

  constructor(context: ListContext) {
    this.#context = context
    this.#lowering = {
      family: context.family,
      shapeOf: context.shapeOf,
      use: (set) => {
        this.sets.set(set.name, set)
        return set.name
      },
    }
  }

  /**
   * Rules for `items`, to stand in the chain `name`; other chains and sets are put by. `stops`: nothing goes past them.
   * Pass becomes `return`, so a chain whose list has a Pass holds nothing else.
   */
  compile(items: readonly Item[], name: string): { readonly rules: RuleSpec[]; readonly stops: boolean } {
    return this.#items(items, nothingKnown, name)
  }

  add(chain: ChainSpec): void {
    this.chains.set(chain.name, chain)
  }

  /** @param owner chain whose name says nothing of its content; undefined inside chains named by their content */
  #items(items: readonly Item[], known: Known, owner: string | undefined): { rules: RuleSpec[]; stops: boolean } {
    const rules: RuleSpec[] = []
    const names = mapNames(owner)
    for (const block of blocksOf(items)) {
      let rest: readonly Item[] = block
      for (;;) {
        const sorted = this.#sort(rest, known)
        if (!sorted) break
        rules.push(this.#map(sorted, rest, known, names))
        rest = sorted.rest.map((index) => rest[index] as Item)
      }
      for (const item of rest) {
        const own = this.#item(item, known)
        rules.push(...own)
        if (own.some(isFinal)) return { rules, stops: true }
      }
    }
    return { rules, stops: false }
  }

  #sort(block: readonly Item[], known: Known): Partition | undefined {
    const action = actionOf(block[0])
    if (action !== 'allow' && action !== 'deny') return undefined
    const positions: number[] = []
    const rules: Rule[] = []
    for (const [index, item] of block.entries()) {
      if (!('rule' in item)) continue
      positions.push(index)
      rules.push(item.rule)
    }
    const found = partition(rules, this.#context.family, known)
    if (!found) return undefined
    const inBuckets = new Set(found.rest)
    const chains = [...block.keys()].filter((index) => !('rule' in (block[index] as Item)))
    const rest = [...positions.filter((_, index) => inBuckets.has(index)), ...chains].sort((a, b) => a - b)
    const buckets = new Map<string, readonly number[]>()
    for (const [key, members] of found.buckets)
      buckets.set(
        key,
        members.map((index) => positions[index] as number),
      )
    return { ...found, rest, buckets }
  }

  #map(sorted: Partition, block: readonly Item[], known: Known, nameOf: MapNames): RuleSpec {
    const within: Known = new Set([...known, sorted.by])
    const chains = new Map<string, string>()
    const elements = new Map<string, { readonly go: 'jump'; readonly chain: string }>()
    for (const [key, members] of sorted.buckets) {
      const identity = members.join()
      let chain = chains.get(identity)
      if (chain === undefined) {
        chain = this.#bucket(
          members.map((index) => block[index] as Item),
          within,
        )
        chains.set(identity, chain)
      }
      elements.set(key, { go: 'jump', chain })
    }
    const { fields, interval } = sorted
    const map = { ...nameOf(sorted, elements), fields, interval, verdicts: true, elements }
    this.sets.set(map.name, map)
    return { terms: [], counter: false, action: { do: 'map', key: sorted.key, map: map.name } }
  }

  /** Name of the chain that holds the items; the same content is the same chain, whoever asks for it. */
  #bucket(items: readonly Item[], known: Known): string {
    const { rules } = this.#items(items, known, undefined)
    const name = `rules-${digest(JSON.stringify(rules))}`
    this.add({ name, rules, constant: true })
    return name
  }

  #item(item: Item, known: Known): RuleSpec[] {
    const { config, deny } = this.#context
    if ('chain' in item) return [{ terms: [], counter: false, action: jump(item.chain), origin: item.origin }]
    const { rule, origin } = item
    const action: Action =
      rule.action === 'allow'
        ? accept
        : rule.action === 'deny'
          ? deny
          : rule.action === 'pass'
            ? goBack
            : { do: 'log', prefix: item.logPrefix, ...(config.logLimit ? { limit: config.logLimit } : {}) }
    return lowerRule(rule, known, this.#lowering).map((terms) => ({ terms, counter: config.counters, action, origin }))
  }
}

function isFinal({ terms, action }: RuleSpec): boolean {
  return terms.length === 0 && (action.do === 'reject' || (action.do === 'verdict' && action.verdict.go !== 'jump'))
}

function actionOf(item: Item | undefined): Rule['action'] | 'mixed' | undefined {
  return item && ('rule' in item ? item.rule.action : item.action)
}

/** Runs of neighbours that may change places: those that all allow, or all deny. */
function blocksOf(items: readonly Item[]): Item[][] {
  const blocks: Item[][] = []
  for (const item of items) {
    const block = blocks.at(-1)
    const action = actionOf(item)
    if (block && action === actionOf(block[0]) && (action === 'allow' || action === 'deny')) block.push(item)
    else blocks.push([item])
  }
  return blocks
}

type MapNames = (sorted: Partition, elements: Elements) => Pick<SetSpec, 'name' | 'constant'>

/**
 * A map that is one of its owner's keeps its name when its content changes, so that one rule more is one element more.
 * Maps of ranges are named by content: their ranges shift, and the old and the new would overlap in one transaction.
 */
function mapNames(owner: string | undefined): MapNames {
  let count = 0
  return ({ by, interval }, elements) => {
    if (owner !== undefined && !interval) return { name: `${owner}-by-${by}-${count++}` }
    return { name: `by-${by}-${digest(JSON.stringify([...elements]))}`, constant: true }
  }
}
