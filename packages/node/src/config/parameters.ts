import { bool, int, list, local, oneOf, optional, type Parameter, seconds, strict, text } from './parameter.ts'

const severity = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'FATAL'] as const

/**
 * The parameters that the agent acts on, under Calico's names; names compare without case. Spec 02 §6.3. Others that
 * Calico knows are accepted and have no effect here.
 */
export const parameters = {
  FelixHostname: local(text('')),
  HealthEnabled: bool(true),
  HealthHost: text('localhost'),
  HealthPort: int(9099, 0, 65_535),
  PrometheusMetricsEnabled: bool(true),
  PrometheusMetricsHost: text(''),
  PrometheusMetricsPort: int(9091, 0, 65_535),
  LogSeverityScreen: oneOf(severity, 'INFO'),
  LogPrefix: text('calico-packet'),
  InterfacePrefix: strict(list('cali')),
  InterfaceExclude: list('kube-ipvs0'),
  Ipv6Support: bool(true),
  IPForwarding: oneOf(['Enabled', 'Disabled'], 'Enabled'),
  DefaultEndpointToHostAction: strict(oneOf(['DROP', 'ACCEPT', 'RETURN'], 'DROP')),
  NftablesFilterDenyAction: strict(oneOf(['DROP', 'REJECT'], 'DROP')),
  DisableConntrackInvalidCheck: bool(false),
  AllowVXLANPacketsFromWorkloads: bool(false),
  AllowIPIPPacketsFromWorkloads: bool(false),
  WorkloadSourceSpoofing: oneOf(['Disabled', 'Any'], 'Disabled'),
  NATPortRange: optional(text('')),
  NATOutgoingAddress: optional(text('')),
  NATOutgoingExclusions: oneOf(['IPPoolsOnly', 'IPPoolsAndHostIPs'], 'IPPoolsOnly'),
  DeviceRouteProtocol: int(3, 0, 255),
  DeviceRouteSourceAddress: optional(text('')),
  DeviceRouteSourceAddressIPv6: optional(text('')),
  IPv4NormalRoutePriority: int(1024, 1, 2_147_483_646),
  IPv6NormalRoutePriority: int(1024, 1, 2_147_483_646),
  RemoveExternalRoutes: bool(true),
  RouteSyncDisabled: bool(false),
  RouteRefreshInterval: seconds(90),
  NftablesRefreshInterval: seconds(180),
  InterfaceRefreshInterval: seconds(90),
  /** Unset: this agent writes routes over a shared subnet itself, as long as no BGP speaker runs beside it. */
  ProgramClusterRoutes: optional(oneOf(['Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly', 'Enabled'], 'Enabled')),
  VXLANPort: int(4789, 1, 65_535),
  VXLANVNI: int(4096, 1, 16_777_215),
  VXLANMTU: int(0, 0, 65_535),
  VXLANMTUV6: int(0, 0, 65_535),
  MTUIfacePattern: text('^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)'),
  EndpointStatusPathPrefix: text('/var/run/calico'),
} as const satisfies Readonly<Record<string, Parameter<unknown>>>

export type ParameterName = keyof typeof parameters
export type NodeConfig = {
  readonly [N in ParameterName]: (typeof parameters)[N] extends Parameter<infer T> ? T : never
}
