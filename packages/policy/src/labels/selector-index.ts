import { compileSelector, type LabelRestriction, type Matcher, type Selector } from '@tortie/model'
import type { Group } from './group.ts'

/** A selector at work: the groups that match it now, and whatever `payload` it is for. */
export interface Selection<M, S> {
  readonly payload: S
  readonly matches: Matcher
  readonly groups: Set<Group<M, S>>
  /** Where the index keeps it. */
  readonly filed: Filed
}

/** `never` is kept nowhere: no labels can match. */
type Filed =
  | { readonly by: 'value'; readonly label: string; readonly values: readonly string[] }
  | { readonly by: 'label'; readonly label: string }
  | { readonly by: 'none' }
  | { readonly by: 'never' }

/** What each label must be like, of a selector. */
export type Restrictions = ReadonlyMap<string, LabelRestriction>

type Bucket<M, S> = Set<Selection<M, S>>

/**
 * Selections by a label that they need, so that a group is compared only with those it may match (spec 02 §1.5).
 * PERF: each selection is filed under one label, the one whose buckets are the emptiest, which keeps buckets small
 * when thousands of selectors share a namespace but not an app.
 */
export class SelectorIndex<M, S> {
  readonly #byValue = new Map<string, Map<string, Bucket<M, S>>>()
  readonly #byLabel = new Map<string, Bucket<M, S>>()
  readonly #unrestricted: Bucket<M, S> = new Set()

  add(selector: Selector, restrictions: Restrictions, payload: S): Selection<M, S> {
    const filed = this.#place(restrictions)
    const selection = { payload, matches: compileSelector(selector), groups: new Set<Group<M, S>>(), filed }
    for (const bucket of this.#buckets(filed)) bucket.add(selection)
    return selection
  }

  remove(selection: Selection<M, S>): void {
    const { filed } = selection
    for (const bucket of this.#buckets(filed)) bucket.delete(selection)
    if (filed.by === 'label' && this.#byLabel.get(filed.label)?.size === 0) this.#byLabel.delete(filed.label)
    if (filed.by !== 'value') return
    const values = this.#byValue.get(filed.label)
    for (const value of filed.values) if (values?.get(value)?.size === 0) values.delete(value)
    if (values?.size === 0) this.#byValue.delete(filed.label)
  }

  /** Every selection that may match labels, each once. */
  *candidates(labels: readonly string[]): Generator<Selection<M, S>> {
    yield* this.#unrestricted
    for (let i = 0; i < labels.length; i += 2) {
      const label = labels[i] ?? ''
      const byValue = this.#byValue.get(label)?.get(labels[i + 1] ?? '')
      if (byValue) yield* byValue
      const byLabel = this.#byLabel.get(label)
      if (byLabel) yield* byLabel
    }
  }

  #place(restrictions: Restrictions): Filed {
    let best: Filed = { by: 'none' }
    let bestLoad = Number.POSITIVE_INFINITY
    for (const [label, { mustBePresent, mustBeAbsent, values }] of restrictions) {
      if ((mustBePresent && mustBeAbsent) || values?.length === 0) return { by: 'never' }
      if (!mustBePresent) continue
      const filed: Filed = values ? { by: 'value', label, values } : { by: 'label', label }
      const load = values ? this.#load(label, values) : presenceCost + (this.#byLabel.get(label)?.size ?? 0)
      if (load < bestLoad) {
        best = filed
        bestLoad = load
      }
    }
    return best
  }

  #load(label: string, values: readonly string[]): number {
    const buckets = this.#byValue.get(label)
    return values.reduce((load, value) => load + 1 + (buckets?.get(value)?.size ?? 0), 0)
  }

  #buckets(filed: Filed): readonly Bucket<M, S>[] {
    if (filed.by === 'never') return []
    if (filed.by === 'none') return [this.#unrestricted]
    if (filed.by === 'label') return [entry(this.#byLabel, filed.label, () => new Set())]
    const values = entry(this.#byValue, filed.label, () => new Map())
    return filed.values.map((value) => entry(values, value, () => new Set()))
  }
}

/** A label that must only be there is worth as much as a value that so many selectors want. */
const presenceCost = 1000

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
