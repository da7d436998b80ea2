import { widened } from './columns.ts'

/** What is true of a path. */
export const PathFlag = {
  /** Not sent again since its peer restarted or began a refresh. */
  stale: 1,
  /** Kept beyond the restart time: RFC 9494. */
  longLived: 2,
  /** The import filter, or a rule before it, refused it. */
  rejected: 4,
  /** Our AS, router or cluster is in it. */
  looped: 8,
  /** Its next hop cannot be one, whatever it resolves to. */
  unusable: 16,
  /** In the best route as it was decided last. */
  member: 32,
  /** Changed in a way that the best route shows. */
  changed: 64,
  /** Withdrawn; its number is still in an Adj-RIB-Out. */
  gone: 128,
} as const

export const excluded: number = PathFlag.rejected | PathFlag.looped | PathFlag.unusable | PathFlag.gone

/**
 * Every path of one family, each with a number from 1 on, chained by prefix. PERF: 30 bytes a path. What concerns all
 * paths of a peer looks through the column: a million entries take 1 ms.
 */
export class PathTable {
  prefix: Uint32Array
  /** Of the sources; 0 for a free number. */
  source: Uint16Array
  /** RFC 7911 identifier as received. */
  pathId: Uint32Array
  /** Attribute set as received, and after the import filter. */
  received: Uint32Array
  attributes: Uint32Array
  /** The next path of the prefix; of a free number, the next free one. */
  next: Uint32Array
  preference: Uint16Array
  flags: Uint8Array
  /** Adj-RIB-Outs that hold the number. */
  held: Uint16Array
  end = 1
  /** Paths that are not gone. */
  size = 0
  #free = 0

  constructor() {
    const capacity = 1024
    this.prefix = new Uint32Array(capacity)
    this.source = new Uint16Array(capacity)
    this.pathId = new Uint32Array(capacity)
    this.received = new Uint32Array(capacity)
    this.attributes = new Uint32Array(capacity)
    this.next = new Uint32Array(capacity)
    this.preference = new Uint16Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.held = new Uint16Array(capacity)
  }

  get capacity(): number {
    return this.prefix.length
  }

  /** A number for a new path, whose columns the caller fills. */
  add(): number {
    this.size++
    const id = this.#free
    if (id !== 0) {
      this.#free = this.next[id] as number
      return id
    }
    if (this.end === this.capacity) this.#widen(this.capacity * 2)
    return this.end++
  }

  /** Gives the number back. It is in no chain and nothing holds it. */
  remove(id: number): void {
    this.prefix[id] = 0
    this.source[id] = 0
    this.flags[id] = 0
    this.next[id] = this.#free
    this.#free = id
  }

  #widen(capacity: number): void {
    this.prefix = widened(this.prefix, capacity)
    this.source = widened(this.source, capacity)
    this.pathId = widened(this.pathId, capacity)
    this.received = widened(this.received, capacity)
    this.attributes = widened(this.attributes, capacity)
    this.next = widened(this.next, capacity)
    this.preference = widened(this.preference, capacity)
    this.flags = widened(this.flags, capacity)
    this.held = widened(this.held, capacity)
  }
}
