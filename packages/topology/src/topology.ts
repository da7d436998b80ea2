import type { LocalWorkload, NatProgram, Route, RoutingProgram, Vtep } from '@tortie/dataplane'
import type { ResourceKey } from '@tortie/datastore'
import { canonicalPrefix, createPrefixTrie, type Family, type PrefixTrie, parsePrefix } from '@tortie/ip'
import type { AnyResource, ResourceOf } from '@tortie/model'
import { blockRoutes } from './block.ts'
import { encapOf } from './encap.ts'
import { type NodeAddress, nodeAddress, onSameSubnet } from './node-address.ts'
import { vtepOf } from './vtep.ts'
import { WorkloadPeering } from './workload-peering.ts'

/** Of Node, IPPool, IPAMBlock and WorkloadEndpoint; for BGP with workloads of BGPConfiguration, BGPPeer and Profile. */
export type TopologyChange =
  | { readonly type: 'put'; readonly item: AnyResource }
  | { readonly type: 'delete'; readonly key: ResourceKey }

export interface TopologyOptions {
  /** Name of the Node resource this program is for. */
  readonly node: string
  readonly ipv6: boolean
  /** Routes of pools without encapsulation are this program's; false where a BGP speaker has them. */
  readonly programNoEncap: boolean
  /** The same of pools with IP-in-IP; true when left out. Those with VXLAN are never BGP's (spec 05 A8). */
  readonly programIpip?: boolean
  /** Honour `allowSpoofedSourcePrefixes` of endpoints (WorkloadSourceSpoofing=Any). */
  readonly sourceSpoofing: boolean
}

/** A destination that other nodes hold and this program cannot reach, with the reason in words. */
export interface Unroutable {
  readonly destination: string
  readonly node: string
  readonly why: string
}

export interface TopologyProblem {
  /** `IPPool(default)` */
  readonly object: string
  readonly why: string
}

export interface Topology {
  apply(change: TopologyChange): void
  /** The program, or undefined when nothing of it changed since the last flush. Its maps are new objects. */
  flush(): RoutingProgram | undefined
  unroutable(): readonly Unroutable[]
  /** Stored objects that cannot be read; they count as absent. */
  problems(): readonly TopologyProblem[]
}

export function createTopology(options: TopologyOptions): Topology {
  return new IncrementalTopology(options)
}

interface BlockState {
  readonly block: ResourceOf<'IPAMBlock'>
  /** What it contributes now, by destination. */
  routes: ReadonlyMap<string, Route>
  unroutable: readonly Unroutable[]
}

/** PERF: a block's routes are recalculated when it, its nodes or the pools change; nothing scans all blocks otherwise. */
class IncrementalTopology implements Topology {
  readonly #options: TopologyOptions
  readonly #nodes = new Map<string, ResourceOf<'Node'>>()
  readonly #addresses: Record<Family, Map<string, NodeAddress>> = { 4: new Map(), 6: new Map() }
  readonly #pools = new Map<string, ResourceOf<'IPPool'>>()
  #poolTrie: PrefixTrie<ResourceOf<'IPPool'>> = createPrefixTrie()
  readonly #blocks = new Map<string, BlockState>()
  /** Blocks by the nodes that hold them or addresses in them. */
  readonly #blocksOf = new Map<string, Set<string>>()
  readonly #workloads = new Map<string, LocalWorkload>()
  readonly #routes = new Map<string, Route>()
  readonly #vteps = new Map<string, Vtep>()
  readonly #peering: WorkloadPeering
  #peeringTouched = false
  #hostAddresses: ReadonlyMap<string, readonly string[]> = new Map()
  readonly #problems = new Map<string, string>()
  readonly #dirtyBlocks = new Set<string>()
  #dirty = true

  constructor(options: TopologyOptions) {
    this.#options = options
    this.#peering = new WorkloadPeering(options.node)
  }

