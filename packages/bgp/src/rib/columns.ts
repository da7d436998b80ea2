type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array

/** The same values in a column of `length` entries; the new ones are 0. */
export function widened<C extends Column>(column: C, length: number): C {
  const wide = new (column.constructor as new (length: number) => C)(length)
  wide.set(column as never)
  return wide
}

/** A queue of integers that is reused when it has run empty. */
export class IntegerQueue {
  #values = new Uint32Array(1024)
  #from = 0
  #to = 0

  get length(): number {
    return this.#to - this.#from
  }

  push(value: number): void {
    if (this.#to === this.#values.length) this.#makeRoom()
    this.#values[this.#to++] = value
  }

  /** The oldest value; the queue is not empty. */
  shift(): number {
    const value = this.#values[this.#from++] as number
    if (this.#from === this.#to) {
      this.#from = this.#to = 0
      if (this.#values.length > 65_536) this.#values = new Uint32Array(1024)
    }
    return value
  }

  #makeRoom(): void {
    if (this.#from > this.#values.length / 2) this.#values.copyWithin(0, this.#from, this.#to)
    else {
      const wide = new Uint32Array(this.#values.length * 2)
      wide.set(this.#values.subarray(this.#from, this.#to))
      this.#values = wide
    }
    this.#to -= this.#from
    this.#from = 0
  }
}
