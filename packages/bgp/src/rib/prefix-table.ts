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
 * Every prefix of one family, each with a number from 1 on. PERF: open addressing, at most half full; a slot is a number
 * and the hash of its prefix, so that a search that goes on touches nothing else; neighbours share a cache line, since
 * tables come in order. Removal shifts back: there are no tombstones.
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
  #mask: number

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
    this.#slots = new Uint32Array(2 * 2048)
    this.#mask = 2048 - 1
  }

  get capacity(): number {
    return this.lengths.length
  }

  /** Number of the prefix whose address begins at `words[at]`; 0 when it is not there. */
  find(words: Uint32Array, at: number, length: number): number {
    return this.#slots[2 * this.#slotOf(this.#hash(words, at, length), words, at, length)] as number
  }

  /** As `find`, but adds the prefix. */
  add(words: Uint32Array, at: number, length: number): number {
    const hash = this.#hash(words, at, length)
    let slot = this.#slotOf(hash, words, at, length)
    const found = this.#slots[2 * slot] as number
    if (found !== 0) return found
    if (this.size * 2 > this.#mask) {
      this.#rehash()
      slot = this.#slotOf(hash, words, at, length)
    }
    const id = this.#take()
    this.#slots[2 * slot] = id
    this.#slots[2 * slot + 1] = hash
    const own = id * this.perAddress
    for (let w = 0; w < this.perAddress; w++) this.words[own + w] = words[at + w] as number
    this.lengths[id] = length
    this.size++
    return id
  }

  /** Gives the number back. Nothing may refer to it any more. */
  remove(id: number): void {
    const [at, length] = [id * this.perAddress, this.lengths[id] as number]
    this.#unhash(this.#slotOf(this.#hash(this.words, at, length), this.words, at, length))
    this.head[id] = 0
    this.best[id] = 0
    this.flags[id] = 0
    this.held[id] = this.#free
    this.#free = id
    this.size--
  }

  /** Canonical text. */
  format(id: number): string {
    if (this.perAddress === 1) {
      const word = this.words[id] as number
      return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}/${this.lengths[id]}`
    }
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
    const first = words[at] as number
    if (this.perAddress === 1) {
      // Eight prefixes of one length that follow each other get slots that follow each other.
      const ordinal = length === 0 ? 0 : first >>> (32 - length)
      return ((mix((ordinal >>> 3) ^ Math.imul(length, 0x85ebca6b), multiplier) << 3) | (ordinal & 7)) >>> 0
    }
    let hash = first ^ length
    for (let w = 1; w < 4; w++) hash = Math.imul(hash ^ (hash >>> 15), multiplier) ^ (words[at + w] as number)
    return mix(hash, multiplier)
  }

  /** The slot that holds the prefix, or the empty one where it belongs. */
  #slotOf(hash: number, words: Uint32Array, at: number, length: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let slot = hash & mask
    for (let id = slots[2 * slot] as number; id !== 0; id = slots[2 * slot] as number) {
      if (slots[2 * slot + 1] === hash && this.#equals(id, words, at, length)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #equals(id: number, words: Uint32Array, at: number, length: number): boolean {
    if (this.lengths[id] !== length) return false
    const own = this.words
    if (this.perAddress === 1) return own[id] === words[at]
    const from = 4 * id
    for (let w = 0; w < 4; w++) if (own[from + w] !== words[at + w]) return false
    return true
  }

  #rehash(): void {
    const before = this.#slots
    const after = new Uint32Array(before.length * 2)
    const mask = after.length / 2 - 1
    for (let i = 0; i < before.length; i += 2) {
      if (before[i] === 0) continue
      const hash = before[i + 1] as number
      let slot = hash & mask
      while (after[2 * slot] !== 0) slot = (slot + 1) & mask
      after[2 * slot] = before[i] as number
      after[2 * slot + 1] = hash
    }
    this.#slots = after
    this.#mask = mask
  }

  /** Empties the slot; entries after it that could not be found any more move up. */
  #unhash(slot: number): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = slot
    for (let at = (slot + 1) & mask; slots[2 * at] !== 0; at = (at + 1) & mask) {
      const hash = slots[2 * at + 1] as number
      // It may move when its home does not lie between the hole and itself.
      if (((at - hash) & mask) < ((at - hole) & mask)) continue
      slots[2 * hole] = slots[2 * at] as number
      slots[2 * hole + 1] = hash
      hole = at
    }
    slots[2 * hole] = 0
  }
}

/** The finaliser of MurmurHash3, with a secret in it. */
function mix(value: number, multiplier: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
