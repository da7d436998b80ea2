import { type Address, compareAddresses, type Family, parseAddress } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import { type CompiledFilter, compileFilter, filterHash } from '../filter/compile.ts'
import type { Filter, RouteSource } from '../filter/filter.ts'
import type { Session } from '../session/negotiate.ts'
import { identifierValue } from './attribute-store.ts'
import type { RibPeer } from './contract.ts'
import type { Member } from './member.ts'

/** Where paths come from: what the decision and the export rules ask of it. */
export interface Source {
  readonly index: number
  readonly kind: RouteSource
  readonly external: boolean
  readonly remoteAs: number
  /** BGP identifier as a number. */
  readonly identifier: number
  /** Place of its address among those of all peers. */
  readonly addressRank: number
  /** Undefined for local routes. */
  readonly peer: PeerSource | undefined
  /** Outgoing interface of local routes that have one. */
  readonly interface: string | undefined
}

interface PathCounts {
  received: number
  accepted: number
}

/** A neighbour and what is known of it. */
export class PeerSource implements Source {
  readonly index: number
  readonly kind = 'bgp'
  readonly interface = undefined
  config: RibPeer
  importFilter: CompiledFilter
  exportFilter: CompiledFilter
  /** While it is open. */
  session: Session | undefined
  /** As of the last session. */
  external = false
  identifier = 0
  remoteId = '0.0.0.0'
  addressRank = 0
  readonly counts: Readonly<Record<Family, PathCounts>> = {
    4: { received: 0, accepted: 0 },
    6: { received: 0, accepted: 0 },
  }
  /** Families whose paths wait for it to come back. */
  readonly restarting = new Set<Family>()
  readonly members: Partial<Record<Family, Member>> = {}

  constructor(index: number, config: RibPeer, importFilter: CompiledFilter, exportFilter: CompiledFilter) {
    this.index = index
    this.config = config
    this.importFilter = importFilter
    this.exportFilter = exportFilter
  }

  get peer(): PeerSource {
    return this
  }

  get remoteAs(): number {
    return this.config.remoteAs
  }

  get clusterId(): string {
    return this.config.clusterId ?? this.config.localId
  }

  /** @returns whether the decision may now end otherwise */
  open(session: Session): boolean {
    const before = [this.external, this.remoteId]
    this.session = session
    this.external = session.peer !== 'internal'
    this.remoteId = session.remoteId
    this.identifier = identifierValue(session.remoteId)
    return before[0] !== this.external || before[1] !== this.remoteId
  }
}

interface LocalSource extends Source {
  readonly peer: undefined
  references: number
}

const most = 0xffff

/** Compiled filters, each value once: many peers have the same. PERF: and mostly the same object, hashed once. */
class Filters {
  readonly #hashes = new WeakMap<Filter, string>()
  readonly #byHash = new Map<string, { readonly compiled: CompiledFilter; references: number }>()

  take(filter: Filter): CompiledFilter {
    const hash = this.#hashes.get(filter) ?? filterHash(filter)
    this.#hashes.set(filter, hash)
    const known = this.#byHash.get(hash) ?? { compiled: compileFilter(filter), references: 0 }
    known.references++
    this.#byHash.set(hash, known)
    return known.compiled
  }

  release({ hash }: CompiledFilter): void {
    const known = this.#byHash.get(hash)
    if (known && --known.references === 0) this.#byHash.delete(hash)
  }
}

/** Sources by number, from 1 on. */
export class Sources {
  readonly all: (Source | undefined)[] = [undefined]
  readonly #free: number[] = []
  readonly #locals = new Map<string, LocalSource>()
  readonly #filters = new Filters()
  readonly #onFree: ((index: number) => void)[] = []
  /** Peers in the order of their addresses. */
  readonly #ranked: { readonly peer: PeerSource; readonly address: Address }[] = []

  /** @throws BgpError when there are 65,535 already, IpError for an address or prefix that is none */
  addPeer(config: RibPeer): PeerSource {
    const address = parseAddress(config.address)
    const [importFilter, exportFilter] = [config.importFilter, config.exportFilter].map((one) =>
      this.#filters.take(one),
    )
    const peer = new PeerSource(this.#take(), config, importFilter as CompiledFilter, exportFilter as CompiledFilter)
    this.all[peer.index] = peer
    this.#insert(peer, address)
    return peer
  }

  removePeer(peer: PeerSource): void {
    for (const free of this.#onFree) free(peer.index)
    this.all[peer.index] = undefined
    this.#free.push(peer.index)
    this.#remove(peer)
    this.#filters.release(peer.importFilter)
    this.#filters.release(peer.exportFilter)
  }

  /** New parameters. @throws IpError as `addPeer`, having changed nothing */
  changePeer(peer: PeerSource, config: RibPeer): void {
    const address = parseAddress(config.address)
    const [importFilter, exportFilter] = [
      this.#filters.take(config.importFilter),
      this.#filters.take(config.exportFilter),
    ]
    this.#filters.release(peer.importFilter)
    this.#filters.release(peer.exportFilter)
    const moved = config.address !== peer.config.address
    peer.config = config
    peer.importFilter = importFilter
    peer.exportFilter = exportFilter
    if (!moved) return
    this.#remove(peer)
    this.#insert(peer, address)
  }

  peer(index: number): PeerSource {
    const peer = this.all[index]?.peer
    if (!peer) throw new BgpError('bgp/bad-value', { field: 'peer', why: `there is none of number ${index}` })
    return peer
  }

  *peers(): Generator<PeerSource> {
    for (const source of this.all) if (source?.peer) yield source.peer
  }

  /** The source of local routes of one kind and interface, with one reference more. */
  takeLocal(kind: RouteSource, device: string | undefined): Source {
    const key = `${kind} ${device ?? ''}`
    const known = this.#locals.get(key)
    if (known) {
      known.references++
      return known
    }
    const nothing = { external: false, remoteAs: 0, identifier: 0, addressRank: 0, peer: undefined }
    const made: LocalSource = { index: this.#take(), kind, ...nothing, interface: device, references: 1 }
    this.#locals.set(key, made)
    this.all[made.index] = made
    return made
  }

  /** Calls `free` with every number that may from now on be another's. */
  whenFree(free: (index: number) => void): void {
    this.#onFree.push(free)
  }

  releaseLocal(index: number): void {
    const source = this.all[index] as LocalSource
    if (--source.references > 0) return
    for (const free of this.#onFree) free(index)
    this.#locals.delete(`${source.kind} ${source.interface ?? ''}`)
    this.all[index] = undefined
    this.#free.push(index)
  }

  #take(): number {
    const index = this.#free.pop() ?? this.all.length
    if (index > most) throw new BgpError('bgp/bad-value', { field: 'peers', why: `there are ${most} sources already` })
    return index
  }

  #insert(peer: PeerSource, address: Address): void {
    const after = this.#ranked.findIndex((other) => compareAddresses(other.address, address) > 0)
    this.#ranked.splice(after === -1 ? this.#ranked.length : after, 0, { peer, address })
    this.#rank()
  }

  #remove(peer: PeerSource): void {
    const at = this.#ranked.findIndex((ranked) => ranked.peer === peer)
    this.#ranked.splice(at, 1)
    this.#rank()
  }

  #rank(): void {
    for (const [rank, { peer }] of this.#ranked.entries()) peer.addressRank = rank
  }
}
