import type { LocalRoute } from '@tortie/bgp'
import { type Family, formatPrefix, hostPrefix, parseAddress } from '@tortie/ip'
import { familyOf, isSingleAddress } from './network.ts'
import type { PolicyFacts } from './policy.ts'
import { localPrefOf, staticPreference } from './priority.ts'
import type { Session } from './sessions.ts'

/**
 * Static routes of this node (spec 05 A6): its blocks and what services announce, which go nowhere, and peers that are
 * reached through a gateway.
 */
export function localRoutesOf({ settings, blocks, services }: PolicyFacts, sessions: readonly Session[]): LocalRoute[] {
  const staticRoute = (prefix: string, id: string, gateway?: string): LocalRoute => ({
    prefix,
    id,
    source: 'static',
    preference: staticPreference,
    ...(gateway !== undefined && { gateway }),
    attributes: { origin: 0, asPath: [], localPref: localPrefOf(settings.normalPriority[familyOf(prefix)]) },
  })
  const routes = [
    ...blocks.filter(({ cidr }) => !isSingleAddress(cidr)).map(({ cidr }) => staticRoute(cidr, 'block')),
    ...services.map(({ prefix }) => staticRoute(prefix, 'service')),
    ...sessions.flatMap(({ candidate: { address, family, settings } }) =>
      settings.reachableBy !== undefined && gatewayFamily(settings.reachableBy) === family
        ? [staticRoute(formatPrefix(hostPrefix(parseAddress(address))), 'reachable-by', settings.reachableBy)]
        : [],
    ),
  ]
  const order = ({ prefix, id }: LocalRoute): string => `${prefix} ${id}`
  return routes.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

const gatewayFamily = (address: string): Family => parseAddress(address).family
