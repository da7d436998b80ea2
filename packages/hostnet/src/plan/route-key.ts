import type { Route } from '@tortie/netlink'

/** Metric as the kernel keeps it: IPv6 has no 0. Spec 02 §5.4. */
export function effectivePriority({ dst, priority = 0 }: Pick<Route, 'dst' | 'priority'>): number {
  return priority === 0 && dst.includes(':') ? 1024 : priority
}

/** What makes two routes of the main table rivals: destination and metric. */
export function routeKey(route: Pick<Route, 'dst' | 'priority'>): string {
  return `${route.dst} ${effectivePriority(route)}`
}

const hasDevice = (route: Route): boolean => (route.type ?? 'unicast') === 'unicast'

/** Whether the kernel's route is the one that is wanted. For a blackhole of IPv6 the kernel shows a device: lo. */
export function sameRoute(a: Route, b: Route): boolean {
  // PERF: what we wrote is remembered as the object that was wanted.
  if (a === b) return true
  return (
    (a.type ?? 'unicast') === (b.type ?? 'unicast') &&
    (!hasDevice(a) || a.oif === b.oif) &&
    a.gateway === b.gateway &&
    a.protocol === b.protocol &&
    (a.scope ?? 0) === (b.scope ?? 0) &&
    a.prefsrc === b.prefsrc &&
    (a.onlink ?? false) === (b.onlink ?? false) &&
    a.mtu === b.mtu &&
    a.multipath === undefined &&
    b.multipath === undefined
  )
}
