import type { InterfaceAddress, Link } from '@tortie/netlink'

/** The devices of the namespace at one moment. */
export interface LinkView {
  readonly byName: ReadonlyMap<string, Link>
  readonly byIndex: ReadonlyMap<number, Link>
  /** ifindex by address, without its length. */
  readonly indexOfAddress: ReadonlyMap<string, number>
  readonly addresses: readonly InterfaceAddress[]
}

export function linkView(links: readonly Link[], addresses: readonly InterfaceAddress[]): LinkView {
  return {
    byName: new Map(links.map((link) => [link.name, link])),
    byIndex: new Map(links.map((link) => [link.index, link])),
    indexOfAddress: new Map(addresses.map(({ address, ifindex }) => [bare(address), ifindex])),
    addresses,
  }
}

/** The address without its length. */
export function bare(cidr: string): string {
  const slash = cidr.indexOf('/')
  return slash < 0 ? cidr : cidr.slice(0, slash)
}

/** The interface that holds this node's address. */
export function parentOf(view: LinkView, address: string | undefined): Link | undefined {
  const index = address === undefined ? undefined : view.indexOfAddress.get(address)
  return index === undefined ? undefined : view.byIndex.get(index)
}

/** Whether what was read of these devices still holds: the kernel drops routes with their device, or its going down. */
export function sameLinks(a: LinkView, b: LinkView): boolean {
  if (a.byIndex.size !== b.byIndex.size) return false
  for (const [index, { name, up, running }] of a.byIndex) {
    const now = b.byIndex.get(index)
    if (now?.name !== name || now.up !== up || now.running !== running) return false
  }
  return true
}
