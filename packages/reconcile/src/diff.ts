export type Equal<V> = (a: V, b: V) => boolean

export type Change<K, V> =
  | { readonly op: 'add'; readonly key: K; readonly value: V }
  | { readonly op: 'replace'; readonly key: K; readonly value: V; readonly was: V }
  | { readonly op: 'remove'; readonly key: K; readonly was: V }

/** Pure. The smallest change set that turns `actual` into `desired`; removals last, so that nothing dangles. */
export function diff<K, V>(
  desired: ReadonlyMap<K, V>,
  actual: ReadonlyMap<K, V>,
  equal: Equal<V> = Object.is,
): Change<K, V>[] {
  const changes: Change<K, V>[] = []
  for (const [key, value] of desired) {
    const was = actual.get(key)
    if (was === undefined && !actual.has(key)) changes.push({ op: 'add', key, value })
    else if (!equal(was as V, value)) changes.push({ op: 'replace', key, value, was: was as V })
  }
  for (const [key, was] of actual) if (!desired.has(key)) changes.push({ op: 'remove', key, was })
  return changes
}
