import type { Family } from '@tortie/ip'
import { formatNlriEntry, wordsOf } from '../message/nlri.ts'
import { widened } from './columns.ts'

/** What waits for a prefix. */
export const PrefixFlag = {
  /** In the queue of prefixes to decide. */
  dirty: 1,
  /** In the queue of changes for the owner. */
  changed: 2,
  /** A path that was in the best route has gone. */
  lostMember: 4,
} as const

const golden = 0x9e3779b1

/**
 * Every prefix of one family, each with a number from 1 on. PERF: open addressing over (address, length), one 32-bit
 * number per slot, at most half full; removal shifts back, so that there are no tombstones.
 */
export class PrefixTable {
  readonly family: Family
  readonly perAddress: 1 | 4
  /** Columns, by number. */
  words: Uint32Array
  lengths: Uint8Array
  flags: Uint8Array
  /** First path, or 0. */
  head: Uint32Array
  /** Best path, or 0. */
  best: Uint32Array
  /** How many others need the number although there may be no path any more; of a free number, the next free one. */
  held: Uint32Array
  /** One more than the greatest number in use. */
  end = 1
  size = 0
  readonly #multiplier: number
  #free = 0
  #slots: Uint32Array
  #shift: number

  constructor(family: Family, seed: number) {
    const capacity = 1024
    this.family = family
    this.perAddress = wordsOf(family)
    this.words = new Uint32Array(capacity * this.perAddress)
    this.lengths = new Uint8Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.head = new Uint32Array(capacity)
    this.best = new Uint32Array(capacity)
    this.held = new Uint32Array(capacity)
    this.#multiplier = (golden ^ (seed << 1)) | 1
    this.#slots = new Uint32Array(2048)
    this.#shift = 32 - 11
  }

  get capacity(): number {
    return this.lengths.length
  }

  /** Number of the prefix whose address begins at `words[at]`; 0 when it is not there. */
  find(words: Uint32Array, at: number, length: number): number {
    return this.#slots[this.#slotOf(words, at, length)] as number
  }

  /** As `find`, but adds the prefix. */
  add(words: Uint32Array, at: number, length: number): number {
    let slot = this.#slotOf(words, at, length)
    const found = this.#slots[slot] as number
    if (found !== 0) return found
    if ((this.size + 1) * 2 > this.#slots.length) {
      this.#rehash(this.#slots.length * 2)
      slot = this.#slotOf(words, at, length)
    }
    const id = this.#take()
    this.#slots[slot] = id
    const own = id * this.perAddress
    for (let w = 0; w < this.perAddress; w++) this.words[own + w] = words[at + w] as number
    this.lengths[id] = length
    this.size++
    return id
  }

  /** Gives the number back. Nothing may refer to it any more. */
  remove(id: number): void {
    this.#unhash(this.#slotOf(this.words, id * this.perAddress, this.lengths[id] as number))
    this.head[id] = 0
    this.best[id] = 0
    this.flags[id] = 0
    this.held[id] = this.#free
    this.#free = id
    this.size--
  }

  /** Canonical text. */
  format(id: number): string {
    const from = id * this.perAddress
    const words = this.words.subarray(from, from + this.perAddress)
    const lengths = this.lengths.subarray(id, id + 1)
    return formatNlriEntry({ family: this.family, count: 1, words, lengths, pathIds: undefined }, 0)
  }

  #take(): number {
    const id = this.#free
    if (id !== 0) {
      this.#free = this.held[id] as number
      this.held[id] = 0
      return id
    }
    if (this.end === this.capacity) this.#widen(this.capacity * 2)
    return this.end++
  }

  #widen(capacity: number): void {
    this.words = widened(this.words, capacity * this.perAddress)
    this.lengths = widened(this.lengths, capacity)
    this.flags = widened(this.flags, capacity)
    this.head = widened(this.head, capacity)
    this.best = widened(this.best, capacity)
    this.held = widened(this.held, capacity)
  }

  #hash(words: Uint32Array, at: number, length: number): number {
    const multiplier = this.#multiplier
    let hash = (words[at] as number) ^ Math.imul(length, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 16), multiplier)
    if (this.perAddress === 4)
      for (let w = 1; w < 4; w++) hash = Math.imul(hash ^ (hash >>> 15) ^ (words[at + w] as number), multiplier)
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
    return hash >>> this.#shift
  }

  /** The slot that holds the prefix, or the empty one where it belongs. */
  #slotOf(words: Uint32Array, at: number, length: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const lengths = this.lengths
    const own = this.words
    let slot = this.#hash(words, at, length)
    if (this.perAddress === 1) {
      const word = words[at]
      for (let id = slots[slot] as number; id !== 0; id = slots[slot] as number) {
        if (own[id] === word && lengths[id] === length) break
        slot = (slot + 1) & mask
      }
      return slot
    }
    for (let id = slots[slot] as number; id !== 0; id = slots[slot] as number) {
      if (lengths[id] === length && sameAddress(own, 4 * id, words, at)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #rehash(size: number): void {
    const ids = this.#slots
    this.#slots = new Uint32Array(size)
    this.#shift--
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number
      if (id !== 0) this.#slots[this.#slotOf(this.words, id * this.perAddress, this.lengths[id] as number)] = id
    }
  }

  /** Empties the slot; entries after it that could not be found any more move up. */
  #unhash(slot: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = slot
    for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const id = slots[at] as number
      const home = this.#hash(this.words, id * this.perAddress, this.lengths[id] as number)
      // It may move when its home does not lie between the hole and itself.
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = id
        hole = at
      }
    }
    slots[hole] = 0
  }
}

function sameAddress(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  return a[i] === b[j] && a[i + 1] === b[j + 1] && a[i + 2] === b[j + 2] && a[i + 3] === b[j + 3]
}
