import type { Outcome } from '../filter/compile.ts'
import { AdjRibOut } from './adj-rib-out.ts'
import { finish, type Prepared, prepare, type Treatment } from './export.ts'
import type { Member } from './member.ts'
import { PrefixFlag } from './prefix-table.ts'
import type { RouteTable } from './route-table.ts'
import type { PeerSource } from './source.ts'
import { UpdatePacker } from './update-packer.ts'

/** Export of paths with one attribute set and source. It has a reference to each outgoing set other than its own. */
interface Stage {
  readonly attributes: number
  readonly source: number
  /** Of the next stage with this attribute set; 0 is none. */
  next: number
  /** Outgoing set, or `byPrefix`. */
  readonly always: number
  readonly byPrefix: ByPrefix | undefined
}
interface ByPrefix {
  readonly decide: (prefix: number) => Outcome
  readonly nextHop: string
  readonly known: Map<Outcome, number>
}
const dependsOnPrefix = -1

/** Peers that are treated alike: one evaluation and one Adj-RIB-Out for all of them (spec 05 B7). */
export class UpdateGroup {
  readonly key: string
  readonly treatment: Treatment
  readonly out: AdjRibOut
  readonly packer: UpdatePacker
  readonly addPath: boolean
  /** Peers that come from another group as soon as the table is made. */
  readonly joining = new Map<PeerSource, Member>()
  readonly #table: RouteTable
  /** The slot to make next, while the table is made. */
  #building = 1
  #built = false
  /** First stage by attribute set; stages by number. */
  #stageOf = new Int32Array(256)
  #stages: (Stage | undefined)[] = [undefined]
  #freeStages: number[] = []

  constructor(key: string, treatment: Treatment, table: RouteTable) {
    this.key = key
    this.treatment = treatment
    this.#table = table
    this.addPath = treatment.wire.addPath[treatment.family]
    this.out = new AdjRibOut(this.addPath ? table.pathSlots : table.prefixSlots, table.store)
    this.packer = new UpdatePacker(table.prefixes, treatment.wire)
  }

  get built(): boolean {
    return this.#built
  }

