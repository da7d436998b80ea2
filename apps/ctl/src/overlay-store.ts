import type { Expected, RawEntry, RawStore } from '@tortie/datastore'

/**
 * `base` with writes that stay in memory: what reads it here sees them, `base` never gets them. For dry runs. A watch
 * tells of `base` alone. Disposing it leaves `base` open.
 */
export function withOverlay(base: RawStore): RawStore {
  /** undefined for a key that was deleted. */
  const written = new Map<string, RawEntry | undefined>()
  const currently = (key: string, stored: RawEntry | undefined): RawEntry | undefined =>
    written.has(key) ? written.get(key) : stored
  return {
    name: base.name,
    get: async (key, call) => currently(key, await base.get(key, call)),
    async list(range, call) {
      const { entries, revision } = await base.list(range, call)
      const kept = entries.filter(({ key }) => !written.has(key))
      const added = [...written.values()].filter((entry) => entry && range.from <= entry.key && entry.key < range.to)
      const all = [...kept, ...(added as RawEntry[])]
      return { entries: all.sort((a, b) => (a.key < b.key ? -1 : 1)), revision }
    },
    async compareAndSwap(key, expected, value, call) {
      const stored = await base.get(key, call)
      const current = currently(key, stored)
      if (!isExpected(expected, current)) return { done: false, ...(current && { current }) }
      const revision = String(BigInt(current?.revision ?? stored?.revision ?? 0) + 1n)
      written.set(key, value === undefined ? undefined : { key, value, revision })
      return { done: true, revision, ...(current && { previous: current }) }
    },
    watch: (range, after, call) => base.watch(range, after, call),
    [Symbol.asyncDispose]: async () => written.clear(),
  }
}

function isExpected(expected: Expected, entry: RawEntry | undefined): boolean {
  if (expected === 'absent') return entry === undefined
  return entry !== undefined && (expected === 'present' || expected.revision === entry.revision)
}
