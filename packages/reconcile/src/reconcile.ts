import type { Call } from '@tortie/runtime'
import { type Change, diff, type Equal } from './diff.ts'

export interface Target<K, V> {
  /** Everything there that is ours. Objects of other owners are not listed and so can never be removed. */
  read(call: Call): Promise<ReadonlyMap<K, V>>
  write(changes: readonly Change<K, V>[], call: Call): Promise<void>
}

/** Returns what was wrong, so that drift is reported and not only repaired. Retrying is the caller's policy. */
export async function reconcile<K, V>(
  desired: ReadonlyMap<K, V>,
  target: Target<K, V>,
  equal: Equal<V>,
  call: Call,
): Promise<Change<K, V>[]> {
  const changes = diff(desired, await target.read(call), equal)
  if (changes.length > 0) await target.write(changes, call)
  return changes
}
