/**
 * What of BGP's routes the kernel may hold, and which of its own routes may become BGP's, as data: from `topology` to
 * `hostnet`. Spec 05 A6 (candidate sources) and A8 (kernel filter). All prefixes are canonical CIDRs of either family.
 */
export interface BgpKernelPolicy {
  /** Service ranges: no route inside one (or equal to it) is written. */
  readonly rejected: readonly string[]
  /**
   * The first that contains a route decides; a route in none is written. When this node's subnet of a family is unknown
   * the pools of that family are left out.
   */
  readonly pools: readonly BgpKernelPool[]
  /** BGP addresses of other nodes that WireGuard reaches: no route learned with one of these next hops is written. */
  readonly wireguardNextHops: readonly string[]
  /** This node's subnet, for `cross-subnet`. */
  readonly subnet?: string
}

export interface BgpKernelPool {
  readonly prefix: string
  /** Whether BGP owns the routes of this pool. */
  readonly program: boolean
  /** Routes go through tunl0 to the BGP next hop: always, or only when that is outside this node's subnet. */
  readonly ipip?: 'always' | 'cross-subnet'
}

export const openBgpKernelPolicy: BgpKernelPolicy = { rejected: [], pools: [], wireguardNextHops: [] }

/** Which addresses and routes of the kernel are candidates to be announced. */
export interface BgpSourcePolicy {
  /** Globs (`*`) of interfaces whose addresses are no source, besides `cali*` and `kube-ipvs*`. */
  readonly ignoredInterfaces: readonly string[]
  /** Pools, service ranges and CIDRs of BGPFilters: kernel routes outside all of these are not read. */
  readonly interesting: readonly string[]
  /** NORMAL_PRIO: stands for a metric of 0, by family. */
  readonly normalPriority: Readonly<Record<4 | 6, number>>
}
