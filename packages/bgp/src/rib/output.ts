import type { ByteWriter } from '../message/writer.ts'
import type { Member } from './member.ts'
import type { RouteTable } from './route-table.ts'
import { SharedBatches } from './shared-batches.ts'
import type { UpdateGroup } from './update-group.ts'
import { writeEndOfRib, writeRefreshMarker } from './update-packer.ts'

const smallestBatch = 64
const largestBatch = 32_768
/** Bytes of a batch that are kept for other peers. */
const largestShared = 128 * 1024

/** Whether there is something to write for the peer. */
export function hasOutput({ out, built }: UpdateGroup, { cursor, owedCount, feed }: Member): boolean {
  return cursor < out.length || owedCount > 0 || (feed !== undefined && (feed.begins || built))
}

/**
 * Writes UPDATEs of one family until about `bytes` are written. PERF: slots are taken in batches and sorted by attribute
 * set with chains in shared columns, so that each set is encoded once a batch and nothing is allocated for a route.
 */
export class Output {
  readonly #table: RouteTable
  #slots = new Uint32Array(smallestBatch)
  /** Chains through the batch: index of the next entry with the same attribute set, plus 1. */
  #next = new Uint32Array(smallestBatch)
  /** First and last entry, plus 1, by attribute set; 0 outside of `write`. */
  #first = new Uint32Array(256)
  #last = new Uint32Array(256)
  readonly #buckets: number[] = []
  #withdrawn = 0
  #announced = 0
  /** Of the announced ones. */
  #sources = new Set<number>()
  readonly #shared = new SharedBatches()

  constructor(table: RouteTable) {
    this.#table = table
  }

  /** @returns true when more waits */
  write(group: UpdateGroup, member: Member, framed: boolean, writer: ByteWriter, bytes: number): boolean {
    const { out, treatment } = group
    const start = writer.length
    while (writer.length - start < bytes) {
      const { feed } = member
      if (feed?.begins) {
        feed.begins = false
        writeRefreshMarker(writer, this.#table.family, 'begin', treatment.wire)
      }
      if (!this.#repeat(group, member, writer)) this.#writeBatch(group, member, writer, bytes - writer.length + start)
      if (member.owedCount > 0 || member.cursor < out.length) continue
      if (!member.feed || !group.built) break
      this.#endFeed(group, member, framed, writer)
    }
    out.tidy()
    return hasOutput(group, member)
  }

  #endFeed({ treatment }: UpdateGroup, member: Member, framed: boolean, writer: ByteWriter): void {
    const { family } = this.#table
    if (member.feed?.kind === 'initial') writeEndOfRib(writer, family, treatment.wire)
    else if (framed) writeRefreshMarker(writer, family, 'end', treatment.wire)
    member.feed = undefined
    if (!member.refreshAgain) return
    member.refreshAgain = false
    member.startFeed('refresh', framed)
  }

  /** What another peer was sent from the same place on, if that is all that this one is to hear. */
  #repeat({ out }: UpdateGroup, member: Member, writer: ByteWriter): boolean {
    const batch = this.#shared.find(out, member)
    if (!batch) return false
    writer.raw(batch.bytes)
    const { journal, position } = out
    for (let i = batch.from; i < batch.to; i++) {
      const slot = journal[i] as number
      if (position[slot] === i + 1) member.noteSent(slot)
    }
    member.cursor = batch.to
    out.consume(batch.to)
    return true
  }

