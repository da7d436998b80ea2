import type { LocalRoute } from '@tortie/bgp'
import type { BgpSourcePolicy } from '@tortie/dataplane'
import {
  containsPrefix,
  formatPrefix,
  isLinkLocal,
  isLoopback,
  type Prefix,
  parseCidr,
  parsePrefix,
  prefixOf,
} from '@tortie/ip'
import { type ReadRoute, RTPROT_BIRD, RTPROT_KERNEL } from '@tortie/netlink'
import type { KernelView } from './kernel-view.ts'
import { hopsOf, PRIO_MAX } from './shape.ts'

const RTPROT_REDIRECT = 1
const directPreference = 240
const kernelPreference = 10

/** Compiled from the policy once. */
export interface CandidateRules {
  readonly policy: BgpSourcePolicy
  readonly interesting: readonly Prefix[]
  isIgnored(interfaceName: string): boolean
}

/** @throws IpError for what is no prefix */
export function candidateRules(policy: BgpSourcePolicy): CandidateRules {
  const globs = ['cali*', 'kube-ipvs*', ...policy.ignoredInterfaces].map(globOf)
  return {
    policy,
    interesting: policy.interesting.map((cidr) => parsePrefix(cidr)),
    isIgnored: (name) => globs.some((glob) => glob.test(name)),
  }
}

function globOf(glob: string): RegExp {
  const escaped = glob.replace(/[^A-Za-z0-9*]/g, '\\$&').replace(/\*/g, '.*')
  return new RegExp(`^${escaped}$`)
}

/**
 * Pure: the subnets of the interfaces' addresses, by prefix and id. Spec 05 A6; addresses of the scopes host and link are
 * none, as for BIRD.
 */
export function directRoutes(view: KernelView, rules: CandidateRules): LocalRoute[] {
  const routes = new Map<string, LocalRoute>()
  for (const { ifindex, address: cidr } of view.addresses.values()) {
    const link = view.links.get(ifindex)
    const { address, length } = parseCidr(cidr)
    if (!link?.up || rules.isIgnored(link.name) || isLoopback(address) || isLinkLocal(address)) continue
    const prefix = formatPrefix(prefixOf(address, length))
    const id = `direct:${link.name}`
    const attributes = { localPref: PRIO_MAX - rules.policy.normalPriority[address.family] }
    routes.set(routeId({ prefix, id }), {
      prefix,
      id,
      source: 'direct',
      preference: directPreference,
      interface: link.name,
      attributes,
    })
  }
  return [...routes.values()]
}

export function routeId({ prefix, id }: Pick<LocalRoute, 'prefix' | 'id'>): string {
  return `${prefix} ${id}`
}

export function isInteresting(prefix: Prefix, { interesting }: CandidateRules): boolean {
  return interesting.some((outer) => containsPrefix(outer, prefix))
}

/**
 * Pure: what a route of the kernel is to BGP: the one of others with the lowest metric to that prefix. Spec 05 A6. This
 * node's own routes to other nodes are among them, told by their interface or gateway: the export filter keeps those from
 * internal peers, which would take them for ours (trap 29).
 * @returns undefined when there is none to announce
 */
export function kernelRoute(prefix: string, view: KernelView, rules: CandidateRules): LocalRoute | undefined {
  const route = view.at(prefix).find(isAlien)
  if (!route || !isInteresting(parsePrefix(prefix), rules)) return undefined
  const [hop = {}] = hopsOf(route)
  const name = hop.oif === undefined || route.type !== 'unicast' ? undefined : view.links.get(hop.oif)?.name
  const metric = route.priority || rules.policy.normalPriority[prefix.includes(':') ? 6 : 4]
  return {
    prefix,
    id: 'kernel',
    source: 'kernel',
    preference: kernelPreference,
    ...(hop.gateway === undefined ? {} : { gateway: hop.gateway }),
    ...(name === undefined ? {} : { interface: name }),
    attributes: { localPref: Math.max(0, PRIO_MAX - metric) },
  }
}

function isAlien({ protocol, type }: ReadRoute): boolean {
  return protocol !== RTPROT_KERNEL && protocol !== RTPROT_REDIRECT && protocol !== RTPROT_BIRD && type !== 'throw'
}

export function sameLocalRoute(a: LocalRoute, b: LocalRoute): boolean {
  return (
    a.source === b.source &&
    a.preference === b.preference &&
    a.gateway === b.gateway &&
    a.interface === b.interface &&
    a.attributes.localPref === b.attributes.localPref
  )
}
