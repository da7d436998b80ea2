/** What the kernel's routing of one node should hold, as data: from `topology` to `hostnet` and the NAT part of a firewall driver. */

/** A workload that is reached through a local interface. */
export interface LocalWorkload {
  readonly interface: string
  readonly active: boolean
  /** Host prefixes, both families. */
  readonly addresses: readonly string[]
  readonly mac?: string
  readonly spoofablePrefixes: readonly string[]
  /** Host prefixes of this host on its side of the interface, where the workload finds its BGP neighbour. */
  readonly hostAddresses?: readonly string[]
}

/** By destination CIDR. */
export type Route =
  /** Block or borrowed address of another node, over its address on a shared subnet, without encapsulation. */
  | { readonly kind: 'no-encap'; readonly via: string; readonly node: string }
  /** The same through VXLAN; `sameSubnet` with mode CrossSubnet goes `no-encap`. */
  | { readonly kind: 'vxlan'; readonly via: string; readonly node: string }
  /** Own block: what no workload holds is dropped here and not sent round in circles. */
  | { readonly kind: 'blackhole' }

export interface Vtep {
  readonly node: string
  readonly mac: string
  /** Tunnel address. */
  readonly address: string
  /** Underlay address of the node. */
  readonly parent: string
}

export interface RoutingProgram {
  /** By EndpointId. */
  readonly workloads: ReadonlyMap<string, LocalWorkload>
  /** By canonical CIDR. */
  readonly routes: ReadonlyMap<string, Route>
  readonly vteps: ReadonlyMap<string, Vtep>
  /** This node's own addresses, from its Node resource, canonical without length; undefined when unknown. */
  readonly node: { readonly ipv4?: string; readonly ipv6?: string; readonly vxlan?: Vtep; readonly vxlanV6?: Vtep }
  readonly nat: NatProgram
}

/** Masquerade what leaves a natOutgoing pool for anywhere outside all pools (spec 02 §2.10). Canonical CIDRs. */
export interface NatProgram {
  readonly masqueradePools: readonly string[]
  readonly allPools: readonly string[]
  /** Addresses of every node, for `NATOutgoingExclusions=IPPoolsAndHostIPs`. */
  readonly hosts: readonly string[]
}

export const emptyNat: NatProgram = { masqueradePools: [], allPools: [], hosts: [] }
