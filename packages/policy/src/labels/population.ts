import { type LabelLookup, labelRestrictions, type Selector } from '@tortie/model'
import { addMember, type Group, groupKey, type Member, removeMember } from './group.ts'
import { GroupIndex } from './group-index.ts'
import { inherit, type LabelSet, labelValue, noLabels, sameLabels } from './label-set.ts'
import { type Selection, SelectorIndex } from './selector-index.ts'

/** Told of every member that begins or ceases to be selected. */
export interface PopulationListener<M, S> {
  joined(payload: S, member: M, id: string): void
  left(payload: S, member: M, id: string): void
}

/** What a member is: labels of its own, profiles to inherit from, and what the listener is told of. */
export interface Labelled<M> {
  readonly labels: LabelSet
  readonly profiles: readonly string[]
  readonly payload: M
}

/**
 * Things with labels on one hand, selectors on the other, and at any time who is selected by what. The state depends on
 * what is in it, not on the order in which it came. The cost of a change is that of the selectors and groups it may
 * concern.
 */
export class Population<M, S> {
  readonly #listener: PopulationListener<M, S>
  readonly #members = new Map<string, Member<M, S>>()
  readonly #groups = new Map<string, Group<M, S>>()
  readonly #groupIndex = new GroupIndex<M, S>()
  readonly #selectorIndex = new SelectorIndex<M, S>()
  readonly #profileLabels = new Map<string, LabelSet>()
  readonly #groupsOfProfile = new Map<string, Set<Group<M, S>>>()
  #lookedAt: LabelSet = noLabels
  readonly #lookup: LabelLookup = (label) => labelValue(this.#lookedAt, label)

  constructor(listener: PopulationListener<M, S>) {
    this.#listener = listener
  }

  get size(): number {
    return this.#members.size
  }

  /** Of members that have equal labels and profiles. */
  get groupCount(): number {
    return this.#groups.size
  }

  get(id: string): M | undefined {
    return this.#members.get(id)?.payload
  }

  /** A payload that is the same object as before is taken as unchanged. */
  put(id: string, { labels, profiles, payload }: Labelled<M>): void {
    const group = this.#groupOf(labels, profiles)
    const member = this.#members.get(id)
    if (member === undefined) {
      const added: Member<M, S> = { id, payload, group, slot: 0 }
      this.#members.set(id, added)
      addMember(group, added)
      for (const selection of group.matched) this.#listener.joined(selection.payload, payload, id)
      return
    }
    if (member.group === group && member.payload === payload) return
    this.#move(member, group, payload)
  }

  remove(id: string): void {
    const member = this.#members.get(id)
    if (member === undefined) return
    this.#members.delete(id)
    const { group, payload } = member
    removeMember(member)
    for (const selection of group.matched) this.#listener.left(selection.payload, payload, id)
    this.#dropIfEmpty(group)
  }

  setProfileLabels(profile: string, labels: LabelSet): void {
    if (sameLabels(this.#profileLabels.get(profile) ?? noLabels, labels)) return
    if (labels.length === 0) this.#profileLabels.delete(profile)
    else this.#profileLabels.set(profile, labels)
    for (const group of this.#groupsOfProfile.get(profile) ?? []) this.#relabel(group)
  }

  select(selector: Selector, payload: S): Selection<M, S> {
    const restrictions = labelRestrictions(selector)
    const selection = this.#selectorIndex.add(selector, restrictions, payload)
    for (const group of this.#groupIndex.candidates(restrictions)) {
      if (!this.#matches(selection, group)) continue
      this.#connect(selection, group)
      for (const member of group.members) this.#listener.joined(payload, member.payload, member.id)
    }
    return selection
  }

  /** The listener is told of nothing: whoever ends a selection knows. */
  unselect(selection: Selection<M, S>): void {
    this.#selectorIndex.remove(selection)
    for (const group of selection.groups) group.matched.delete(selection)
    selection.groups.clear()
  }

  *selected({ groups }: Selection<M, S>): Generator<Member<M, S>> {
    for (const group of groups) yield* group.members
  }

  #groupOf(own: LabelSet, profiles: readonly string[]): Group<M, S> {
    const key = groupKey(own, profiles)
    const found = this.#groups.get(key)
    if (found) return found
    const labels = this.#inherited(own, profiles)
    const group: Group<M, S> = { key, own, profiles, labels, members: [], matched: new Set() }
    this.#groups.set(key, group)
    this.#groupIndex.add(group)
    for (const profile of profiles) {
      const groups = this.#groupsOfProfile.get(profile)
      if (groups) groups.add(group)
      else this.#groupsOfProfile.set(profile, new Set([group]))
    }
    for (const selection of this.#selectorIndex.candidates(labels))
      if (this.#matches(selection, group)) this.#connect(selection, group)
    return group
  }

  #dropIfEmpty(group: Group<M, S>): void {
    if (group.members.length > 0) return
    this.#groups.delete(group.key)
    this.#groupIndex.remove(group)
    for (const selection of group.matched) selection.groups.delete(group)
    for (const profile of group.profiles) {
      const groups = this.#groupsOfProfile.get(profile)
      groups?.delete(group)
      if (groups?.size === 0) this.#groupsOfProfile.delete(profile)
    }
  }

  /** First the new, then the old, so that what stays is not seen to go. */
  #move(member: Member<M, S>, to: Group<M, S>, payload: M): void {
    const { group: from, payload: old, id } = member
    removeMember(member)
    addMember(to, member)
    member.payload = payload
    const same = payload === old
    for (const selection of to.matched)
      if (!same || !from.matched.has(selection)) this.#listener.joined(selection.payload, payload, id)
    for (const selection of from.matched)
      if (!same || !to.matched.has(selection)) this.#listener.left(selection.payload, old, id)
    this.#dropIfEmpty(from)
  }

  #relabel(group: Group<M, S>): void {
    const before = new Set(group.matched)
    this.#groupIndex.remove(group)
    group.labels = this.#inherited(group.own, group.profiles)
    this.#groupIndex.add(group)
    for (const selection of this.#selectorIndex.candidates(group.labels)) {
      if (!this.#matches(selection, group)) continue
      if (before.delete(selection)) continue
      this.#connect(selection, group)
      for (const { payload, id } of group.members) this.#listener.joined(selection.payload, payload, id)
    }
    for (const selection of before) {
      selection.groups.delete(group)
      group.matched.delete(selection)
      for (const { payload, id } of group.members) this.#listener.left(selection.payload, payload, id)
    }
  }

  #inherited(own: LabelSet, profiles: readonly string[]): LabelSet {
    return inherit(
      own,
      profiles.map((profile) => this.#profileLabels.get(profile) ?? noLabels),
    )
  }

  #matches({ matches }: Selection<M, S>, { labels }: Group<M, S>): boolean {
    this.#lookedAt = labels
    return matches(this.#lookup)
  }

  #connect(selection: Selection<M, S>, group: Group<M, S>): void {
    selection.groups.add(group)
    group.matched.add(selection)
  }
}
