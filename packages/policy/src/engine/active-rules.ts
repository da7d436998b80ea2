import type { IpSetId, PolicyId, PolicyRules } from '@tortie/dataplane'
import type { IpSetDefinition } from '../compile/ip-set.ts'
import type { CompiledRules } from '../compile/rules.ts'
import type { ActiveSets } from '../sets/active-sets.ts'
import type { Table } from './table.ts'

/**
 * The policies and profiles that local endpoints refer to, compiled, and through them the IP sets in use. Rules that
 * nobody refers to are not looked at.
 */
export class ActiveRules {
  readonly #compile: (id: PolicyId) => CompiledRules
  readonly #isAlwaysWanted: (id: PolicyId) => boolean
  readonly #table: Table<PolicyRules>
  readonly #sets: ActiveSets
  readonly #references = new Map<PolicyId, number>()
  /** Sets held by each active id. */
  readonly #held = new Map<PolicyId, ReadonlyMap<IpSetId, IpSetDefinition>>()
  readonly #dirty = new Set<PolicyId>()

  constructor(parts: {
    readonly compile: (id: PolicyId) => CompiledRules
    readonly isAlwaysWanted: (id: PolicyId) => boolean
    readonly table: Table<PolicyRules>
    readonly sets: ActiveSets
  }) {
    this.#compile = parts.compile
    this.#isAlwaysWanted = parts.isAlwaysWanted
    this.#table = parts.table
    this.#sets = parts.sets
  }

  /** The rules may have changed. */
  touch(id: PolicyId): void {
    this.#dirty.add(id)
  }

  /** An endpoint now refers to `now` instead of `before`. */
  refer(before: ReadonlySet<PolicyId>, now: ReadonlySet<PolicyId>): void {
    for (const id of now) if (!before.has(id)) this.#count(id, 1)
    for (const id of before) if (!now.has(id)) this.#count(id, -1)
  }

  /** Compiles what changed. Sets are taken before others are given back, so that what stays in use stays. */
  update(): void {
    const released: ReadonlyMap<IpSetId, IpSetDefinition>[] = []
    for (const id of this.#dirty) {
      const held = this.#held.get(id)
      if (held) released.push(held)
      if (this.#references.has(id) || this.#isAlwaysWanted(id)) {
        const { rules, sets } = this.#compile(id)
        this.#sets.acquire(sets)
        this.#held.set(id, sets)
        this.#table.set(id, rules)
      } else {
        this.#held.delete(id)
        this.#table.set(id, null)
      }
    }
    this.#dirty.clear()
    for (const sets of released) this.#sets.release(sets)
  }

  #count(id: PolicyId, change: 1 | -1): void {
    const count = (this.#references.get(id) ?? 0) + change
    if (count === 0) this.#references.delete(id)
    else this.#references.set(id, count)
    if (count === 0 || (count === 1 && change === 1)) this.#dirty.add(id)
  }
}
