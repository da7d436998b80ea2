import { createPrefixTrie, type PrefixTrie, parsePrefix } from '@tortie/ip'
import { type InterfaceAddress, type Link, type ReadRoute, RT_TABLE_MAIN, RTPROT_KERNEL } from '@tortie/netlink'
import { effectivePriority } from '../plan/route-key.ts'
import { bare } from '../plan/view.ts'
import { hopsOf } from './shape.ts'

/**
 * The devices, addresses and routes of others in the main table, kept up to date from what the kernel announces. Routes
 * that BGP itself wrote are not in it, so no next hop can be resolved through them (spec 05 trap 26).
 */
export interface KernelView {
  readonly links: ReadonlyMap<number, Link>
  readonly byName: ReadonlyMap<string, Link>
  readonly addresses: ReadonlyMap<string, InterfaceAddress>
  readonly routes: PrefixTrie<readonly ReadRoute[]>
  /** Routes of others to exactly this prefix, lowest metric first. */
  at(prefix: string): readonly ReadRoute[]
  /** Whether an own address; canonical, without length. */
  isOwn(address: string): boolean
}

/** What changed, for those who calculate from it. */
export interface ViewChanges {
  /** A route to it came, went or changed, or its device did. */
  route(prefix: string): void
  /** Links or addresses. */
  devices(): void
}

const addressKey = ({ ifindex, address }: InterfaceAddress): string => `${ifindex} ${address}`
const none: readonly ReadRoute[] = []

export class ChangingView implements KernelView {
  links = new Map<number, Link>()
  byName = new Map<string, Link>()
  addresses = new Map<string, InterfaceAddress>()
  routes: PrefixTrie<readonly ReadRoute[]> = createPrefixTrie()
  #byPrefix = new Map<string, readonly ReadRoute[]>()
  #own = new Set<string>()
  readonly #changes: ViewChanges

  constructor(changes: ViewChanges) {
    this.#changes = changes
  }

  at(prefix: string): readonly ReadRoute[] {
    return this.#byPrefix.get(prefix) ?? none
  }

  isOwn(address: string): boolean {
    return this.#own.has(address)
  }

  putLink(link: Link): void {
    const before = this.links.get(link.index)
    if (before && before.name !== link.name) this.byName.delete(before.name)
    this.links.set(link.index, link)
    this.byName.set(link.name, link)
    if (before && before.name === link.name && before.up === link.up) return
    // The kernel drops the routes of a device that goes down, and does not say so for IPv4.
    if (before?.up && !link.up) this.#dropRoutesOf(link.index)
    else this.#touchRoutesOf(link.index)
    this.#changes.devices()
  }

  dropLink({ index, name }: Link): void {
    this.#dropRoutesOf(index)
    this.links.delete(index)
    if (this.byName.get(name)?.index === index) this.byName.delete(name)
    for (const [key, { ifindex }] of this.addresses) if (ifindex === index) this.addresses.delete(key)
    this.#recountOwn()
    this.#changes.devices()
  }

  putAddress(address: InterfaceAddress): void {
    this.addresses.set(addressKey(address), address)
    this.#own.add(bare(address.address))
    this.#changes.devices()
  }

  dropAddress(address: InterfaceAddress): void {
    this.addresses.delete(addressKey(address))
    this.#recountOwn()
    this.#changes.devices()
  }

  putRoute(route: ReadRoute): void {
    if (!isConcerned(route)) return
    const others = this.at(route.dst).filter((other) => !isSamePlace(other, route))
    const all = [...others, route].sort((a, b) => effectivePriority(a) - effectivePriority(b))
    this.#set(route.dst, all)
  }

  dropRoute(route: ReadRoute): void {
    if (!isConcerned(route)) return
    this.#set(
      route.dst,
      this.at(route.dst).filter((other) => !isSamePlace(other, route) || other.protocol !== route.protocol),
    )
  }

  /** Takes over what a dump found, and says what is different. */
  replace(links: readonly Link[], addresses: readonly InterfaceAddress[], routes: readonly ReadRoute[]): void {
    const stale = this.#byPrefix
    this.links = new Map(links.map((link) => [link.index, link]))
    this.byName = new Map(links.map((link) => [link.name, link]))
    this.addresses = new Map(addresses.map((address) => [addressKey(address), address]))
    this.#recountOwn()
    this.routes = createPrefixTrie()
    this.#byPrefix = new Map()
    for (const route of routes) this.putRoute(route)
    for (const prefix of stale.keys()) this.#changes.route(prefix)
    this.#changes.devices()
  }

  #set(prefix: string, routes: readonly ReadRoute[]): void {
    const key = parsePrefix(prefix)
    if (routes.length === 0) {
      this.routes.delete(key)
      this.#byPrefix.delete(prefix)
    } else {
      this.routes.set(key, routes)
      this.#byPrefix.set(prefix, routes)
    }
    this.#changes.route(prefix)
  }

  #dropRoutesOf(index: number): void {
    for (const [prefix, routes] of this.#byPrefix) {
      const left = routes.filter((route) => !leadsOnlyTo(route, index))
      if (left.length < routes.length) this.#set(prefix, left)
    }
  }

  #touchRoutesOf(index: number): void {
    for (const [prefix, routes] of this.#byPrefix)
      if (routes.some((route) => hopsOf(route).some(({ oif }) => oif === index))) this.#changes.route(prefix)
  }

  #recountOwn(): void {
    this.#own = new Set([...this.addresses.values()].map(({ address }) => bare(address)))
  }
}

function isConcerned({ table, type, tos = 0 }: ReadRoute): boolean {
  return table === RT_TABLE_MAIN && tos === 0 && type !== 'multicast' && type !== 'local' && type !== 'anycast'
}

/**
 * Destination and metric are one place, which the last one has: `ip route replace` is announced without a word of what it
 * replaced. Only of connected routes each device has its own.
 */
function isSamePlace(a: ReadRoute, b: ReadRoute): boolean {
  if (effectivePriority(a) !== effectivePriority(b)) return false
  return a.protocol !== RTPROT_KERNEL || b.protocol !== RTPROT_KERNEL || a.oif === b.oif
}

function leadsOnlyTo(route: ReadRoute, index: number): boolean {
  return route.type === 'unicast' && hopsOf(route).every(({ oif }) => oif === index)
}
