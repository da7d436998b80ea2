import { asPathLength, firstAs } from '../message/as-path.ts'
import { encodeAttributes } from '../message/attributes.ts'
import { WellKnownCommunity } from '../message/iana.ts'
import { defaultWireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { ByteWriter } from '../message/writer.ts'
import { widened } from './columns.ts'
import type { NextHops } from './next-hops.ts'

/** What communities and other attributes mean to the decision and to export. */
export const AttributeFlag = {
  noAdvertise: 1,
  noExport: 2,
  longLivedStale: 4,
  noLongLived: 8,
  gracefulShutdown: 16,
} as const

const flagOfCommunity: ReadonlyMap<number, number> = new Map([
  [WellKnownCommunity.NO_ADVERTISE, AttributeFlag.noAdvertise],
  [WellKnownCommunity.NO_EXPORT, AttributeFlag.noExport],
  [WellKnownCommunity.NO_EXPORT_SUBCONFED, AttributeFlag.noExport],
  [WellKnownCommunity.LLGR_STALE, AttributeFlag.longLivedStale],
  [WellKnownCommunity.NO_LLGR, AttributeFlag.noLongLived],
  [WellKnownCommunity.GRACEFUL_SHUTDOWN, AttributeFlag.gracefulShutdown],
])

interface Entry {
  readonly attributes: PathAttributes
  /** Canonical text; IPv6 means MP_REACH_NLRI. */
  readonly nextHop: string | undefined
  readonly linkLocal: string | undefined
}

/**
 * Attribute sets with their next hop, each value once, by number from 1 on; counted references. Equal numbers mean equal
 * bytes on the wire. PERF: what the decision compares lies in columns; the bytes are not kept, because they are needed
 * again only when two hashes agree.
 */
export class AttributeStore {
  localPref: Uint32Array
  pathLength: Uint16Array
  origin: Uint8Array
  med: Uint32Array
  /** 0: none, the peer's AS counts. */
  neighborAs: Uint32Array
  /** 0: none, the peer's identifier counts. */
  originator: Uint32Array
  clusterLength: Uint16Array
  flags: Uint8Array
  /** Number among the next hops. */
  nextHop: Uint32Array
  references: Uint32Array
  size = 0
  readonly #hops: NextHops
  readonly #seed: number
  readonly #entries: (Entry | undefined)[] = [undefined]
  #end = 1
  /** Chains: sets with one `attributes` object and different next hops; sets in one bucket; free numbers. */
  #sameObject: Uint32Array
  #sameBucket: Uint32Array
  #hash: Uint32Array
  #buckets = new Uint32Array(1024)
  #free = 0
  readonly #byObject = new Map<PathAttributes, number>()
  readonly #onFree: ((id: number) => void)[] = []
  readonly #one = new ByteWriter()
  readonly #other = new ByteWriter()

  /** @param seed see `RibOptions` */
  constructor(hops: NextHops, seed = 0) {
    const capacity = 256
    this.#hops = hops
    this.#seed = seed
    this.localPref = new Uint32Array(capacity)
    this.pathLength = new Uint16Array(capacity)
    this.origin = new Uint8Array(capacity)
    this.med = new Uint32Array(capacity)
    this.neighborAs = new Uint32Array(capacity)
    this.originator = new Uint32Array(capacity)
    this.clusterLength = new Uint16Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.nextHop = new Uint32Array(capacity)
    this.references = new Uint32Array(capacity)
    this.#sameObject = new Uint32Array(capacity)
    this.#sameBucket = new Uint32Array(capacity)
    this.#hash = new Uint32Array(capacity)
  }

  get capacity(): number {
    return this.references.length
  }

  /** Calls `free` with every number that ceases to be in use. */
  whenFree(free: (id: number) => void): void {
    this.#onFree.push(free)
  }

  /**
   * The number of these attributes, with one reference more. @param nextHop where it is not in `attributes`
   * @throws BgpError, IpError for values that no message can carry
   */
  take(attributes: PathAttributes, nextHop: string | undefined = attributes.nextHop, linkLocal?: string): number {
    for (let id = this.#byObject.get(attributes) ?? 0; id !== 0; id = this.#sameObject[id] as number) {
      const entry = this.#entries[id] as Entry
      if (entry.nextHop === nextHop && entry.linkLocal === linkLocal) return this.#again(id)
    }
    const bytes = canonical(this.#one, attributes, nextHop, linkLocal)
    const hash = hashOf(bytes, this.#seed)
    for (let id = this.#buckets[hash % this.#buckets.length] as number; id !== 0; id = this.#sameBucket[id] as number)
      if (this.#hash[id] === hash && this.#equals(id, bytes)) return this.#again(id)
    return this.#add({ attributes, nextHop, linkLocal }, hash)
  }

  /** One reference more. */
  retain(id: number): void {
    this.references[id] = (this.references[id] as number) + 1
  }

  /** One reference less; without any the number is free. */
  release(id: number): void {
    if (id === 0) return
    const left = (this.references[id] as number) - 1
    this.references[id] = left
    if (left === 0) this.#remove(id)
  }

  attributes(id: number): PathAttributes {
    return (this.#entries[id] as Entry).attributes
  }

  nextHopText(id: number): string | undefined {
    return this.#entries[id]?.nextHop
  }

  linkLocal(id: number): string | undefined {
    return this.#entries[id]?.linkLocal
  }

  #again(id: number): number {
    this.retain(id)
    return id
  }

  #equals(id: number, bytes: Uint8Array): boolean {
    const { attributes, nextHop, linkLocal } = this.#entries[id] as Entry
    const own = canonical(this.#other, attributes, nextHop, linkLocal)
    return own.length === bytes.length && own.every((byte, i) => byte === bytes[i])
  }

  #add(entry: Entry, hash: number): number {
    if (this.size >= this.#buckets.length) this.#rehash()
    const id = this.#free === 0 ? this.#end++ : this.#free
    if (id === this.capacity) this.#widen(id * 2)
    else if (id === this.#free) this.#free = this.#sameBucket[id] as number
    const { attributes, nextHop } = entry
    this.#entries[id] = entry
    this.references[id] = 1
    this.#hash[id] = hash
    const bucket = hash % this.#buckets.length
    this.#sameBucket[id] = this.#buckets[bucket] as number
    this.#buckets[bucket] = id
    this.#sameObject[id] = this.#byObject.get(attributes) ?? 0
    this.#byObject.set(attributes, id)
    this.#fill(id, attributes)
    this.nextHop[id] = this.#hops.take(nextHop)
    this.size++
    return id
  }

  #fill(id: number, attributes: PathAttributes): void {
    const { localPref = 100, asPath = [], origin = 2, med = 0, originatorId, clusterList, communities } = attributes
    this.localPref[id] = localPref
    this.pathLength[id] = asPathLength(asPath)
    this.origin[id] = origin
    this.med[id] = med
    this.neighborAs[id] = firstAs(asPath) ?? 0
    this.originator[id] = originatorId === undefined ? 0 : identifierValue(originatorId)
    this.clusterLength[id] = clusterList?.length ?? 0
    let flags = 0
    if (communities) for (const community of communities) flags |= flagOfCommunity.get(community) ?? 0
    this.flags[id] = flags
  }

  #remove(id: number): void {
    for (const free of this.#onFree) free(id)
    const { attributes } = this.#entries[id] as Entry
    const bucket = (this.#hash[id] as number) % this.#buckets.length
    this.#buckets[bucket] = unchain(this.#sameBucket, this.#buckets[bucket] as number, id)
    const first = unchain(this.#sameObject, this.#byObject.get(attributes) ?? 0, id)
    if (first === 0) this.#byObject.delete(attributes)
    else this.#byObject.set(attributes, first)
    this.#hops.release(this.nextHop[id] as number)
    this.#entries[id] = undefined
    this.#sameBucket[id] = this.#free
    this.#free = id
    this.size--
  }

  #rehash(): void {
    this.#buckets = new Uint32Array(this.#buckets.length * 2)
    for (let id = 1; id < this.#end; id++) {
      if (!this.#entries[id]) continue
      const bucket = (this.#hash[id] as number) % this.#buckets.length
      this.#sameBucket[id] = this.#buckets[bucket] as number
      this.#buckets[bucket] = id
    }
  }

  #widen(capacity: number): void {
    this.localPref = widened(this.localPref, capacity)
    this.pathLength = widened(this.pathLength, capacity)
    this.origin = widened(this.origin, capacity)
    this.med = widened(this.med, capacity)
    this.neighborAs = widened(this.neighborAs, capacity)
    this.originator = widened(this.originator, capacity)
    this.clusterLength = widened(this.clusterLength, capacity)
    this.flags = widened(this.flags, capacity)
    this.nextHop = widened(this.nextHop, capacity)
    this.references = widened(this.references, capacity)
    this.#sameObject = widened(this.#sameObject, capacity)
    this.#sameBucket = widened(this.#sameBucket, capacity)
    this.#hash = widened(this.#hash, capacity)
  }
}

/** The chain that begins with `first`, without `id`. @returns its first entry */
function unchain(next: Uint32Array, first: number, id: number): number {
  if (first === id) return next[id] as number
  for (let at = first; at !== 0; at = next[at] as number)
    if (next[at] === id) {
      next[at] = next[id] as number
      break
    }
  return first
}

/** Everything that tells sets apart, as bytes: valid until the writer's next use. */
function canonical(writer: ByteWriter, attributes: PathAttributes, nextHop?: string, linkLocal?: string): Uint8Array {
  encodeAttributes(writer.reset(), attributes, defaultWireOptions)
  if (nextHop !== undefined && nextHop !== attributes.nextHop) writer.address(nextHop)
  if (linkLocal !== undefined) writer.u8(1).address(linkLocal)
  return writer.bytes
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash >>> 0
}

/** An IPv4 text as a number, for comparison. */
export function identifierValue(text: string): number {
  let value = 0
  for (const part of text.split('.')) value = value * 256 + Number(part)
  return value
}