  #writeBatch(group: UpdateGroup, member: Member, writer: ByteWriter, bytes: number): void {
    const { out } = group
    const { cursor: from, owedCount } = member
    const start = writer.length
    const room = Math.floor(bytes / member.bytesPerSlot)
    const batch = this.#collect(group, member, Math.min(largestBatch, Math.max(smallestBatch, room)))
    if (batch === 0) return
    this.#sort(group, member, batch)
    const sources = this.#sources
    const same = this.#write(group, member, writer) && owedCount === 0 && this.#announced === batch
    member.bytesPerSlot = Math.max(1, (writer.length - start) / batch)
    if (!same || out.members.length === 1 || writer.length - start > largestShared) return
    this.#shared.keep({ out, version: out.version, from, to: member.cursor, bytes: writer.bytes.slice(start), sources })
  }

  /** Takes the next slots for the peer: owed ones, then on from its cursor. */
  #collect({ out }: UpdateGroup, member: Member, limit: number): number {
    const waiting = member.owedCount + out.length - member.cursor
    while (this.#slots.length < Math.min(limit, waiting)) {
      this.#slots = new Uint32Array(this.#slots.length * 2)
      this.#next = new Uint32Array(this.#slots.length)
    }
    const slots = this.#slots
    let count = 0
    while (member.owedCount > 0 && count < limit) {
      const slot = member.takeOwed()
      // Otherwise the cursor comes by.
      if ((out.position[slot] ?? 0) <= member.cursor) slots[count++] = slot
    }
    const { journal, position, length } = out
    let { cursor } = member
    for (; cursor < length && count < limit; cursor++) {
      const slot = journal[cursor] as number
      if (position[slot] === cursor + 1) slots[count++] = slot
    }
    member.cursor = cursor
    out.consume(cursor)
    return count
  }

  /** Writes the sorted batch. @returns false when something did not fit */
  #write(group: UpdateGroup, member: Member, writer: ByteWriter): boolean {
    const { packer } = group
    let fits = true
    if (this.#withdrawn !== 0) {
      packer.withdraw(writer)
      this.#writeChain(group, member, this.#withdrawn, false)
      packer.end()
    }
    const { store } = this.#table
    for (const attributes of this.#buckets) {
      const first = this.#first[attributes] as number
      this.#first[attributes] = 0
      if (packer.announce(writer, store.attributes(attributes), store.nextHopText(attributes) ?? '')) {
        this.#writeChain(group, member, first, true)
        packer.end()
        continue
      }
      // The attributes alone fill a message: what the peer has of these prefixes is no longer true.
      fits = false
      packer.withdraw(writer)
      this.#writeChain(group, member, first, false, true)
      packer.end()
    }
    this.#buckets.length = 0
    return fits
  }

  /** Sorts the batch into a chain of withdrawals and one for each attribute set, in order of appearance. */
  #sort({ out }: UpdateGroup, member: Member, batch: number): void {
    const { capacity } = this.#table.store
    if (this.#first.length < capacity) {
      this.#first = new Uint32Array(capacity)
      this.#last = new Uint32Array(capacity)
    }
    const [slots, next, first, last] = [this.#slots, this.#next, this.#first, this.#last]
    this.#withdrawn = 0
    this.#announced = 0
    this.#sources = new Set()
    let lastSource = -1
    let lastWithdrawn = 0
    for (let i = 0; i < batch; i++) {
      const slot = slots[i] as number
      const attributes = out.wanted(slot, member)
      next[i] = 0
      if (attributes === 0) {
        if (!member.hasSent(slot)) continue
        if (lastWithdrawn === 0) this.#withdrawn = i + 1
        else next[lastWithdrawn - 1] = i + 1
        lastWithdrawn = i + 1
      } else {
        this.#announced++
        const source = out.source[slot] as number
        if (source !== lastSource) this.#sources.add(source)
        lastSource = source
        if (first[attributes] === 0) {
          first[attributes] = i + 1
          this.#buckets.push(attributes)
        } else next[(last[attributes] as number) - 1] = i + 1
        last[attributes] = i + 1
      }
    }
  }

  #writeChain({ packer, addPath }: UpdateGroup, member: Member, first: number, announced: boolean, had = false): void {
    const { prefix } = this.#table.paths
    for (let entry = first; entry !== 0; entry = this.#next[entry - 1] as number) {
      const slot = this.#slots[entry - 1] as number
      if (had && !member.hasSent(slot)) continue
      packer.add(addPath ? (prefix[slot] as number) : slot, slot)
      if (announced) member.noteSent(slot)
      else member.noteWithdrawn(slot)
    }
  }
}
