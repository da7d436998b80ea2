/** A closed range of keys: ports, or addresses as integers. */
export interface Range<K> {
  readonly first: K
  readonly last: K
}

/** Elementary range, and which of the inputs (by position, ascending) cover all of it. */
export interface Segment<K> extends Range<K> {
  readonly members: readonly number[]
}

/**
 * Cuts the line so that within each piece the same inputs apply; pieces that none covers are left out. Neighbours with
 * the same members are one piece. Cost: (pieces × members).
 */
export function segments<K extends number | bigint>(
  inputs: readonly (readonly Range<K>[])[],
  next: (key: K) => K,
): Segment<K>[] {
  const opens = new Map<K, number[]>()
  const closes = new Map<K, number[]>()
  const note = (table: Map<K, number[]>, at: K, member: number): void => {
    const list = table.get(at)
    if (list) list.push(member)
    else table.set(at, [member])
  }
  for (const [member, ranges] of inputs.entries()) {
    for (const { first, last } of ranges) {
      note(opens, first, member)
      note(closes, next(last), member)
    }
  }
  const cuts = [...new Set([...opens.keys(), ...closes.keys()])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const pieces: Segment<K>[] = []
  const open = new Map<number, number>()
  const step = (member: number, by: number): void => {
    const depth = (open.get(member) ?? 0) + by
    if (depth === 0) open.delete(member)
    else open.set(member, depth)
  }
  for (const [index, first] of cuts.entries()) {
    for (const member of closes.get(first) ?? []) step(member, -1)
    for (const member of opens.get(first) ?? []) step(member, 1)
    const end = cuts[index + 1]
    if (open.size === 0 || end === undefined) continue
    const members = [...open.keys()].sort((a, b) => a - b)
    const before = pieces.at(-1)
    if (before && next(before.last) === first && sameNumbers(before.members, members))
      pieces[pieces.length - 1] = { ...before, last: previous(end) }
    else pieces.push({ first, last: previous(end), members })
  }
  return pieces
}

function previous<K extends number | bigint>(key: K): K {
  return (typeof key === 'bigint' ? key - 1n : (key as number) - 1) as K
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}
