/** Values as the last delta left them, and those that have changed since. */
export class Table<V> {
  readonly #sent = new Map<string, V>()
  readonly #changes = new Map<string, V | null>()

  /** At most once for each id between two flushes. `null` removes. What equals the value that was sent is no change. */
  set(id: string, value: V | null): void {
    const sent = this.#sent.get(id)
    const isSame = sent === undefined ? value === null : value !== null && sameValue(sent, value)
    if (!isSame) this.#changes.set(id, value)
  }

  flush(): Map<string, V | null> {
    const changes = new Map(this.#changes)
    for (const [id, value] of changes) {
      if (value === null) this.#sent.delete(id)
      else this.#sent.set(id, value)
    }
    this.#changes.clear()
    return changes
  }

  sent(): Map<string, V> {
    return new Map(this.#sent)
  }

  get size(): number {
    return this.#sent.size
  }
}

/** Equality of plain data. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key as never], b[key as never]))
}
