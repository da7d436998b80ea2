import type { BestPath, BestRoute } from '@tortie/bgp'
import type { NextHop, Route, RouteType } from '@tortie/netlink'

/** 2^31 - 1: LOCAL_PREF and metric add up to it. Spec 05 A6, A8. */
export const PRIO_MAX = 2147483647
/** Most ways of one route. */
export const maxNextHops = 16

/** One way as BGP knows it. */
export interface WantedHop {
  readonly nextHop: string
  /** The router on the way, or the next hop itself; undefined when BGP has not said how it is reached. */
  readonly gateway?: string
  readonly interface?: string
}

/** Where a route leads, in BGP's words: no policy and no ifindex in it, so that it outlives changes of both. */
export interface WantedShape {
  /** Learned by BGP, and not made here. */
  readonly learned: boolean
  /** None: a blackhole. */
  readonly hops: readonly WantedHop[]
}

/** Where a route leads, in the kernel's words. */
export type HeldShape = Pick<
  Route,
  'oif' | 'gateway' | 'onlink' | 'multipath' | 'scope' | 'prefsrc' | 'mtu' | 'tos'
> & {
  readonly type: RouteType
}

export interface Wanted {
  readonly shape: WantedShape
  readonly metric: number
}

/** Pure: what the kernel should hold for a best route, the policy aside; undefined for what is the kernel's own or gone. */
export function wantedOf({ prefix, paths }: BestRoute): Wanted | undefined {
  const [best] = paths
  if (!best) return undefined
  if (best.source === 'bgp')
    return { shape: { learned: true, hops: paths.slice(0, maxNextHops).map(hopOf) }, metric: metricOf(best.localPref) }
  if (best.source !== 'static' || isDeviceRoute(best)) return undefined
  const hops = best.nextHop === undefined ? [] : [hopOf(best)]
  return { shape: { learned: false, hops }, metric: prefix.includes(':') ? 1024 : 0 }
}

/** Without a gateway there is no way to say it here; and it is no blackhole either. */
function isDeviceRoute({ nextHop, resolution }: BestPath): boolean {
  return nextHop === undefined && resolution?.interface !== undefined
}

/** Spec 05 A8: never below 1, where BIRD wraps round. */
export function metricOf(localPref: number): number {
  return Math.max(1, PRIO_MAX - localPref)
}

function hopOf({ nextHop = '', resolution }: BestPath): WantedHop {
  if (resolution?.interface === undefined) return { nextHop }
  return { nextHop, gateway: resolution.gateway ?? nextHop, interface: resolution.interface }
}

export function wantedKey({ learned, hops }: WantedShape): string {
  let key = learned ? 'bgp' : 'static'
  for (const { nextHop, gateway, interface: name } of hops) key += ` ${nextHop} ${gateway} ${name}`
  return key
}

/**
 * Two shapes, or routes as read, with the same key are the same to the kernel. The order of ways is not in it: IPv6 keeps
 * its own.
 */
export function heldKey(shape: HeldShape): string {
  const { type, scope = 0, prefsrc, mtu, tos } = shape
  // For a blackhole of IPv6 the kernel shows a device: lo.
  if (type !== 'unicast') return type
  const ways = shape.multipath ? shape.multipath.map(hopKey).sort().join() : hopKey(shape)
  return scope === 0 && !prefsrc && !mtu && !tos ? ways : `${ways} scope ${scope} ${prefsrc} ${mtu} ${tos}`
}

export function hopsOf({ oif, gateway, onlink, multipath }: HeldShape): readonly NextHop[] {
  if (multipath) return multipath
  return [
    {
      ...(oif === undefined ? {} : { oif }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(onlink ? { onlink } : {}),
    },
  ]
}

function hopKey({ oif, gateway, onlink, weight = 1 }: NextHop): string {
  return `${gateway} ${oif}${onlink ? ' onlink' : ''}${weight === 1 ? '' : ` ${weight}`}`
}

/** The ways without repetition, as a shape. @param hops at least one */
export function shapeOfHops(hops: readonly NextHop[]): HeldShape {
  const different = [...new Map(hops.map((hop) => [hopKey(hop), hop])).values()]
  const [only] = different
  return different.length === 1 ? { type: 'unicast', ...only } : { type: 'unicast', multipath: different }
}

/** What is the kernel's of a route that was read. */
export function shapeOfRoute({ type = 'unicast', ...route }: Route): HeldShape {
  if (type !== 'unicast') return { type }
  const { oif, gateway, onlink, multipath, scope, prefsrc, mtu, tos } = route
  const where = multipath ? { multipath } : hopsOf({ type, ...defined({ oif, gateway, onlink }) })[0]
  return { type, ...where, ...defined({ scope, prefsrc, mtu, tos }) }
}

function defined<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}

export function routeOf(dst: string, priority: number, { type, ...shape }: HeldShape, protocol: number): Route {
  return { dst, protocol, priority, ...(type === 'unicast' ? {} : { type }), ...shape }
}
