import { widened } from './columns.ts'

/** A table transfer under way: the first one, or one that the peer asked for. */
export interface Feed {
  readonly kind: 'initial' | 'refresh'
  /** BoRR is still to be sent (RFC 7313). */
  begins: boolean
}

/** A peer of an update group: how far it is, and what it has. */
export class Member {
  /** Its number among the sources. */
  readonly source: number
  /** Where it reads on in the journal. */
  cursor = 0
  feed: Feed | undefined
  /** The peer asked again during a transfer. */
  refreshAgain = false
  /** Slots that it has. */
  sentCount = 0
  /** Slots to be looked at although the cursor has passed them. */
  owedCount = 0
  /** Bytes that a slot took in the last batch. */
  bytesPerSlot = 16
  #sent = new Uint32Array(32)
  #owed: Uint32Array | undefined
  /** No bit before this word is set in `#owed`. */
  #owedFrom = 0

  constructor(source: number) {
    this.source = source
  }

  hasSent(slot: number): boolean {
    return (((this.#sent[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
  }

  noteSent(slot: number): void {
    const word = slot >>> 5
    if (word >= this.#sent.length) this.#sent = widened(this.#sent, Math.max(word + 1, this.#sent.length * 2))
    const before = this.#sent[word] as number
    const after = before | (1 << (slot & 31))
    if (before >>> 0 === after >>> 0) return
    this.#sent[word] = after
    this.sentCount++
  }

  noteWithdrawn(slot: number): void {
    if (!this.hasSent(slot)) return
    this.#sent[slot >>> 5] = (this.#sent[slot >>> 5] as number) & ~(1 << (slot & 31))
    this.sentCount--
  }

  owe(slot: number): void {
    const word = slot >>> 5
    this.#owed ??= new Uint32Array(word + 1)
    if (word >= this.#owed.length) this.#owed = widened(this.#owed, Math.max(word + 1, this.#owed.length * 2))
    const before = this.#owed[word] as number
    const after = before | (1 << (slot & 31))
    if (before >>> 0 === after >>> 0) return
    this.#owed[word] = after
    this.owedCount++
    if (word < this.#owedFrom) this.#owedFrom = word
  }

  isOwed(slot: number): boolean {
    return this.owedCount > 0 && (((this.#owed?.[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
  }

  settle(slot: number): void {
    if (!this.isOwed(slot)) return
    const owed = this.#owed as Uint32Array
    owed[slot >>> 5] = (owed[slot >>> 5] as number) & ~(1 << (slot & 31))
    if (--this.owedCount === 0) this.#owed = undefined
  }

  /** Takes the lowest owed slot; there is one. */
  takeOwed(): number {
    const owed = this.#owed as Uint32Array
    while (owed[this.#owedFrom] === 0) this.#owedFrom++
    const bits = owed[this.#owedFrom] as number
    const slot = this.#owedFrom * 32 + 31 - Math.clz32(bits & -bits)
    this.settle(slot)
    if (this.owedCount === 0) this.#owedFrom = 0
    return slot
  }

  /** Every slot that the peer has. */
  *sentSlots(): Generator<number> {
    for (let word = 0; word < this.#sent.length; word++)
      for (let bits = this.#sent[word] as number; bits !== 0; bits &= bits - 1)
        yield word * 32 + 31 - Math.clz32(bits & -bits)
  }

  /** Everything anew; it ends where the journal ends, so that what changes meanwhile is in it. */
  startFeed(kind: Feed['kind'], framed: boolean): void {
    this.cursor = 0
    this.feed = { kind, begins: framed }
  }
}
