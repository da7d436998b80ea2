/** What of Felix's configuration concerns this driver; spec 02 §6.3. Every field has a default. */
export interface NftConfig {
  /** Name of the one table, family inet. */
  readonly table: string
  /** An interface whose name begins so is a workload's, and closed until a program opens it. `InterfacePrefix`. */
  readonly interfacePrefixes: readonly string[]
  /** `NftablesFilterDenyAction`: what policy denies is dropped or answered. */
  readonly denyAction: 'drop' | 'reject'
  /** `DefaultEndpointToHostAction`: fate of what egress policy allows a workload to send to its own host. */
  readonly endpointToHost: 'drop' | 'accept' | 'return'
  /** False for `DisableConntrackInvalidCheck`. */
  readonly dropInvalid: boolean
  /** `AllowVXLANPacketsFromWorkloads`. */
  readonly allowVxlanFromWorkloads: boolean
  /** `VXLANPort`. */
  readonly vxlanPort: number
  /** `AllowIPIPPacketsFromWorkloads`. */
  readonly allowIpipFromWorkloads: boolean
  /** A workload's packet must also come in where the route to its source goes out. */
  readonly reversePathFilter: boolean
  /** `LogPrefix`, to which `: ` is added; `%t` tier, `%k` short kind, `%n` name, `%p` namespace/name. */
  readonly logPrefix: string
  /** `LogActionRateLimit` and `LogActionRateLimitBurst`; undefined: every packet that a Log rule matches. */
  readonly logLimit: RateLimit | undefined
  /** A packet counter on every rule that comes from a policy. */
  readonly counters: boolean
  readonly nat: NatConfig
}

export interface RateLimit {
  readonly packets: number
  readonly per: 'second' | 'minute' | 'hour' | 'day'
  readonly burst: number
}

export interface NatConfig {
  /** `NATOutgoingExclusions=IPPoolsAndHostIPs`. */
  readonly excludeHosts: boolean
  /** `NATPortRange`. */
  readonly portRange: { readonly first: number; readonly last: number } | undefined
  /** `NATOutgoingAddress`: IPv4 source to use in place of that of the outgoing interface. */
  readonly address: string | undefined
}

export const defaultNftConfig: NftConfig = {
  table: 'tortie',
  interfacePrefixes: ['cali'],
  denyAction: 'drop',
  endpointToHost: 'drop',
  dropInvalid: true,
  allowVxlanFromWorkloads: false,
  vxlanPort: 4789,
  allowIpipFromWorkloads: false,
  reversePathFilter: true,
  logPrefix: 'calico-packet',
  logLimit: undefined,
  counters: true,
  nat: { excludeHosts: false, portRange: undefined, address: undefined },
}
