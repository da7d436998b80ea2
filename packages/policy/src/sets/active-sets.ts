import type { IpSet, IpSetDelta, IpSetId } from '@tortie/dataplane'
import { type IpSetDefinition, ipSetType } from '../compile/ip-set.ts'
import type { LabelSet } from '../labels/label-set.ts'
import { Population } from '../labels/population.ts'
import type { Selection } from '../labels/selector-index.ts'
import { contribution, type Holder, sameHolder } from './holder.ts'
import { MemberCounts, type MemberListener } from './member-counts.ts'

/** One IP set in use, and what of it changed since the last delta. */
class ActiveSet implements MemberListener {
  readonly definition: IpSetDefinition
  readonly counts: MemberCounts
  users = 0
  selection: Selection<Holder, ActiveSet> | undefined
  /** Whether a delta has created it. */
  isSent = false
  readonly added = new Set<string>()
  readonly removed = new Set<string>()
  readonly #changed: () => void

  constructor(definition: IpSetDefinition, changed: () => void) {
    this.definition = definition
    this.#changed = changed
    this.counts = new MemberCounts(this, ipSetType(definition) === 'net')
  }

  shown(member: string): void {
    if (!this.isSent) return
    if (!this.removed.delete(member)) this.added.add(member)
    this.#changed()
  }

  hidden(member: string): void {
    if (!this.isSent) return
    if (!this.added.delete(member)) this.removed.add(member)
    this.#changed()
  }
}

/**
 * The IP sets that active rules use, with their members, kept up as endpoints and network sets come and go. Sets that no
 * rule uses are not calculated.
 */
export class ActiveSets {
  readonly #sets = new Map<IpSetId, ActiveSet>()
  readonly #changed = new Set<IpSetId>()
  readonly #removed = new Set<IpSetId>()
  /** Everything that can be a member: endpoints of all nodes, and network sets. */
  readonly #holders = new Population<Holder, ActiveSet>({
    joined: ({ counts, definition }, holder) => {
      for (const member of contribution(definition, holder)) counts.add(member)
    },
    left: ({ counts, definition }, holder) => {
      for (const member of contribution(definition, holder)) counts.remove(member)
    },
  })

  get size(): number {
    return this.#sets.size
  }

  putHolder(id: string, labels: LabelSet, profiles: readonly string[], holder: Holder): void {
    const before = this.#holders.get(id)
    const payload = before !== undefined && sameHolder(before, holder) ? before : holder
    this.#holders.put(id, { labels, profiles, payload })
  }

  deleteHolder(id: string): void {
    this.#holders.remove(id)
  }

  setProfileLabels(profile: string, labels: LabelSet): void {
    this.#holders.setProfileLabels(profile, labels)
  }

  /** One more user of each. */
  acquire(definitions: ReadonlyMap<IpSetId, IpSetDefinition>): void {
    for (const [id, definition] of definitions) {
      let set = this.#sets.get(id)
      if (set === undefined) {
        set = new ActiveSet(definition, () => this.#changed.add(id))
        this.#sets.set(id, set)
        this.#changed.add(id)
        if (definition.kind !== 'service') set.selection = this.#holders.select(definition.selector, set)
      }
      set.users++
    }
  }

  /** One user less of each; what nobody uses is gone with the next delta. */
  release(definitions: ReadonlyMap<IpSetId, IpSetDefinition>): void {
    for (const id of definitions.keys()) {
      const set = this.#sets.get(id)
      if (set === undefined || --set.users > 0) continue
      if (set.selection) this.#holders.unselect(set.selection)
      this.#sets.delete(id)
      this.#changed.delete(id)
      if (set.isSent) this.#removed.add(id)
    }
  }

  /** What changed since the last call. */
  flush(): Map<IpSetId, IpSetDelta> {
    const delta = new Map<IpSetId, IpSetDelta>()
    for (const id of this.#removed) delta.set(id, { op: 'remove' })
    for (const id of this.#changed) {
      const set = this.#sets.get(id)
      if (set === undefined) continue
      if (!set.isSent) delta.set(id, { op: 'create', type: ipSetType(set.definition), members: set.counts.visible() })
      else if (set.added.size + set.removed.size > 0)
        delta.set(id, { op: 'change', added: [...set.added], removed: [...set.removed] })
      set.isSent = true
      set.added.clear()
      set.removed.clear()
    }
    this.#changed.clear()
    this.#removed.clear()
    return delta
  }

  /** As of the last flush. */
  sent(): Map<IpSetId, IpSet> {
    const sets = new Map<IpSetId, IpSet>()
    for (const [id, { definition, counts, isSent, added, removed }] of this.#sets) {
      if (!isSent) continue
      const members = counts.visible()
      for (const member of added) members.delete(member)
      for (const member of removed) members.add(member)
      sets.set(id, { type: ipSetType(definition), members })
    }
    return sets
  }
}
