import { isPrefix, type Prefix, parsePrefix } from '@tortie/ip'
import {
  type AnyResource,
  defaultAllowProfile,
  type GlobalNetworkPolicy,
  type NetworkPolicy,
  type Profile,
  type Tier,
  type WorkloadEndpoint,
} from '@tortie/model'
import { type EndpointOptions, type EndpointView, viewEndpoint } from '../resources/endpoint-view.ts'
import { namespacedName } from '../resources/ids.ts'
import { viewNetworkSet } from '../resources/network-set-view.ts'
import { readResource } from '../resources/shape.ts'
import type { NamedPort } from '../sets/holder.ts'

/** Somebody who has addresses and labels: an endpoint or a network set. */
export interface Party {
  readonly prefixes: readonly Prefix[]
  readonly ports: readonly NamedPort[]
  /** Own and inherited. */
  readonly labels: Readonly<Record<string, string>>
}

export interface StateEndpoint {
  /** As far as they can be told. */
  readonly addresses: readonly Prefix[]
  /** undefined when the resource is invalid, or its interface is another endpoint's: all its traffic is dropped. */
  readonly party: (Party & { readonly view: EndpointView }) | undefined
}

/** Resources at one moment, for questions. Immutable. */
export interface PolicyState {
  /** By `<namespace>/<name>`, of all nodes. */
  readonly endpoints: ReadonlyMap<string, StateEndpoint>
  /** Everybody whom selectors can select. */
  readonly parties: readonly Party[]
  readonly policies: readonly (NetworkPolicy | GlobalNetworkPolicy)[]
  readonly tiers: ReadonlyMap<string, Tier>
  readonly profiles: ReadonlyMap<string, Profile>
}

/**
 * A view of resources that `evaluate` can be asked about. Kinds that have no part in policy are passed over; of two
 * resources with one kind and name the later counts.
 */
export function createPolicyState(
  resources: Iterable<AnyResource>,
  { sourceSpoofing }: EndpointOptions = { sourceSpoofing: false },
): PolicyState {
  const latest = new Map<string, AnyResource>()
  for (const resource of resources) latest.set(`${resource.kind} ${namespacedName(resource.metadata)}`, resource)
  const given = [...latest.values()]
  const all = given.map(readResource).flatMap((read) => ('item' in read ? read.item : []))
  const profiles = byName(all.filter((item) => item.kind === 'Profile'))
  profiles.set(defaultAllowProfile.metadata.name, defaultAllowProfile)
  const endpoints = endpointsOf(
    given.filter((item) => item.kind === 'WorkloadEndpoint'),
    profiles,
    { sourceSpoofing },
  )
  const sets = all.filter((item) => item.kind === 'NetworkSet' || item.kind === 'GlobalNetworkSet').map(viewNetworkSet)
  return {
    endpoints: endpoints.table,
    parties: [
      ...endpoints.parties,
      ...sets.map((set) => ({
        prefixes: set.nets.map(parsePrefix),
        ports: [],
        labels: effectiveLabels(set, profiles),
      })),
    ],
    policies: all.filter((item) => item.kind === 'NetworkPolicy' || item.kind === 'GlobalNetworkPolicy'),
    tiers: byName(all.filter((item) => item.kind === 'Tier')),
    profiles,
  }
}

function byName<T extends AnyResource>(resources: readonly T[]): Map<string, T> {
  return new Map(resources.map((resource) => [resource.metadata.name, resource]))
}

function endpointsOf(
  resources: readonly WorkloadEndpoint[],
  profiles: ReadonlyMap<string, Profile>,
  options: EndpointOptions,
): { readonly table: ReadonlyMap<string, StateEndpoint>; readonly parties: readonly Party[] } {
  const table = new Map<string, StateEndpoint>()
  const parties: Party[] = []
  const owners = new Set<string>()
  const inOrder = resources
    .map((resource) => [namespacedName(resource.metadata), resource] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [id, resource] of inOrder) {
    const read = readResource(resource)
    const viewed = 'item' in read ? viewEndpoint(read.item, options) : read
    if ('problem' in viewed) {
      table.set(id, { addresses: readablePrefixes(resource.spec.ipNetworks), party: undefined })
      continue
    }
    const { view } = viewed
    const addresses = view.addresses.map(parsePrefix)
    const party = { prefixes: addresses, ports: view.ports, labels: effectiveLabels(view, profiles), view }
    parties.push(party)
    const owned = `${resource.spec.node} ${view.interface}`
    table.set(id, { addresses, party: owners.has(owned) ? undefined : party })
    owners.add(owned)
  }
  return { table, parties }
}

function readablePrefixes(texts: unknown): readonly Prefix[] {
  return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string' && isPrefix(text)).map(parsePrefix) : []
}

/** Own labels win, then those of the first profile that has one (spec 02 §1.3). */
function effectiveLabels(
  own: { readonly labels: Readonly<Record<string, string>>; readonly profiles: readonly string[] },
  profiles: ReadonlyMap<string, Profile>,
): Readonly<Record<string, string>> {
  const inherited = own.profiles.map((name) => profiles.get(name)?.spec.labelsToApply ?? {})
  return Object.assign({}, ...inherited.reverse(), own.labels)
}
