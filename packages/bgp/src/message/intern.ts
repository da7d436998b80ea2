import { type AttributeSet, decodeAttributes } from './attributes.ts'
import type { WireOptions } from './options.ts'

/** Gives one decoded set for equal bytes, so that routes compare their attributes by identity. */
export interface AttributeInterner {
  /** Distinct sets held. */
  readonly size: number
  /** As `decodeAttributes`, which it calls only for bytes that it does not hold. */
  decode(bytes: Uint8Array, options: WireOptions): AttributeSet
}

/** Sets that a new interner has room for; it grows. */
const fewest = 64
/** Chosen collisions must not make a list to search. */
const longestSearch = 8

/**
 * An interner that holds at most `maxSets` sets and `maxBytes` of keys; when full it forgets everything and starts
 * again, so a set may then exist twice: identity is a shortcut, never a proof of difference. It serves sets that come
 * again soon; those that are in use are held once by the routing tables, and need not be held here too.
 */
export function createAttributeInterner(maxSets = 8192, maxBytes = 1024 * 1024): AttributeInterner {
  return new Interner(maxSets, maxBytes)
}

/** The options that change what attribute bytes mean. */
function kindOf({ as4, peer }: WireOptions): number {
  return (as4 ? 1 : 0) | (peer === 'external' ? 2 : 0)
}

/** PERF: keys lie one after the other in one buffer; a buffer for each cost a third of the garbage collection of 50,000 sets. */
class Interner implements AttributeInterner {
  readonly #maxSets: number
  readonly #maxBytes: number
  /** Open addressing: number of an entry, plus 1. */
  #slots = new Int32Array(2 * fewest)
  /** Entries by number: where the key is, its hash, what it decodes to. */
  #start = new Uint32Array(fewest + 1)
  #hash = new Int32Array(fewest)
  #sets: AttributeSet[] = []
  #keys = new Uint8Array(4096)
  #end = 0

  constructor(maxSets: number, maxBytes: number) {
    this.#maxSets = maxSets
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#sets.length
  }

  decode(bytes: Uint8Array, options: WireOptions): AttributeSet {
    const hash = hashOf(bytes, kindOf(options))
    const mask = this.#slots.length - 1
    for (let i = 0; i < longestSearch; i++) {
      const entry = (this.#slots[(hash + i) & mask] as number) - 1
      if (entry < 0) break
      if (this.#hash[entry] === hash && this.#hasKey(entry, bytes)) return this.#sets[entry] as AttributeSet
    }
    const set = decodeAttributes(bytes, options)
    this.#add(bytes, hash, set)
    return set
  }

  #hasKey(entry: number, bytes: Uint8Array): boolean {
    const start = this.#start[entry] as number
    if ((this.#start[entry + 1] as number) - start !== bytes.length) return false
    const keys = this.#keys
    for (let i = 0; i < bytes.length; i++) if (keys[start + i] !== bytes[i]) return false
    return true
  }

  #add(bytes: Uint8Array, hash: number, set: AttributeSet): void {
    if (bytes.length > this.#maxBytes) return
    if (this.#sets.length === this.#maxSets || this.#end + bytes.length > this.#maxBytes) this.#forget()
    while (this.#keys.length < this.#end + bytes.length) {
      const wide = new Uint8Array(this.#keys.length * 2)
      wide.set(this.#keys)
      this.#keys = wide
    }
    if (this.#sets.length === this.#hash.length) this.#widen()
    const entry = this.#sets.length
    this.#keys.set(bytes, this.#end)
    this.#start[entry] = this.#end
    this.#end += bytes.length
    this.#start[entry + 1] = this.#end
    this.#hash[entry] = hash
    this.#sets.push(set)
    this.#place(entry, hash)
  }

  #widen(): void {
    const capacity = this.#hash.length * 2
    const [start, hashes] = [this.#start, this.#hash]
    this.#start = new Uint32Array(capacity + 1)
    this.#start.set(start)
    this.#hash = new Int32Array(capacity)
    this.#hash.set(hashes)
    this.#slots = new Int32Array(2 * capacity)
    for (const [entry, hash] of hashes.entries()) this.#place(entry, hash)
  }

  /** Into the first free slot of those that a search visits; when there is none, the first is taken over. */
  #place(entry: number, hash: number): void {
    const mask = this.#slots.length - 1
    let free = 0
    while (free < longestSearch && this.#slots[(hash + free) & mask] !== 0) free++
    this.#slots[(hash + (free % longestSearch)) & mask] = entry + 1
  }

  #forget(): void {
    this.#sets = []
    this.#end = 0
    this.#slots.fill(0)
  }
}

/** FNV-1a over the bytes; the kind is part of it, so that sets of two kinds are told apart. */
function hashOf(bytes: Uint8Array, kind: number): number {
  let hash = Math.imul(0x811c9dc5 ^ kind, 0x01000193)
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash
}
