import { type Family, formatAddress, parseCidr } from '@tortie/ip'
import { parseAsNumber, type ResourceOf } from '@tortie/model'
import { familyOf, networkText } from './network.ts'

/** What of a Node matters to BGP. Addresses are canonical text. */
export interface BgpNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: that of the cluster. */
  readonly asNumber?: number
  readonly address: Readonly<Partial<Record<Family, string>>>
  /** With the mask of the address; a bare address is a subnet of its own. */
  readonly subnet: Readonly<Partial<Record<Family, string>>>
  /** Addresses of its WireGuard interfaces. */
  readonly wireguard: Readonly<Partial<Record<Family, string>>>
  /** Set on a route reflector. */
  readonly clusterId?: string
  /** IPAM by the node's own ranges (host-local): its blocks. */
  readonly podCidrs: readonly string[]
}

/** Only addresses of `spec.bgp` count (spec 05 A1). @throws IpError, ModelError for what is no address or AS number */
export function bgpNodeOf({ metadata, spec, status }: ResourceOf<'Node'>): BgpNode {
  const { asNumber, ipv4Address, ipv6Address, routeReflectorClusterID } = spec.bgp ?? {}
  const given = [ipv4Address, ipv6Address].filter(isFilled)
  const { interfaceIPv4Address, interfaceIPv6Address } = spec.wireguard ?? {}
  const wireguard = [interfaceIPv4Address, interfaceIPv6Address].filter(isFilled)
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    ...(asNumber !== undefined && { asNumber: parseAsNumber(asNumber) }),
    address: byFamily(given),
    subnet: Object.fromEntries(given.map(networkText).map((subnet) => [familyOf(subnet), subnet])),
    wireguard: byFamily(wireguard),
    ...(routeReflectorClusterID && { clusterId: routeReflectorClusterID }),
    podCidrs: (status?.podCIDRs ?? []).map(networkText),
  }
}

function byFamily(texts: readonly string[]): Partial<Record<Family, string>> {
  const addresses = texts.map((text) => parseCidr(text).address)
  return Object.fromEntries(addresses.map((address) => [address.family, formatAddress(address)]))
}

const isFilled = (text: string | undefined): text is string => text !== undefined && text !== ''
