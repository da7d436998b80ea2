import { type Family, readAddress, writeAddress } from '@tortie/ip'

/** What keeps a wanted route out of the kernel. */
export const rowStates = ['in-place', 'waiting', 'conflict', 'refused'] as const
export type RowState = (typeof rowStates)[number]

const stateMask = 3
/** Held since before this process wrote anything: kept until `recovered`. */
const inherited = 4
/** Met by the dump under way. */
const seen = 8
/** In use. */
const live = 16

const keyWords = 5
const smallest = 1024

/**
 * One row for each prefix: the route that is wanted and the route of ours that the kernel holds, as numbers. Shapes are
 * numbers of `Interner`s, 0 is none.
 * PERF: typed columns, 44 bytes a row and no object, so that a million routes cost some 60 MB with the hash and the
 * collector never walks them (bench/bgp-kernel.bench.ts).
 */
export class RouteTable {
  #capacity = smallest
  #used = 0
  #free: number[] = []
  /** address in 4 words (IPv4 in the first), then family and length. */
  #keys = new Uint32Array(smallest * keyWords)
  #slots = new Int32Array(smallest * 2).fill(-1)
  #flags = new Uint8Array(smallest)
  wantedShape = new Uint32Array(smallest)
  wantedMetric = new Uint32Array(smallest)
  heldShape = new Uint32Array(smallest)
  heldMetric = new Uint32Array(smallest)
  /** Rows in use. */
  size = 0
  /** Rows whose wanted route is not in place. */
  troubled = 0

  /** Rows are numbered below this. */
  get end(): number {
    return this.#used
  }

  /** The row of a canonical prefix; -1 when it has none. @throws IpError for what is no prefix */
  find(prefix: string): number {
    readKey(prefix)
    return this.#slots[this.#slotOf()] as number
  }

  /** The row of the prefix, made when it has none. */
  add(prefix: string): number {
    readKey(prefix)
    let slot = this.#slotOf()
    const there = this.#slots[slot] as number
    if (there >= 0) return there
    if (this.#free.length === 0 && this.#used === this.#capacity) {
      this.#grow()
      slot = this.#slotOf()
    }
    const row = this.#free.pop() ?? this.#used++
    this.#keys.set(key, row * keyWords)
    this.#slots[slot] = row
    this.#flags[row] = live
    this.size++
    return row
  }

  /** Gives up a row that neither wants nor holds anything. */
  release(row: number): void {
    if (!this.isLive(row) || this.wantedShape[row] !== 0 || this.heldShape[row] !== 0) return
    this.setState(row, 'in-place')
    key.set(this.#keys.subarray(row * keyWords, (row + 1) * keyWords))
    this.#vacate(this.#slotOf())
    this.#flags[row] = 0
    this.#free.push(row)
    this.size--
  }

  isLive(row: number): boolean {
    return ((this.#flags[row] as number) & live) !== 0
  }

  prefixOf(row: number): string {
    for (let i = 0; i < 4; i++) view.setUint32(i * 4, this.#keys[row * keyWords + i] as number)
    return `${readAddress(bytes, 0, this.familyOf(row))}/${(this.#keys[row * keyWords + 4] as number) & 255}`
  }

  familyOf(row: number): Family {
    return ((this.#keys[row * keyWords + 4] as number) >>> 8) as Family
  }

  lengthOf(row: number): number {
    return (this.#keys[row * keyWords + 4] as number) & 255
  }

  /** Word 0 to 3 of the address. */
  wordOf(row: number, word: number): number {
    return this.#keys[row * keyWords + word] as number
  }

  stateOf(row: number): RowState {
    return rowStates[(this.#flags[row] as number) & stateMask] as RowState
  }

  setState(row: number, state: RowState): void {
    const flags = this.#flags[row] as number
    const number = rowStates.indexOf(state)
    this.troubled += (number === 0 ? 0 : 1) - ((flags & stateMask) === 0 ? 0 : 1)
    this.#flags[row] = (flags & ~stateMask) | number
  }

  isInherited(row: number): boolean {
    return ((this.#flags[row] as number) & inherited) !== 0
  }

  setInherited(row: number, value: boolean): void {
    this.#flag(row, inherited, value)
  }

  isSeen(row: number): boolean {
    return ((this.#flags[row] as number) & seen) !== 0
  }

  setSeen(row: number): void {
    this.#flag(row, seen, true)
  }

  forgetSeen(family: Family): void {
    for (let row = 0; row < this.#used; row++) if (this.familyOf(row) === family) this.#flag(row, seen, false)
  }

  #flag(row: number, flag: number, value: boolean): void {
    const flags = this.#flags[row] as number
    this.#flags[row] = value ? flags | flag : flags & ~flag
  }

  /** Where the row of `key` is, or would be. */
  #slotOf(): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(key, 0) & mask
    for (;;) {
      const row = this.#slots[slot] as number
      if (row < 0 || this.#hasKey(row)) return slot
      slot = (slot + 1) & mask
    }
  }

  #hasKey(row: number): boolean {
    const at = row * keyWords
    for (let i = 0; i < keyWords; i++) if (this.#keys[at + i] !== key[i]) return false
    return true
  }

  /** Empties a slot and moves back those that only stand where they do because it was taken. */
  #vacate(slot: number): void {
    const mask = this.#slots.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; (this.#slots[next] as number) >= 0; next = (next + 1) & mask) {
      const home = hashOf(this.#keys, (this.#slots[next] as number) * keyWords) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#slots[hole] = this.#slots[next] as number
      hole = next
    }
    this.#slots[hole] = -1
  }

  #grow(): void {
    this.#capacity *= 2
    this.#keys = grown(this.#keys, this.#capacity * keyWords)
    this.wantedShape = grown(this.wantedShape, this.#capacity)
    this.wantedMetric = grown(this.wantedMetric, this.#capacity)
    this.heldShape = grown(this.heldShape, this.#capacity)
    this.heldMetric = grown(this.heldMetric, this.#capacity)
    const flags = new Uint8Array(this.#capacity)
    flags.set(this.#flags)
    this.#flags = flags
    this.#slots = new Int32Array(this.#capacity * 2).fill(-1)
    const mask = this.#slots.length - 1
    for (let row = 0; row < this.#used; row++) {
      let slot = hashOf(this.#keys, row * keyWords) & mask
      while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask
      this.#slots[slot] = row
    }
  }
}

/** The prefix being looked for. */
const key = new Uint32Array(keyWords)
const bytes = new Uint8Array(16)
const view = new DataView(bytes.buffer)

function readKey(prefix: string): void {
  const slash = prefix.lastIndexOf('/')
  bytes.fill(0)
  const size = writeAddress(prefix.slice(0, slash), bytes, 0)
  for (let i = 0; i < 4; i++) key[i] = view.getUint32(i * 4)
  key[4] = ((size === 4 ? 4 : 6) << 8) | Number(prefix.slice(slash + 1))
}

function hashOf(words: Uint32Array, at: number): number {
  let hash = 0
  for (let i = at; i < at + keyWords; i++) {
    hash = Math.imul(hash ^ (words[i] as number), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

function grown(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length)
  larger.set(column)
  return larger
}
