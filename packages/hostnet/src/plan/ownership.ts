import { type ReadRoute, RT_TABLE_MAIN, RTPROT_BIRD, RTPROT_BOOT, RTPROT_KERNEL } from '@tortie/netlink'
import { type HostnetConfig, isWorkloadInterface } from '../config.ts'
import type { LinkView } from './view.ts'
import { isVxlanDevice } from './vxlan.ts'

/**
 * Whether a route is ours to remove: by who made it, or by the device it is on. What the kernel itself keeps never is.
 * Spec 02 §5.4, ownership.
 */
export function isOurs(route: ReadRoute, view: LinkView, config: HostnetConfig): boolean {
  const { table, protocol, type, dst, oif } = route
  if (table !== RT_TABLE_MAIN || protocol === RTPROT_KERNEL || dst === 'fe80::/64') return false
  if (type === 'local' || type === 'broadcast' || type === 'multicast' || type === 'anycast') return false
  if (protocol === config.routeProtocol) return true
  // BGP's routes are its own, also those of a workload that speaks BGP (spec 05 A8).
  if (protocol === RTPROT_BIRD) return false
  if (protocol === config.deviceRouteProtocol && protocol !== RTPROT_BOOT) return true
  const name = oif === undefined ? undefined : view.byIndex.get(oif)?.name
  if (name === undefined) return false
  if (isVxlanDevice(name)) return true
  if (!isWorkloadInterface(name, config)) return false
  return config.removeExternalRoutes || protocol === config.deviceRouteProtocol
}
