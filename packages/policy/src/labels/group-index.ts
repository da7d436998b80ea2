import type { Group } from './group.ts'
import type { Restrictions } from './selector-index.ts'

/**
 * Groups by label and value, for new selectors.
 * PERF: only labels that some selector has asked for are indexed; what tells pods apart (pod-template-hash) costs
 * nothing. A label is indexed at the first question about it, in one pass over the groups.
 */
export class GroupIndex<M, S> {
  readonly #groups = new Set<Group<M, S>>()
  readonly #byLabel = new Map<string, Map<string, Set<Group<M, S>>>>()

  get size(): number {
    return this.#groups.size
  }

  add(group: Group<M, S>): void {
    this.#groups.add(group)
    for (const [values, value] of this.#places(group)) insert(values, value, group)
  }

  remove(group: Group<M, S>): void {
    this.#groups.delete(group)
    for (const [values, value] of this.#places(group)) {
      const found = values.get(value)
      found?.delete(group)
      if (found?.size === 0) values.delete(value)
    }
  }

  /** The fewest groups that are sure to hold every one that obeys the restrictions. */
  candidates(restrictions: Restrictions): Iterable<Group<M, S>> {
    let best: Iterable<Group<M, S>> = this.#groups
    let fewest = this.#groups.size
    for (const [label, { mustBePresent, mustBeAbsent, values }] of restrictions) {
      if ((mustBePresent && mustBeAbsent) || values?.length === 0) return []
      if (!mustBePresent) continue
      const found = this.#having(label, values)
      const count = found.reduce((sum, set) => sum + set.size, 0)
      if (count >= fewest) continue
      fewest = count
      best = flat(found)
    }
    return best
  }

  #having(label: string, values: readonly string[] | undefined): readonly Set<Group<M, S>>[] {
    let byValue = this.#byLabel.get(label)
    if (byValue === undefined) {
      byValue = new Map()
      this.#byLabel.set(label, byValue)
      for (const group of this.#groups) {
        const at = keyOf(group, label)
        if (at >= 0) insert(byValue, group.labels[at + 1] ?? '', group)
      }
    }
    return values === undefined ? [...byValue.values()] : values.flatMap((value) => byValue.get(value) ?? [])
  }

  *#places({ labels }: Group<M, S>): Generator<readonly [Map<string, Set<Group<M, S>>>, string]> {
    for (let i = 0; i < labels.length; i += 2) {
      const values = this.#byLabel.get(labels[i] ?? '')
      if (values) yield [values, labels[i + 1] ?? '']
    }
  }
}

function keyOf<M, S>({ labels }: Group<M, S>, label: string): number {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === label) return i
  return -1
}

function insert<M, S>(values: Map<string, Set<Group<M, S>>>, value: string, group: Group<M, S>): void {
  const found = values.get(value)
  if (found) found.add(group)
  else values.set(value, new Set([group]))
}

function* flat<T>(sets: readonly Iterable<T>[]): Generator<T> {
  for (const set of sets) yield* set
}
