/**
 * Labels as a flat list: key, value, key, value…, sorted by key, each key once.
 * PERF: a tenth of the memory of a Map, and as fast to look up in for the dozen labels that endpoints have.
 */
export type LabelSet = readonly string[]

export const noLabels: LabelSet = []

export function labelSet(labels: Readonly<Record<string, string>>): LabelSet {
  const set: string[] = []
  for (const key of Object.keys(labels).sort()) set.push(key, labels[key] ?? '')
  return set
}

export function labelValue(set: LabelSet, key: string): string | undefined {
  for (let i = 0; i < set.length; i += 2) if (set[i] === key) return set[i + 1]
  return undefined
}

/** Own labels win, then the first profile that has the label (spec 02 §1.3). */
export function inherit(own: LabelSet, inherited: readonly LabelSet[]): LabelSet {
  if (inherited.every((set) => set.length === 0)) return own
  const merged: Record<string, string> = Object.create(null)
  for (const set of [...inherited].reverse()) assign(merged, set)
  assign(merged, own)
  return labelSet(merged)
}

function assign(to: Record<string, string>, set: LabelSet): void {
  for (let i = 0; i < set.length; i += 2) to[set[i] ?? ''] = set[i + 1] ?? ''
}

export function sameLabels(a: LabelSet, b: LabelSet): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i])
}