  /** Makes the table piece by piece; prefixes that wait for a decision come with it. @returns prefixes looked at */
  build(limit: number): number {
    const { prefixes } = this.#table
    const from = this.#building
    const end = Math.min(prefixes.end, from + limit)
    for (; this.#building < end; this.#building++)
      if (((prefixes.flags[this.#building] as number) & PrefixFlag.dirty) === 0) this.decided(this.#building)
    this.#built = this.#building >= prefixes.end
    return this.#building - from
  }

  /** Takes over what was decided for the prefix. */
  decided(prefix: number): void {
    const { best, head } = this.#table.prefixes
    if (this.addPath) this.#setPaths(head[prefix] as number)
    else if (best[prefix] === 0) this.out.set(prefix, 0, 0)
    else this.#set(prefix, best[prefix] as number)
  }

  #setPaths(head: number): void {
    const { paths, locals } = this.#table
    for (let path = head; path !== 0; path = paths.next[path] as number) {
      if (this.#table.isCandidate(path) && !(locals.size > 0 && this.#isRepeated(path, head))) this.#set(path, path)
      else this.out.set(path, 0, 0)
    }
  }

  /** Of local routes that would look the same to the peer only one is sent (spec 05 A6). */
  #isRepeated(path: number, head: number): boolean {
    const { paths, locals } = this.#table
    if (!locals.has(path)) return false
    for (let other = head; other !== path; other = paths.next[other] as number)
      if (locals.has(other) && this.#outgoing(other) === this.#outgoing(path)) return true
    return false
  }

  #set(slot: number, path: number): void {
    this.out.set(slot, this.#outgoing(path), this.#table.paths.source[path] as number)
  }

  #outgoing(path: number): number {
    const { paths } = this.#table
    const stage = this.#stage(paths.attributes[path] as number, paths.source[path] as number)
    if (!stage.byPrefix) return stage.always
    const { decide, known, nextHop } = stage.byPrefix
    const outcome = decide(paths.prefix[path] as number)
    let id = known.get(outcome)
    if (id === undefined) {
      id = this.#take(stage.attributes, outcome, nextHop)
      known.set(outcome, id)
    }
    return id
  }

  /** Forgets what was evaluated: rules outside the path have changed. */
  forgetStages(): void {
    for (const stage of this.#stages) if (stage) this.#release(stage)
    this.#stages = [undefined]
    this.#freeStages = []
    this.#stageOf.fill(0)
  }

  /** Forgets what was evaluated for a source: it has changed, or its number is another's. PERF: a look at each stage. */
  forgetSource(source: number): void {
    for (const [number, stage] of this.#stages.entries()) {
      if (stage?.source !== source) continue
      let before = this.#stageOf[stage.attributes] as number
      if (before === number) this.#stageOf[stage.attributes] = stage.next
      else {
        while (this.#stages[before]?.next !== number) before = this.#stages[before]?.next as number
        ;(this.#stages[before] as Stage).next = stage.next
      }
      this.#stages[number] = undefined
      this.#freeStages.push(number)
      this.#release(stage)
    }
  }

  /** Forgets what was evaluated for an attribute set that is no longer in use. */
  forgetAttributes(id: number): void {
    let number = this.#stageOf[id] ?? 0
    if (number === 0) return
    this.#stageOf[id] = 0
    while (number !== 0) {
      const stage = this.#stages[number] as Stage
      this.#stages[number] = undefined
      this.#freeStages.push(number)
      this.#release(stage)
      number = stage.next
    }
  }

  clear(): void {
    this.forgetStages()
    this.out.clear()
  }

  /** What the export rules make of a path, before the filter. */
  prepared(attributes: number, source: number): Prepared {
    return prepare(this.#table.candidate(attributes, source), this.treatment)
  }

  #stage(attributes: number, source: number): Stage {
    if (attributes >= this.#stageOf.length) {
      const wide = new Int32Array(this.#table.store.capacity)
      wide.set(this.#stageOf)
      this.#stageOf = wide
    }
    const first = this.#stageOf[attributes] as number
    for (let number = first; number !== 0; ) {
      const stage = this.#stages[number] as Stage
      if (stage.source === source) return stage
      number = stage.next
    }
    const stage = this.#evaluate(attributes, source, first)
    const number = this.#freeStages.pop() ?? this.#stages.length
    this.#stages[number] = stage
    this.#stageOf[attributes] = number
    return stage
  }

  #evaluate(attributes: number, source: number, next: number): Stage {
    const prepared = this.prepared(attributes, source)
    if (prepared.kind === 'refused') return { attributes, source, next, always: 0, byPrefix: undefined }
    const { nextHop } = prepared
    const filter = this.treatment.filter.forAttributes(prepared.attributes, prepared.context)
    if (filter.kind === 'decided') {
      const always = this.#take(attributes, filter.outcome, nextHop)
      return { attributes, source, next, always, byPrefix: undefined }
    }
    const { prefixes } = this.#table
    const decide = (prefix: number): Outcome => {
      const { family, words, lengths, perAddress } = prefixes
      return filter.decide(family, words, prefix * perAddress, lengths[prefix] as number)
    }
    const byPrefix = { decide, nextHop, known: new Map<Outcome, number>() }
    return { attributes, source, next, always: dependsOnPrefix, byPrefix }
  }

  /** The outgoing set of an outcome; 0 when it is refused. */
  #take(from: number, { verdict, attributes }: Outcome, nextHop: string): number {
    if (verdict === 'reject') return 0
    const { store } = this.#table
    const id = store.take(finish(attributes, this.treatment), nextHop)
    // A set that is sent as it came: the stage goes when the set goes, so it must not keep it.
    if (id === from) store.release(id)
    return id
  }

  #release({ attributes, always, byPrefix }: Stage): void {
    const { store } = this.#table
    if (always > 0 && always !== attributes) store.release(always)
    if (byPrefix) for (const id of byPrefix.known.values()) if (id !== attributes) store.release(id)
  }
}
