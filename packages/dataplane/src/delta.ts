import { DataplaneError } from './errors.ts'
import type { IpSet, IpSetDelta, PolicyDelta, PolicyProgram } from './policy-program.ts'

/**
 * The program after the delta; both stay as they were. An addition of a member that is there and a removal of one that
 * is not are no errors. The cost is that of copying the three tables and the sets that change.
 * @throws DataplaneError `dataplane/bad-delta` for a change of a set that is not there
 */
export function applyDelta(program: PolicyProgram, delta: PolicyDelta): PolicyProgram {
  const ipSets = new Map(program.ipSets)
  for (const [id, change] of delta.ipSets) {
    const set = changedSet(id, ipSets.get(id), change)
    if (set) ipSets.set(id, set)
    else ipSets.delete(id)
  }
  return {
    ipSets,
    policies: changedTable(program.policies, delta.policies),
    endpoints: changedTable(program.endpoints, delta.endpoints),
  }
}

/** The smallest delta that leads from `before` to `after`. A set that changes its type is created anew. */
export function deltaBetween(before: PolicyProgram, after: PolicyProgram): PolicyDelta {
  return {
    ipSets: setChanges(before.ipSets, after.ipSets),
    policies: tableChanges(before.policies, after.policies),
    endpoints: tableChanges(before.endpoints, after.endpoints),
  }
}

export function isEmptyDelta({ ipSets, policies, endpoints }: PolicyDelta): boolean {
  return ipSets.size + policies.size + endpoints.size === 0
}

export const emptyDelta: PolicyDelta = { ipSets: new Map(), policies: new Map(), endpoints: new Map() }

function changedSet(id: string, set: IpSet | undefined, change: IpSetDelta): IpSet | undefined {
  if (change.op === 'remove') return undefined
  if (change.op === 'create') return { type: change.type, members: new Set(change.members) }
  if (!set) throw new DataplaneError('dataplane/bad-delta', { ipSet: id, why: 'it changes and was never created' })
  const members = new Set(set.members)
  for (const member of change.removed) members.delete(member)
  for (const member of change.added) members.add(member)
  return { type: set.type, members }
}

function changedTable<V>(table: ReadonlyMap<string, V>, changes: ReadonlyMap<string, V | null>): Map<string, V> {
  const changed = new Map(table)
  for (const [id, value] of changes) {
    if (value === null) changed.delete(id)
    else changed.set(id, value)
  }
  return changed
}

function tableChanges<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): Map<string, V | null> {
  const changes = new Map<string, V | null>()
  for (const id of before.keys()) if (!after.has(id)) changes.set(id, null)
  for (const [id, value] of after) {
    const was = before.get(id)
    if (was === undefined || !sameValue(was, value)) changes.set(id, value)
  }
  return changes
}

function setChanges(before: ReadonlyMap<string, IpSet>, after: ReadonlyMap<string, IpSet>): Map<string, IpSetDelta> {
  const changes = new Map<string, IpSetDelta>()
  for (const id of before.keys()) if (!after.has(id)) changes.set(id, { op: 'remove' })
  for (const [id, { type, members }] of after) {
    const was = before.get(id)
    if (was?.type !== type) changes.set(id, { op: 'create', type, members })
    else if (was.members !== members) {
      const added = [...members].filter((member) => !was.members.has(member))
      const removed = [...was.members].filter((member) => !members.has(member))
      if (added.length + removed.length > 0) changes.set(id, { op: 'change', added, removed })
    }
  }
  return changes
}

/** Equality of plain data; a field that is absent equals one that is undefined. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  for (const key of keys) if (!sameValue(a[key as never], b[key as never])) return false
  return Array.isArray(a) === Array.isArray(b)
}
