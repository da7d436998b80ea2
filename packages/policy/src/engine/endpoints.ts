import type { EndpointId, EndpointProgram, PolicyId, TierProgram } from '@tortie/dataplane'
import type { Tier } from '@tortie/model'
import type { EndpointView } from '../resources/endpoint-view.ts'
import { profileId } from '../resources/ids.ts'
import { comparePlaces, compareTiers, type Governs, tierPlace } from './order.ts'
import type { PolicyRecord } from './policies.ts'

/** Endpoints of this node. Two with one interface cannot both be enforced: the smaller id has it (spec 02 §7, trap 21). */
export class LocalEndpoints {
  readonly #views = new Map<EndpointId, EndpointView>()
  readonly #byInterface = new Map<string, Set<EndpointId>>()
  readonly #changed: (id: EndpointId) => void

  constructor(changed: (id: EndpointId) => void) {
    this.#changed = changed
  }

  get size(): number {
    return this.#views.size
  }

  ids(): Iterable<EndpointId> {
    return this.#views.keys()
  }

  get(id: EndpointId): EndpointView | undefined {
    return this.#views.get(id)
  }

  put(id: EndpointId, view: EndpointView): void {
    const before = this.#views.get(id)
    this.#views.set(id, view)
    this.#changed(id)
    if (before?.interface === view.interface) return
    if (before) this.#leave(before.interface, id)
    const others = this.#byInterface.get(view.interface)
    if (others === undefined) this.#byInterface.set(view.interface, new Set([id]))
    else {
      for (const other of others) this.#changed(other)
      others.add(id)
    }
  }

  delete(id: EndpointId): void {
    const view = this.#views.get(id)
    if (view === undefined) return
    this.#views.delete(id)
    this.#changed(id)
    this.#leave(view.interface, id)
  }

  /** The endpoint that has the interface instead, if any. */
  shadowedBy(id: EndpointId): EndpointId | undefined {
    const ids = this.#byInterface.get(this.#views.get(id)?.interface ?? '') ?? []
    let smallest = id
    for (const other of ids) if (other < smallest) smallest = other
    return smallest === id ? undefined : smallest
  }

  #leave(name: string, id: EndpointId): void {
    const ids = this.#byInterface.get(name)
    ids?.delete(id)
    for (const other of ids ?? []) this.#changed(other)
    if (ids?.size === 0) this.#byInterface.delete(name)
  }
}

/** What is enforced at one endpoint, given the policies that select it (spec 02 §2.1–2.3). */
export function endpointProgram(
  view: EndpointView,
  selecting: Iterable<PolicyRecord>,
  tiers: ReadonlyMap<string, Tier>,
): EndpointProgram {
  const policies = [...selecting].sort((a, b) => comparePlaces(a.place, b.place))
  const names = new Set(policies.map(({ place }) => place.tier))
  const places = [...names].map((name) => tierPlace(name, tiers.get(name))).sort(compareTiers)
  const direction = (which: keyof Governs): readonly TierProgram[] =>
    places
      .map(({ name, defaultAction }) => ({
        name,
        policies: policies.filter(({ place, governs }) => place.tier === name && governs[which]).map(({ id }) => id),
        defaultAction,
      }))
      .filter((tier) => tier.policies.length > 0)
  return {
    kind: 'workload',
    interface: view.interface,
    active: true,
    ...(view.mac !== undefined && { mac: view.mac }),
    addresses: view.addresses,
    spoofablePrefixes: view.spoofablePrefixes,
    ingress: direction('ingress'),
    egress: direction('egress'),
    profiles: view.profiles.map(profileId),
  }
}

/** Policies and profiles that the program names. */
export function referencesOf(program: EndpointProgram | undefined): ReadonlySet<PolicyId> {
  if (program === undefined) return new Set()
  const tiers = [...program.ingress, ...program.egress]
  return new Set([...tiers.flatMap(({ policies }) => policies), ...program.profiles])
}
