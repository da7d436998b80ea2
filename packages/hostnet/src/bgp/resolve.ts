import type { NextHopResolution } from '@tortie/bgp'
import { containsAddress, isLinkLocal, type Prefix, parseAddress, parsePrefix } from '@tortie/ip'
import type { NextHop, ReadRoute } from '@tortie/netlink'
import type { KernelView } from './kernel-view.ts'
import { hopsOf } from './shape.ts'

/** IGP metric of a next hop behind a router: one constant, so that such paths lose to on-link ones and never mix. Spec 05 A8, B5. */
export const viaRouterMetric = 0x80000000

/** Host routes of BGP's own static routes with a gateway (`reachableBy`), by prefix. */
export type StaticGateways = ReadonlyMap<string, string>

/**
 * Pure: how the kernel would reach an address: the longest prefix among connected and learned routes of others and BGP's
 * static ones, the default route included. Spec 05 A5, trap 26.
 * @returns undefined when nothing leads there, when it is an own address, or where the longest prefix is a blackhole
 */
export function resolveNextHop(
  text: string,
  view: KernelView,
  statics: StaticGateways = new Map(),
): NextHopResolution | undefined {
  if (view.isOwn(text)) return undefined
  const address = parseAddress(text)
  const viaStatic = longestStatic(text, statics)
  for (const { prefix, value } of view.routes.covering(address).reverse()) {
    if (viaStatic && viaStatic.prefix.length >= prefix.length) break
    const usable = value.filter((route) => isUsable(route, view))
    if (isLinkLocal(address) && new Set(usable.map(({ oif }) => oif)).size > 1) return undefined
    if (usable[0]) return resolutionOf(usable[0], view)
  }
  if (!viaStatic) return undefined
  // The gateway of a static route is reached as the kernel says, and not by another static route.
  const way = resolveNextHop(viaStatic.gateway, view)
  return way && { ...way, metric: viaRouterMetric, gateway: way.gateway ?? viaStatic.gateway }
}

function longestStatic(text: string, statics: StaticGateways): { prefix: Prefix; gateway: string } | undefined {
  if (statics.size === 0) return undefined
  const address = parseAddress(text)
  let longest: { prefix: Prefix; gateway: string } | undefined
  for (const [cidr, gateway] of statics) {
    const prefix = parsePrefix(cidr)
    if (gateway !== text && containsAddress(prefix, address) && prefix.length >= (longest?.prefix.length ?? 0))
      longest = { prefix, gateway }
  }
  return longest
}

/** The kernel passes over `throw`, and over routes whose device is down. */
function isUsable(route: ReadRoute, { links }: KernelView): boolean {
  if (route.type === 'throw') return false
  return route.type !== 'unicast' || hopsOf(route).some((hop) => isUp(hop, links))
}

function isUp({ oif }: NextHop, links: KernelView['links']): boolean {
  return oif !== undefined && (links.get(oif)?.up ?? false)
}

function resolutionOf(route: ReadRoute, { links }: KernelView): NextHopResolution | undefined {
  if (route.type !== 'unicast') return undefined
  const hop = hopsOf(route).find((each) => isUp(each, links))
  const name = links.get(hop?.oif ?? 0)?.name
  if (!hop || name === undefined) return undefined
  if (hop.gateway === undefined) return { metric: 0, interface: name }
  return { metric: viaRouterMetric, interface: name, gateway: hop.gateway }
}

export function sameResolution(a: NextHopResolution | undefined, b: NextHopResolution | undefined): boolean {
  return a?.metric === b?.metric && a?.interface === b?.interface && a?.gateway === b?.gateway
}
