/** Small numbers, from 1, for values that many rows share. */
export class Interner<T> {
  readonly #ids = new Map<string, number>()
  readonly #values: ({ readonly key: string; readonly value: T } | undefined)[] = [undefined]
  readonly #free: number[] = []

  get size(): number {
    return this.#ids.size
  }

  /** The number of the value with this key. */
  intern(key: string, make: () => T): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#free.pop() ?? this.#values.length
    this.#values[id] = { key, value: make() }
    this.#ids.set(key, id)
    return id
  }

  /** @throws RangeError for a number that stands for nothing */
  get(id: number): T {
    const entry = this.#values[id]
    if (!entry) throw new RangeError(`nothing has the number ${id}`)
    return entry.value
  }

  *values(): Generator<T> {
    for (const entry of this.#values) if (entry) yield entry.value
  }

  /** Forgets what no row uses; its number may be given again. */
  sweep(used: ReadonlySet<number>): void {
    for (const [id, entry] of this.#values.entries()) {
      if (!entry || used.has(id)) continue
      this.#ids.delete(entry.key)
      this.#values[id] = undefined
      this.#free.push(id)
    }
  }
}
