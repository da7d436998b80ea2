import type { Clock } from '@tortie/runtime'

/** One alarm. Arming it again moves it. */
export interface Timer {
  /** Whether it runs. */
  readonly armed: boolean
  arm(seconds: number): void
  cancel(): void
}

/** PERF: an object of five fields; a speaker has ten for each peer. */
class Entry implements Timer {
  /** When it rings; infinite when it does not run. */
  at = Number.POSITIVE_INFINITY
  /** Its key in the heap, never later than `at`; infinite when it is not there. */
  queued = Number.POSITIVE_INFINITY
  readonly ring: () => void
  private readonly timers: Timers

  constructor(timers: Timers, ring: () => void) {
    this.timers = timers
    this.ring = ring
  }

  get armed(): boolean {
    return this.at < Number.POSITIVE_INFINITY
  }

  arm(seconds: number): void {
    this.at = this.timers.now + Math.max(0, seconds) * 1000
    if (this.at < this.queued) this.timers.queue(this)
  }

  cancel(): void {
    this.at = Number.POSITIVE_INFINITY
  }
}

/**
 * All timers of a speaker: one heap, one sleeper. PERF: a timer that is only moved back (a hold timer, at every message)
 * costs one store; its old place in the heap is corrected when it comes up.
 */
export class Timers {
  private readonly clock: Clock
  /** Called when an earlier time than before is next. */
  private readonly earlier: () => void
  private heap: Entry[] = []

  constructor(clock: Clock, earlier: () => void) {
    this.clock = clock
    this.earlier = earlier
  }

  /** The clock's monotonic milliseconds. */
  get now(): number {
    return this.clock.monotonicMs()
  }

  create(ring: () => void): Timer {
    return new Entry(this, ring)
  }

  /** When the next may ring, in the clock's monotonic milliseconds. */
  get next(): number {
    return this.heap[0]?.queued ?? Number.POSITIVE_INFINITY
  }

  /** Rings what is due. A timer armed meanwhile for now rings the next time. */
  ringDue(): void {
    const now = this.clock.monotonicMs()
    const due: Entry[] = []
    while ((this.heap[0]?.queued ?? Number.POSITIVE_INFINITY) <= now) {
      const entry = this.pop()
      if (entry.at <= now) due.push(entry)
      else if (entry.at < Number.POSITIVE_INFINITY) this.push(entry)
    }
    for (const entry of due) {
      // One that rang before may have cancelled or moved it.
      if (entry.at > now) continue
      entry.at = Number.POSITIVE_INFINITY
      entry.ring()
    }
  }

  /** Puts one of its own timers where its earlier time belongs. */
  queue(entry: Entry): void {
    const before = this.next
    if (entry.queued === Number.POSITIVE_INFINITY) this.push(entry)
    else {
      entry.queued = entry.at
      this.sift(this.heap.indexOf(entry))
    }
    if (entry.at < before) this.earlier()
  }

  private push(entry: Entry): void {
    entry.queued = entry.at
    this.sift(this.heap.push(entry) - 1)
  }

  private pop(): Entry {
    const { heap } = this
    const top = heap[0] as Entry
    const last = heap.pop() as Entry
    if (heap.length > 0) {
      heap[0] = last
      this.sink()
    }
    top.queued = Number.POSITIVE_INFINITY
    return top
  }

  private sift(from: number): void {
    const { heap } = this
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1
      if (key(heap, parent) <= key(heap, i)) return
      swap(heap, i, parent)
      i = parent
    }
  }

  private sink(): void {
    const { heap } = this
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      if (left >= heap.length) return
      const child = left + 1 < heap.length && key(heap, left + 1) < key(heap, left) ? left + 1 : left
      if (key(heap, i) <= key(heap, child)) return
      swap(heap, i, child)
      i = child
    }
  }
}

const key = (heap: readonly Entry[], i: number): number => heap[i]?.queued ?? Number.POSITIVE_INFINITY

function swap(heap: Entry[], i: number, j: number): void {
  const a = heap[i] as Entry
  heap[i] = heap[j] as Entry
  heap[j] = a
}
