/** Octets received and not yet read, in one buffer that grows and shrinks: segments of one octet cost one octet. */
export class Inbox {
  private buffer: Uint8Array<ArrayBuffer> = empty
  private start = 0
  private end = 0

  get size(): number {
    return this.end - this.start
  }

  push(bytes: Uint8Array): void {
    if (this.end + bytes.length > this.buffer.length) this.makeRoom(bytes.length)
    this.buffer.set(bytes, this.end)
    this.end += bytes.length
  }

  /** The first octets, at most `size`; valid until the next `push`. */
  peek(size: number): Uint8Array {
    return this.buffer.subarray(this.start, Math.min(this.end, this.start + size))
  }

  drop(size: number): void {
    this.start += size
    if (this.start < this.end) return
    this.start = this.end = 0
    // An idle peer holds nothing.
    if (this.buffer.length > smallest) this.buffer = empty
  }

  clear(): void {
    this.drop(this.size)
  }

  private makeRoom(more: number): void {
    const { size } = this
    let capacity = Math.max(this.buffer.length, smallest)
    while (capacity < size + more) capacity *= 2
    const target = capacity === this.buffer.length ? this.buffer : new Uint8Array(capacity)
    target.set(this.buffer.subarray(this.start, this.end))
    this.buffer = target
    this.start = 0
    this.end = size
  }
}

const empty = new Uint8Array(0)
const smallest = 256
