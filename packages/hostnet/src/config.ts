/** What Felix's parameters say of routing; the names in the comments are theirs (spec 02 §6.3). */
export interface HostnetConfig {
  /** InterfacePrefix: local workloads' interfaces begin with one of these. */
  readonly interfacePrefixes: readonly string[]
  /** Ipv6Support. Without it no IPv6 route or forwarding sysctl is written. */
  readonly ipv6: boolean
  /** IPForwarding. */
  readonly ipForwarding: boolean
  /** rtm_protocol of routes to other nodes and of blackholes: all routes with it are ours. */
  readonly routeProtocol: number
  /** DeviceRouteProtocol: rtm_protocol of routes to local workloads; when not boot (3), all routes with it are ours. */
  readonly deviceRouteProtocol: number
  /** Metric of routes to local workloads. */
  readonly deviceRoutePriority: number
  /** DeviceRouteSourceAddress, DeviceRouteSourceAddressIPv6. */
  readonly deviceRouteSource: { readonly ipv4?: string; readonly ipv6?: string }
  /** RemoveExternalRoutes: whoever made it, a route on a workload's interface that is not wanted is removed. */
  readonly removeExternalRoutes: boolean
  /** How long unknown routes on a new workload interface are left alone: CNI may be ahead of the datastore. */
  readonly newInterfaceGraceMs: number
  /** VXLANVNI, VXLANPort, VXLANMTU, VXLANMTUV6; an MTU of 0 is that of the parent less the overhead. */
  readonly vxlan: { readonly id: number; readonly port: number; readonly mtu: number; readonly mtuV6: number }
}

/** Felix's defaults. */
export const defaultHostnetConfig: HostnetConfig = {
  interfacePrefixes: ['cali'],
  ipv6: true,
  ipForwarding: true,
  routeProtocol: 80,
  deviceRouteProtocol: 3,
  deviceRoutePriority: 1024,
  deviceRouteSource: {},
  removeExternalRoutes: true,
  newInterfaceGraceMs: 10_000,
  vxlan: { id: 4096, port: 4789, mtu: 0, mtuV6: 0 },
}

export function isWorkloadInterface(
  name: string,
  { interfacePrefixes }: Pick<HostnetConfig, 'interfacePrefixes'>,
): boolean {
  return interfacePrefixes.some((prefix) => name.startsWith(prefix))
}