  apply(change: TopologyChange): void {
    const { kind, name, namespace } =
      change.type === 'put' ? { ...change.item.metadata, kind: change.item.kind } : change.key
    const id = `${kind}(${namespace === undefined ? name : `${namespace}/${name}`})`
    this.#problems.delete(id)
    if (this.#peering.apply(change)) this.#peeringTouched = true
    try {
      this.#put(kind, name, namespace, change.type === 'put' ? change.item : undefined)
    } catch (error) {
      // What another client stored and nobody can read must not stop the rest.
      this.#problems.set(id, error instanceof Error ? error.message : String(error))
      this.#put(kind, name, namespace, undefined)
    }
  }

  problems(): readonly TopologyProblem[] {
    return [...this.#problems].map(([object, why]) => ({ object, why }))
  }

  #put(kind: string, name: string, namespace: string | undefined, item: AnyResource | undefined): void {
    if (kind === 'Node') this.#putNode(name, item as ResourceOf<'Node'> | undefined)
    else if (kind === 'IPPool') this.#putPool(name, item as ResourceOf<'IPPool'> | undefined)
    else if (kind === 'IPAMBlock') this.#putBlock(name, item as ResourceOf<'IPAMBlock'> | undefined)
    else if (kind === 'WorkloadEndpoint')
      this.#putWorkload(`${namespace}/${name}`, item as ResourceOf<'WorkloadEndpoint'> | undefined)
  }

  flush(): RoutingProgram | undefined {
    for (const name of this.#dirtyBlocks) this.#recalculate(name)
    this.#dirtyBlocks.clear()
    this.#followPeering()
    if (!this.#dirty) return undefined
    this.#dirty = false
    const own = this.#nodes.get(this.#options.node)
    const ipv4 = this.#addresses[4].get(this.#options.node)?.address
    const ipv6 = this.#addresses[6].get(this.#options.node)?.address
    const vxlan = own && vtepOf(own, 4)
    const vxlanV6 = own && vtepOf(own, 6)
    return {
      workloads: this.#allWorkloads(),
      routes: new Map(this.#routes),
      vteps: new Map(this.#vteps),
      node: { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }), ...(vxlan && { vxlan }), ...(vxlanV6 && { vxlanV6 }) },
      nat: this.#nat(),
    }
  }

  unroutable(): readonly Unroutable[] {
    return [...this.#blocks.values()].flatMap((state) => state.unroutable)
  }

  #putNode(name: string, node: ResourceOf<'Node'> | undefined): void {
    if (node) this.#nodes.set(name, node)
    else this.#nodes.delete(name)
    let moved = false
    for (const family of [4, 6] as const) {
      const now = node && nodeAddress(node, family)
      const was = this.#addresses[family].get(name)
      if (now) this.#addresses[family].set(name, now)
      else this.#addresses[family].delete(name)
      moved ||=
        JSON.stringify([now?.address, now?.subnet?.length]) !== JSON.stringify([was?.address, was?.subnet?.length])
      const key = family === 4 ? name : `${name} v6`
      const vtep = node && name !== this.#options.node ? vtepOf(node, family) : undefined
      if (JSON.stringify(vtep) !== JSON.stringify(this.#vteps.get(key))) {
        if (vtep) this.#vteps.set(key, vtep)
        else this.#vteps.delete(key)
        moved = true
      }
    }
    if (name === this.#options.node) this.#dirtyAll()
    else if (moved) {
      this.#dirty = true
      for (const block of this.#blocksOf.get(name) ?? []) this.#dirtyBlocks.add(block)
    }
  }

  #putPool(name: string, pool: ResourceOf<'IPPool'> | undefined): void {
    if (pool) {
      canonicalPrefix(pool.spec.cidr) // throws before anything is kept
      this.#pools.set(name, pool)
    } else this.#pools.delete(name)
    this.#poolTrie = createPrefixTrie()
    for (const each of this.#pools.values()) this.#poolTrie.set(parsePrefix(canonicalPrefix(each.spec.cidr)), each)
    this.#dirtyAll()
  }

  #putBlock(name: string, block: ResourceOf<'IPAMBlock'> | undefined): void {
    const nodes = block && !block.spec.deleted ? nodesOf(block) : undefined
    const was = this.#blocks.get(name)
    if (was) for (const node of nodesOf(was.block)) this.#blocksOf.get(node)?.delete(name)
    if (block && nodes) {
      this.#blocks.set(name, { block, routes: was?.routes ?? new Map(), unroutable: [] })
      for (const node of nodes) this.#blocksOf.set(node, (this.#blocksOf.get(node) ?? new Set()).add(name))
      this.#dirtyBlocks.add(name)
    } else if (was) {
      this.#replaceRoutes(was.routes, new Map())
      this.#blocks.delete(name)
      this.#dirtyBlocks.delete(name)
    }
  }

  #putWorkload(id: string, endpoint: ResourceOf<'WorkloadEndpoint'> | undefined): void {
    const { sourceSpoofing, ipv6, node } = this.#options
    // Prefixes that may not be honoured take the whole endpoint out (spec 02 §2.9), as they do in the policy engine.
    const refused = !sourceSpoofing && (endpoint?.spec.allowSpoofedSourcePrefixes ?? []).length > 0
    if (endpoint?.spec.node !== node || !endpoint.spec.interfaceName || refused) {
      if (this.#workloads.delete(id)) this.#dirty = true
      return
    }
    const { interfaceName, ipNetworks, mac, allowSpoofedSourcePrefixes } = endpoint.spec
    const addresses = (ipNetworks ?? []).map(canonicalPrefix).filter((cidr) => ipv6 || !cidr.includes(':'))
    const workload: LocalWorkload = {
      interface: interfaceName,
      active: true,
      addresses,
      ...(mac && { mac }),
      spoofablePrefixes: (allowSpoofedSourcePrefixes ?? []).map(canonicalPrefix),
    }
    if (JSON.stringify(workload) === JSON.stringify(this.#workloads.get(id))) return
    this.#workloads.set(id, workload)
    this.#dirty = true
  }

  /** By workload, where a BGP neighbour finds this host; kept while nothing of it changes. */
  #followPeering(): void {
    if (!this.#peeringTouched) return
    this.#peeringTouched = false
    const addressesOf = this.#peering.addresses()
    const now = new Map<string, readonly string[]>()
    for (const id of this.#workloads.keys()) {
      const addresses = addressesOf(id).filter((address) => this.#options.ipv6 || !address.includes(':'))
      if (addresses.length > 0) now.set(id, addresses)
    }
    if (JSON.stringify([...now]) === JSON.stringify([...this.#hostAddresses])) return
    this.#hostAddresses = now
    this.#dirty = true
  }

  #allWorkloads(): Map<string, LocalWorkload> {
    const all = new Map(this.#workloads)
    for (const [id, hostAddresses] of this.#hostAddresses) {
      const workload = this.#workloads.get(id)
      if (workload) all.set(id, { ...workload, hostAddresses })
    }
    return all
  }

  #recalculate(name: string): void {
    const state = this.#blocks.get(name)
    if (!state) return
    const routes = new Map<string, Route>()
    const unroutable: Unroutable[] = []
    for (const { destination, node } of blockRoutes(state.block)) {
      if (!this.#options.ipv6 && destination.includes(':')) continue
      const route = this.#routeTo(destination, node)
      if (route === undefined) continue
      if ('why' in route) unroutable.push(route)
      else routes.set(destination, route)
    }
    this.#replaceRoutes(state.routes, routes)
    state.routes = routes
    state.unroutable = unroutable
  }

  #routeTo(destination: string, node: string): Route | Unroutable | undefined {
    const family: Family = destination.includes(':') ? 6 : 4
    const isBlock = !destination.endsWith(family === 4 ? '/32' : '/128')
    const pool = this.#poolTrie.match(parsePrefix(destination))?.value
    if (!this.#isOurs(pool)) return undefined
    if (node === this.#options.node) return isBlock ? { kind: 'blackhole' } : undefined
    const remote = this.#addresses[family].get(node)
    const fail = (why: string): Unroutable => ({ destination, node, why })
    if (!remote) return fail(`node ${node} has no IPv${family} address: set spec.bgp.ipv${family}Address of its Node`)
    const sameSubnet = onSameSubnet(this.#addresses[family].get(this.#options.node), remote)
    const encap = encapOf(pool, sameSubnet)
    if (encap === 'vxlan') {
      const vtep = this.#vteps.get(family === 4 ? node : `${node} v6`)
      return vtep ? { kind: 'vxlan', via: vtep.address, node } : fail(`node ${node} has no VXLAN tunnel address yet`)
    }
    if (encap === 'ipip') return fail('IP-in-IP is not available in this release: set ipipMode Never or vxlanMode')
    if (!sameSubnet)
      return fail(`node ${node} (${remote.address}) is on another subnet: route it by BGP or set vxlanMode CrossSubnet`)
    return { kind: 'no-encap', via: remote.address, node }
  }

  /** By what the pool does between subnets; on one subnet CrossSubnet does without, and belongs to the same. */
  #isOurs(pool: ResourceOf<'IPPool'> | undefined): boolean {
    const { programNoEncap, programIpip = true } = this.#options
    const encap = encapOf(pool, false)
    return encap === 'vxlan' || (encap === 'ipip' ? programIpip : programNoEncap)
  }

  #replaceRoutes(was: ReadonlyMap<string, Route>, now: ReadonlyMap<string, Route>): void {
    for (const destination of was.keys()) {
      if (now.has(destination)) continue
      this.#routes.delete(destination)
      this.#dirty = true
    }
    for (const [destination, route] of now) {
      if (JSON.stringify(this.#routes.get(destination)) === JSON.stringify(route)) continue
      this.#routes.set(destination, route)
      this.#dirty = true
    }
  }

  #dirtyAll(): void {
    this.#dirty = true
    for (const name of this.#blocks.keys()) this.#dirtyBlocks.add(name)
  }

  /** Spec 02 §2.10: pools for LoadBalancer addresses only are no destinations of workloads. */
  #nat(): NatProgram {
    const usable = [...this.#pools.values()].filter(({ spec }) => {
      const uses = spec.allowedUses ?? []
      return uses.length === 0 || uses.some((use) => use !== 'LoadBalancer')
    })
    const cidrs = (pools: readonly ResourceOf<'IPPool'>[]): string[] =>
      pools.map(({ spec }) => canonicalPrefix(spec.cidr)).sort()
    const hosts = [...this.#addresses[4].values(), ...this.#addresses[6].values()].map(({ address }) => address)
    return {
      masqueradePools: cidrs(usable.filter(({ spec }) => spec.natOutgoing)),
      allPools: cidrs(usable),
      hosts: hosts.map(canonicalPrefix).sort(),
    }
  }
}

function nodesOf(block: ResourceOf<'IPAMBlock'>): Set<string> {
  return new Set(blockRoutes(block).map(({ node }) => node))
}
