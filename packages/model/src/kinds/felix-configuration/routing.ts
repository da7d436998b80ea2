import { findings, int, list, object, optional } from '../../schema/fields.ts'
import { cidrComplaint, interfaceComplaint } from '../../schema/formats.ts'
import { once } from '../../schema/once.ts'
import {
  choice,
  enabled,
  flag,
  ipv4,
  ipv6,
  loose,
  number,
  portNumber,
  priority,
  seconds,
  string,
  texts,
} from './fields.ts'

const ordered = findings(function* ({ min, max }: { readonly min: number; readonly max: number }) {
  if (min > max) yield { at: ['min'], reason: 'min value cannot be greater than max value' }
})

/** Deprecated: one range of the tables that the kernel has always had. */
const routeTableRange = once(() => object({ min: int(1, 250), max: int(1, 250) }).check(ordered))

const routeTableIdRange = once(() => object({ min: int(1, 0xffff_ffff), max: int(1, 0xffff_ffff) }).check(ordered))

/** Routes, tunnels and encryption. */
export const routingFields = () => ({
  routeRefreshInterval: seconds(),
  routeSource: loose('WorkloadIPs', 'CalicoIPAM'),
  routeTableRange: optional(routeTableRange()),
  routeTableRanges: optional(list(routeTableIdRange())),
  routeSyncDisabled: flag(),
  ipv4NormalRoutePriority: priority(),
  ipv6NormalRoutePriority: priority(),
  ipv4ElevatedRoutePriority: priority(),
  ipv6ElevatedRoutePriority: priority(),
  liveMigrationRouteConvergenceTime: seconds(),
  deviceRouteSourceAddress: ipv4(),
  deviceRouteSourceAddressIPv6: ipv6(),
  deviceRouteProtocol: number(),
  removeExternalRoutes: flag(),
  programClusterRoutes: choice('Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly'),
  ipForwarding: enabled(),
  externalNodesList: texts((value) => cidrComplaint(value, 4)),
  ipipEnabled: flag(),
  ipipMTU: number(),
  vxlanEnabled: flag(),
  vxlanMTU: number(),
  vxlanMTUV6: number(),
  vxlanPort: number(),
  vxlanVNI: number(),
  allowVXLANPacketsFromWorkloads: flag(),
  allowIPIPPacketsFromWorkloads: flag(),
  wireguardEnabled: flag(),
  wireguardEnabledV6: flag(),
  wireguardThreadingEnabled: flag(),
  wireguardHostEncryptionEnabled: flag(),
  wireguardListeningPort: portNumber(1),
  wireguardListeningPortV6: portNumber(1),
  wireguardRoutingRulePriority: number(1, 32_765),
  wireguardInterfaceName: string(interfaceComplaint),
  wireguardInterfaceNameV6: string(interfaceComplaint),
  wireguardMTU: number(),
  wireguardMTUV6: number(),
  wireguardKeepAlive: seconds(),
  awsSrcDstCheck: choice('DoNothing', 'Enable', 'Disable'),
  localSubnetL2Reachability: choice('Disabled', 'PodsAndLoadBalancers'),
  localSubnetL2ReachabilityRefreshInterval: seconds(),
})
