import type { AttributeStore } from './attribute-store.ts'
import { widened } from './columns.ts'
import type { Member } from './member.ts'

/** Entries without use that are not worth a walk through the journal. */
const leastTidy = 64

/** The numbers that an Adj-RIB-Out is over: prefixes, or paths where several go out for a prefix. */
export interface Slots {
  readonly capacity: number
  /** The number may not be given to another while it is held. */
  hold(slot: number): void
  release(slot: number): void
}

/**
 * What the peers of one update group are to have, and in which order it changed. Every slot is at most once alive in the
 * journal, at its last change; a peer is a cursor in it. A peer that takes nothing therefore costs nothing: it will read
 * what is then true. PERF: 14 bytes a slot for all peers of the group, one bit for each.
 */
export class AdjRibOut {
  /** Outgoing attribute set by slot, 0 for none; and where the path came from, for split horizon. */
  attributes: Uint32Array = new Uint32Array(1024)
  source: Uint16Array = new Uint16Array(1024)
  /** Index in the journal, plus 1; 0 when it is not there. */
  position: Uint32Array = new Uint32Array(1024)
  journal: Uint32Array = new Uint32Array(1024)
  /** Of the journal. */
  length = 0
  /** Changes with everything that a peer could be sent, and with the journal. */
  version = 0
  readonly members: Member[] = []
  readonly #slots: Slots
  readonly #store: AttributeStore
  /** Entries that are superseded or say "nothing". */
  #dead = 0
  #empty = 0
  #compactAt = leastTidy
  /** No cursor is beyond it. */
  #consumed = 0

  constructor(slots: Slots, store: AttributeStore) {
    this.#slots = slots
    this.#store = store
  }

  /** What is now to be sent for the slot; `attributes` 0 is nothing. Takes a reference of its own. */
  set(slot: number, attributes: number, source: number): void {
    if (slot >= this.attributes.length) {
      if (attributes === 0) return
      this.#widen()
    }
    const before = this.attributes[slot] as number
    const from = this.source[slot] as number
    if (before === attributes) {
      if (attributes === 0 || from === source) return
      this.source[slot] = source
      this.version++
      // The same route from another peer: new for the one, no longer there for the other.
      for (const member of this.members) if (member.source === from || member.source === source) member.owe(slot)
      return
    }
    if (attributes !== 0) this.#store.retain(attributes)
    this.attributes[slot] = attributes
    this.source[slot] = source
    if (attributes === 0) this.#empty++
    else if (before === 0 && this.position[slot] !== 0) this.#empty--
    this.append(slot)
    this.#store.release(before)
  }

  /** Puts the slot at the end of the journal, unless nobody has read it where it is. */
  append(slot: number): void {
    this.version++
    if (slot >= this.attributes.length) this.#widen()
    if (this.length === this.journal.length) this.#makeRoom()
    const at = this.position[slot] as number
    if (at > this.#consumed) return
    if (at === 0) {
      this.#slots.hold(slot)
      if (this.attributes[slot] === 0) this.#empty++
    } else this.#dead++
    this.journal[this.length++] = slot
    this.position[slot] = this.length
  }

  /** What the peer is to have in the slot: nothing of what came from itself. */
  wanted(slot: number, member: Member): number {
    const attributes = this.attributes[slot] ?? 0
    return attributes !== 0 && this.source[slot] === member.source ? 0 : attributes
  }

  /** Notes how far a peer has read. */
  consume(cursor: number): void {
    if (cursor > this.#consumed) this.#consumed = cursor
  }

  /** Frees slots that hold nothing, when there are enough of them. Not during a walk through the journal. */
  tidy(): void {
    const useless = this.#dead + this.#empty
    if (useless < Math.max(leastTidy, this.length >> 1)) return
    const idle = this.members.every(({ cursor, owedCount }) => cursor === this.length && owedCount === 0)
    if (idle || useless >= this.#compactAt) this.#compact()
  }

  /** Gives everything back: there is no member any more. */
  clear(): void {
    for (let i = 0; i < this.length; i++) {
      const slot = this.journal[i] as number
      if (this.position[slot] !== i + 1) continue
      this.position[slot] = 0
      this.#store.release(this.attributes[slot] as number)
      this.attributes[slot] = 0
      this.#slots.release(slot)
    }
    this.length = 0
  }

  #widen(): void {
    const capacity = this.#slots.capacity
    this.attributes = widened(this.attributes, capacity)
    this.source = widened(this.source, capacity)
    this.position = widened(this.position, capacity)
  }

  #makeRoom(): void {
    if (this.#dead + this.#empty >= this.#compactAt) this.#compact()
    if (this.length > this.journal.length / 2) this.journal = widened(this.journal, this.journal.length * 2)
  }

  /** Keeps what is alive, and of what says "nothing" what a peer has yet to hear. */
  #compact(): void {
    this.version++
    const { journal, position, attributes, length } = this
    const cursors = this.#cursors()
    let next = 0
    let nextAt = cursors[0]?.at ?? length
    let to = 0
    this.#empty = 0
    for (let i = 0; i < length; i++) {
      for (; nextAt <= i; nextAt = cursors[++next]?.at ?? length) cursors[next]?.move(to)
      const slot = journal[i] as number
      if (position[slot] !== i + 1) continue
      if (attributes[slot] === 0) {
        if (!this.#isWithAnyone(slot)) {
          position[slot] = 0
          this.#slots.release(slot)
          continue
        }
        this.#empty++
      }
      journal[to++] = slot
      position[slot] = to
    }
    for (; next < cursors.length; next++) (cursors[next] as Cursor).move(to)
    this.length = to
    this.#dead = 0
    this.#compactAt = Math.max(leastTidy, this.#empty * 2 + (to >> 1))
  }

  #isWithAnyone(slot: number): boolean {
    for (const member of this.members) if (member.hasSent(slot)) return true
    return false
  }

  /** Every index into the journal that somebody keeps, in ascending order. */
  #cursors(): Cursor[] {
    const cursors: Cursor[] = [{ at: this.#consumed, move: (to) => (this.#consumed = to) }]
    for (const member of this.members) cursors.push({ at: member.cursor, move: (to) => (member.cursor = to) })
    return cursors.sort((a, b) => a.at - b.at)
  }
}

/** An index into a journal, and how to change it when entries before it go. */
interface Cursor {
  readonly at: number
  readonly move: (to: number) => void
}
