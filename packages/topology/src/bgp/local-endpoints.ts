import { type Family, formatAddress, parseCidr } from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'

/** A workload of this node, as far as it may be a BGP neighbour. */
export interface LocalEndpoint {
  /** `namespace/name` */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** In the order in which their labels count. */
  readonly profiles: readonly string[]
  /** Its first address of each family, canonical text. */
  readonly address: Readonly<Partial<Record<Family, string>>>
}

/** @throws IpError for an address that is none */
export function localEndpointOf({ metadata, spec }: ResourceOf<'WorkloadEndpoint'>): LocalEndpoint {
  const addresses = (spec.ipNetworks ?? []).map((text) => parseCidr(text).address)
  return {
    id: `${metadata.namespace}/${metadata.name}`,
    labels: metadata.labels ?? {},
    profiles: spec.profiles ?? [],
    address: Object.fromEntries(addresses.reverse().map((address) => [address.family, formatAddress(address)])),
  }
}

/** Own labels win, then those of the first profile that has one (spec 02 §1.3). */
export function labelsOf(
  { labels, profiles }: LocalEndpoint,
  profileLabels: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Readonly<Record<string, string>> {
  return Object.assign({}, ...profiles.map((name) => profileLabels.get(name) ?? {}).reverse(), labels)
}
