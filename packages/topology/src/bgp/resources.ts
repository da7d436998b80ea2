import type { AnyResource, Kind, ResourceOf } from '@tortie/model'
import { type BgpNode, bgpNodeOf } from './bgp-node.ts'
import { type ReadConfiguration, readConfiguration } from './configuration.ts'
import { type ReadFilter, readFilter } from './filter-rules.ts'
import type { BgpChange } from './inputs.ts'
import { type LocalEndpoint, localEndpointOf } from './local-endpoints.ts'
import { networkText } from './network.ts'
import { type Peering, readPeering } from './peering.ts'
import { type OwnBlock, type Pool, poolOf } from './policy.ts'
import type { BgpProblem } from './program.ts'

/** What a change may have changed: which sessions there are, or what they let through. */
export interface Touched {
  readonly sessions: boolean
  readonly policy: boolean
}
const nothing: Touched = { sessions: false, policy: false }
const both: Touched = { sessions: true, policy: true }
const sessionsOnly: Touched = { sessions: true, policy: false }
const policyOnly: Touched = { sessions: false, policy: true }

type ResourceChange = Extract<BgpChange, { readonly type: 'put' | 'delete' }>

/** Keeps what is read of one object, or forgets it. */
type Keep = (key: string, object: string, item: AnyResource | undefined) => Touched

/** The resources that a node's BGP follows from, read once each. */
export class Resources {
  readonly nodes = new Map<string, BgpNode>()
  readonly configurations = new Map<string, ReadConfiguration>()
  readonly peerings = new Map<string, Peering>()
  readonly filters = new Map<string, ReadFilter>()
  readonly endpoints = new Map<string, LocalEndpoint>()
  readonly profileLabels = new Map<string, Readonly<Record<string, string>>>()
  readonly #pools = new Map<string, Pool>()
  readonly #blocks = new Map<string, OwnBlock>()
  readonly #unreadable = new Map<string, BgpProblem>()
  readonly #ignored = new Set<string>()
  readonly #kinds: ReadonlyMap<string, Keep>

  constructor(node: string) {
    // PERF: workloads come and go often, and are hardly ever neighbours.
    const ofWorkloads = (): Touched => (this.#hasWorkloadPeering() ? sessionsOnly : nothing)
    this.#kinds = new Map([
      this.#row('Node', this.nodes, both, bgpNodeOf),
      this.#row('BGPConfiguration', this.configurations, both, readConfiguration),
      this.#row('BGPPeer', this.peerings, sessionsOnly, readPeering, false),
      this.#row('BGPFilter', this.filters, policyOnly, readFilter),
      this.#row('Profile', this.profileLabels, ofWorkloads, ({ spec }) => spec.labelsToApply),
      this.#row('IPPool', this.#pools, policyOnly, (pool) => poolOf(pool, networkText(pool.spec.cidr))),
      this.#row('BlockAffinity', this.#blocks, policyOnly, (affinity) => ownBlockOf(affinity, node)),
      this.#row('WorkloadEndpoint', this.endpoints, ofWorkloads, (endpoint) =>
        endpoint.spec.node === node ? localEndpointOf(endpoint) : undefined,
      ),
    ])
  }

  apply(change: ResourceChange): Touched {
    const { kind, name, namespace } =
      change.type === 'put' ? { ...change.item.metadata, kind: change.item.kind } : change.key
    const key = namespace === undefined ? name : `${namespace}/${name}`
    const touched = this.#kinds.get(kind)?.(key, `${kind}(${key})`, change.type === 'put' ? change.item : undefined)
    if (kind === 'BGPConfiguration') this.#noteName(key, this.configurations.has(key))
    return touched ?? nothing
  }

  /**
   * @param read  throws for what nobody can read, and gives undefined for what is of no concern
   * @param comparable  values are data, so that one that is equal to the last touches nothing
   */
  #row<K extends Kind, V>(
    kind: K,
    into: Map<string, V>,
    touches: Touched | (() => Touched),
    read: (item: ResourceOf<K>) => V | undefined,
    comparable = true,
  ): readonly [Kind, Keep] {
    const keep: Keep = (key, object, item) => {
      const complaint = this.#unreadable.get(object)?.why
      this.#unreadable.delete(object)
      // `spec:` without anything under it is null in the store.
      const value = item && this.#tryRead(object, () => read({ ...item, spec: item.spec ?? {} } as ResourceOf<K>))
      const known = into.get(key)
      if (value === undefined) into.delete(key)
      else into.set(key, value)
      const isSame =
        known === value || (comparable && known !== undefined && JSON.stringify(known) === JSON.stringify(value))
      const touched = isSame ? nothing : typeof touches === 'function' ? touches() : touches
      return complaint === this.#unreadable.get(object)?.why ? touched : { ...touched, policy: true }
    }
    return [kind, keep]
  }

  /** What another client stored and nobody can read counts as absent. */
  #tryRead<V>(object: string, read: () => V): V | undefined {
    try {
      return read()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#unreadable.set(object, { code: 'unreadable', objects: [object], why })
      return undefined
    }
  }

  #noteName(name: string, isThere: boolean): void {
    if (isThere && name !== 'default' && !name.startsWith('node.')) this.#ignored.add(name)
    else this.#ignored.delete(name)
  }

  #hasWorkloadPeering(): boolean {
    for (const { remote } of this.peerings.values()) if (remote.kind === 'workloads') return true
    return false
  }

  problems(): BgpProblem[] {
    return [
      ...this.#unreadable.values(),
      ...[...this.filters.values()].flatMap(({ problems }) => problems),
      ...[...this.#ignored].map((name) => ({
        code: 'ignored-configuration' as const,
        objects: [`BGPConfiguration(${name})`],
        why: 'only default and node.<name> have a meaning',
      })),
    ]
  }

  /** By CIDR, as text: the order in which pools are asked (spec 05 A8 step 4). */
  sortedPools(): Pool[] {
    return [...this.#pools.values()].sort((a, b) => compareTexts(`${a.cidr} ${a.name}`, `${b.cidr} ${b.name}`))
  }

  /** @param byPodCidrs  the node whose podCIDRs are the blocks, instead of affinities */
  sortedBlocks(byPodCidrs: BgpNode | undefined): OwnBlock[] {
    const blocks = byPodCidrs
      ? byPodCidrs.podCidrs.map((cidr) => ({ origin: `Node(${byPodCidrs.name})`, cidr, leaving: false }))
      : [...this.#blocks.values()]
    return blocks.sort((a, b) => compareTexts(a.cidr, b.cidr))
  }
}

const compareTexts = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/** Undefined for another node's, a virtual owner's, and for a claim that is not yet confirmed. */
function ownBlockOf({ metadata, spec }: ResourceOf<'BlockAffinity'>, node: string): OwnBlock | undefined {
  if (spec.node !== node || spec.type === 'virtual' || spec.deleted || spec.state === 'pending') return undefined
  const origin = `BlockAffinity(${metadata.name})`
  return { origin, cidr: networkText(spec.cidr), leaving: spec.state === 'pendingDeletion' }
}
