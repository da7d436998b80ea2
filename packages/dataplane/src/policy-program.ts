/**
 * What one node enforces, as data: the closed, small language between the policy engine and the firewall drivers.
 * Text is canonical everywhere (`@tortie/ip` canonicalPrefix), so equality of strings is equality of meaning.
 */

/** Spec 02 §3.3: `s:…` selector, `n:…` named port, `svc:…`, `svcnoport:…`. Both families share one id. */
export type IpSetId = string
/** Spec 02 §2.1: `<short>/<namespace>/<name>` or `<short>/<name>`, e.g. `np/prod/allow-dns`, `gnp/default-deny`, `pro/kns.prod`. */
export type PolicyId = string
/** `<namespace>/<name of the WorkloadEndpoint>`. */
export type EndpointId = string

/**
 * Members: `net` canonical CIDRs, always with length (`10.0.0.1/32`); `ip-port` `10.0.0.1,tcp:8080` (protocol lower-case
 * name or number). `net` members never overlap (suppressed by the engine) and /0 is held as two /1.
 */
export interface IpSet {
  readonly type: 'net' | 'ip-port'
  readonly members: ReadonlySet<string>
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/**
 * One side of a rule. Fields are ANDed; the entries of a list are alternatives, except `ipSets` and `notIpSets`: each holds. An empty list
 * is the same as an absent one. Whatever is said of ports, negated or not, holds only for TCP, UDP, SCTP and UDPLite.
 */
export interface EntityMatch {
  /** Canonical CIDRs. A list without any CIDR of the packet's family makes the rule not match, negated lists too. */
  readonly nets?: readonly string[]
  readonly notNets?: readonly string[]
  readonly ipSets?: readonly IpSetId[]
  readonly notIpSets?: readonly IpSetId[]
  /** The port is in one of the ranges, or (address, protocol, port) in one of `namedPorts`. */
  readonly ports?: readonly PortRange[]
  readonly namedPorts?: readonly IpSetId[]
  readonly notPorts?: readonly PortRange[]
  readonly notNamedPorts?: readonly IpSetId[]
  /** Services: (address, protocol, port) is in each. */
  readonly ipPortSets?: readonly IpSetId[]
}

/** Holds, negated or not, only for ICMP over IPv4 and ICMPv6 over IPv6. */
export interface IcmpMatch {
  readonly type: number
  readonly code?: number
}

export interface Rule {
  readonly action: 'allow' | 'deny' | 'pass' | 'log'
  /** Also set from `protocol` ICMP (4) and ICMPv6 (6). */
  readonly ipVersion?: 4 | 6
  /** IANA number. */
  readonly protocol?: number
  readonly notProtocol?: number
  readonly icmp?: IcmpMatch
  readonly notIcmp?: IcmpMatch
  readonly source: EntityMatch
  readonly destination: EntityMatch
  /** Position in the list of the resource it came from, so that a trace can say `ingress[3]`. */
  readonly index: number
  readonly annotations?: Readonly<Record<string, string>>
}

/** A policy or a profile. A profile that is named but absent is one deny rule each way. */
export interface PolicyRules {
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}

/** Only policies that are enforced in this direction (not staged); a tier without any is not listed. */
export interface TierProgram {
  readonly name: string
  readonly policies: readonly PolicyId[]
  /** At the end of the tier. A tier that does not exist denies. */
  readonly defaultAction: 'deny' | 'pass'
}

export interface WorkloadProgram {
  readonly kind: 'workload'
  /** Host-side interface, `cali…`. */
  readonly interface: string
  /** false (administratively down): everything is dropped, no routes. */
  readonly active: boolean
  readonly mac?: string
  /** Host prefixes of both families: its own addresses. */
  readonly addresses: readonly string[]
  /** Further source prefixes it may send from. */
  readonly spoofablePrefixes: readonly string[]
  readonly ingress: readonly TierProgram[]
  readonly egress: readonly TierProgram[]
  /** Ids of profiles, in order: `pro/kns.prod`. */
  readonly profiles: readonly PolicyId[]
}

export type EndpointProgram = WorkloadProgram

/** The whole of it. Every id that is referred to is present. */
export interface PolicyProgram {
  readonly ipSets: ReadonlyMap<IpSetId, IpSet>
  /** Policies and profiles. */
  readonly policies: ReadonlyMap<PolicyId, PolicyRules>
  readonly endpoints: ReadonlyMap<EndpointId, EndpointProgram>
}

export type IpSetDelta =
  | { readonly op: 'create'; readonly type: IpSet['type']; readonly members: ReadonlySet<string> }
  | { readonly op: 'change'; readonly added: readonly string[]; readonly removed: readonly string[] }
  | { readonly op: 'remove' }

/** What changed since the last delta; `null` removes. Applying it in one transaction never shows a dangling reference. */
export interface PolicyDelta {
  readonly ipSets: ReadonlyMap<IpSetId, IpSetDelta>
  readonly policies: ReadonlyMap<PolicyId, PolicyRules | null>
  readonly endpoints: ReadonlyMap<EndpointId, EndpointProgram | null>
}

export const emptyProgram: PolicyProgram = { ipSets: new Map(), policies: new Map(), endpoints: new Map() }
