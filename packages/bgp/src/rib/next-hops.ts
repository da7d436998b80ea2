import { type Family, isMulticast, isUnspecified, parseAddress } from '@tortie/ip'
import { widened } from './columns.ts'
import type { NextHopResolution } from './contract.ts'

/** Metric of what is not reached. */
export const unreachable = 0xffff_ffff

interface NextHop {
  readonly address: string
  readonly family: Family
  /** No route can go there: RFC 4271 §6.3. */
  readonly martian: boolean
  /** Whether the owner has said something about it. */
  resolved: boolean
  resolution: NextHopResolution | undefined
  /** Attribute sets that have it. */
  references: number
  /** Paths that have it. */
  paths: number
}

/** Next hops by number, from 1 on; 0 is none. There are few of them however many routes. */
export class NextHops {
  /** What the decision compares: `unreachable`, or the metric of the resolution. */
  metric: Uint32Array = new Uint32Array(64)
  readonly #byDefault: NextHopResolution | undefined
  readonly #hops: (NextHop | undefined)[] = [undefined]
  readonly #byAddress = new Map<string, number>()
  readonly #free: number[] = []

  constructor(byDefault: NextHopResolution | undefined) {
    this.#byDefault = byDefault
  }

  /** Number of the address, with one reference more. */
  take(address: string | undefined): number {
    if (address === undefined) return 0
    const id = this.#byAddress.get(address) ?? this.#add(address)
    ;(this.#hops[id] as NextHop).references++
    return id
  }

  release(id: number): void {
    const hop = this.#hops[id]
    if (!hop) return
    hop.references--
    this.#forget(id, hop)
  }

  /** Notes that a path uses it, or no longer. */
  countPaths(id: number, difference: number): void {
    const hop = this.#hops[id]
    if (hop) hop.paths += difference
  }

  /** @returns its number when anything changed, else 0 */
  resolve(address: string, resolution: NextHopResolution | undefined): number {
    const known = this.#byAddress.get(address)
    // Unknown and not reachable: only worth a place when the default says otherwise.
    const id = known ?? this.#add(address)
    const hop = this.#hops[id] as NextHop
    const before = this.resolution(id)
    hop.resolved = true
    hop.resolution = resolution
    this.#setMetric(id, hop)
    const after = this.resolution(id)
    const same =
      before?.metric === after?.metric && before?.interface === after?.interface && before?.gateway === after?.gateway
    if (same) this.#forget(id, hop)
    return same ? 0 : id
  }

  resolution(id: number): NextHopResolution | undefined {
    const hop = this.#hops[id]
    if (!hop || hop.martian) return undefined
    return hop.resolved ? hop.resolution : this.#byDefault
  }

  address(id: number): string | undefined {
    return this.#hops[id]?.address
  }

  /** Of those that paths have. */
  *inUse(): Generator<string> {
    for (const hop of this.#hops) if (hop && hop.paths > 0) yield hop.address
  }

  /** Whether the owner has still to say of one that paths have how it is reached. */
  get isUnanswered(): boolean {
    if (this.#byDefault) return false
    return this.#hops.some((hop) => hop !== undefined && hop.paths > 0 && !hop.resolved && !hop.martian)
  }

  #add(address: string): number {
    const id = this.#free.pop() ?? this.#hops.length
    const parsed = parseAddress(address)
    const hop: NextHop = {
      address,
      family: parsed.family,
      martian: isUnspecified(parsed) || isMulticast(parsed),
      resolved: false,
      resolution: undefined,
      references: 0,
      paths: 0,
    }
    this.#hops[id] = hop
    this.#byAddress.set(address, id)
    if (id >= this.metric.length) this.metric = widened(this.metric, this.metric.length * 2)
    this.#setMetric(id, hop)
    return id
  }

  #setMetric(id: number, hop: NextHop): void {
    const resolution = hop.martian ? undefined : hop.resolved ? hop.resolution : this.#byDefault
    this.metric[id] = resolution ? Math.min(resolution.metric, unreachable - 1) : unreachable
  }

  /** What the owner said of a next hop outlives the routes that have it; a next hop of which it said nothing does not. */
  #forget(id: number, hop: NextHop): void {
    const needed = hop.resolved && (hop.resolution !== undefined || this.#byDefault !== undefined)
    if (hop.references > 0 || needed) return
    this.#hops[id] = undefined
    this.#byAddress.delete(hop.address)
    this.#free.push(id)
  }
}
