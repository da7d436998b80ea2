import type { LabelSet } from './label-set.ts'
import type { Selection } from './selector-index.ts'

/** One thing that has labels, in the group of all that have the same. `slot` is its place there. */
export interface Member<M, S> {
  readonly id: string
  payload: M
  group: Group<M, S>
  slot: number
}

/**
 * All members with the same labels and the same profiles. Selectors are evaluated once for a group.
 * PERF: 50,000 pods of deployments are some thousand groups; see bench/policy.bench.ts.
 */
export interface Group<M, S> {
  readonly key: string
  readonly own: LabelSet
  readonly profiles: readonly string[]
  /** Own and inherited. */
  labels: LabelSet
  readonly members: Member<M, S>[]
  readonly matched: Set<Selection<M, S>>
}

/** Equal for equal labels and profiles; NUL occurs in neither. */
export function groupKey(own: LabelSet, profiles: readonly string[]): string {
  return `${profiles.join('\0')}\0\0${own.join('\0')}`
}

export function addMember<M, S>(group: Group<M, S>, member: Member<M, S>): void {
  member.group = group
  member.slot = group.members.length
  group.members.push(member)
}

export function removeMember<M, S>(member: Member<M, S>): void {
  const { members } = member.group
  const last = members.pop()
  if (last === undefined || last === member) return
  members[member.slot] = last
  last.slot = member.slot
}
