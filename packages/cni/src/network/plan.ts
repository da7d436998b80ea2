import { type Request, RT_SCOPE_LINK } from '@tortie/netlink'
import { isV6 } from '../protocol/result.ts'
import type { PodLink } from './pod-network.ts'

/** MAC of every host side. Set when the link is made, so that no manager of names and addresses sees another one. */
export const hostMac = 'ee:ee:ee:ee:ee:ee'
/**
 * What the container sends to; nobody has it. The host's side answers for it by proxy ARP, but only while the host has a
 * route that leads elsewhere: so that a host without a default route works too, the container knows the MAC already.
 */
export const gatewayV4 = '169.254.1.1'
/** Link-local address of the host's side, as it follows from `hostMac`. */
export const gatewayV6 = 'fe80::ecee:eeff:feee:eeee'
export const gatewayAddress = `${gatewayV6}/64`

/** One kernel setting below /proc/sys. `optional`: a kernel without it will do. */
export interface Setting {
  readonly key: string
  readonly value: '0' | '1'
  readonly optional?: boolean
}

interface Families {
  readonly v4: boolean
  readonly v6: boolean
}

type Row = readonly [key: string, value: '0' | '1', when: keyof Families | 'always', optional?: 'optional']

/** Spec 04 §9 step 6. */
const hostRows: readonly Row[] = [
  ['ipv4/conf/%/route_localnet', '1', 'v4'],
  ['ipv4/neigh/%/proxy_delay', '0', 'v4', 'optional'],
  ['ipv4/conf/%/proxy_arp', '1', 'v4'],
  ['ipv4/conf/%/forwarding', '1', 'v4'],
  ['ipv6/conf/%/accept_dad', '0', 'v6'],
  ['ipv6/conf/%/disable_ipv6', '0', 'v6'],
  ['ipv6/conf/%/proxy_ndp', '1', 'v6'],
  ['ipv6/conf/%/forwarding', '1', 'v6'],
  ['ipv6/conf/%/accept_ra', '0', 'always', 'optional'],
]

/** Steps 5 and 11: before the link is up, else its IPv6 addresses would wait for duplicates for a second. */
const podRows: readonly Row[] = [
  ['ipv6/conf/all/disable_ipv6', '0', 'v6'],
  ['ipv6/conf/default/disable_ipv6', '0', 'v6'],
  ['ipv6/conf/lo/disable_ipv6', '0', 'v6'],
  ['ipv6/conf/%/accept_dad', '0', 'v6'],
]

export function hostSettings({ hostInterface, addresses }: PodLink): readonly Setting[] {
  return settings(hostRows, hostInterface, addresses)
}

/** Step 15 too: forwarding is always written, so that a container cannot inherit it. */
export function podSettings({ ifname, addresses, allowIpForwarding }: PodLink): readonly Setting[] {
  const forwarding = allowIpForwarding ? '1' : '0'
  const rows: readonly Row[] = [
    ...podRows,
    ['ipv4/ip_forward', forwarding, 'v4'],
    ['ipv6/conf/all/forwarding', forwarding, 'v6'],
  ]
  return settings(rows, ifname, addresses)
}

function settings(rows: readonly Row[], link: string, addresses: readonly string[]): readonly Setting[] {
  const has = { v4: addresses.some((address) => !isV6(address)), v6: addresses.some(isV6), always: true }
  return rows
    .filter(([, , when]) => has[when])
    .map(([key, value, , optional]) => ({
      key: `net/${key.replace('%', link)}`,
      value,
      ...(optional && { optional: true }),
    }))
}

/** The pair: the container's end is born in its namespace, under its name. Both down, until the settings are made. */
export function createPair({ hostInterface, ifname, mtu, queues }: PodLink, netnsFd: number): Request {
  const size = mtu > 0 ? { mtu } : {}
  const parallel = queues > 1 ? { txQueues: queues, rxQueues: queues } : {}
  return {
    kind: 'link',
    verb: 'add',
    link: {
      kind: 'veth',
      name: hostInterface,
      mac: hostMac,
      ...size,
      ...parallel,
      peer: { name: ifname, netnsFd, ...size, ...parallel },
    },
  }
}

/** The host's side up. Its link-local address is given and not awaited: the kernel makes it late, or not at all. */
export function raiseHost(ifindex: number, { addresses }: PodLink): readonly Request[] {
  const link = { index: ifindex }
  const up: Request = { kind: 'link', verb: 'change', change: { link, up: true } }
  if (!addresses.some(isV6)) return [up]
  const address = { ifindex, address: gatewayAddress, scope: RT_SCOPE_LINK }
  return [
    { kind: 'link', verb: 'change', change: { link, addrGenMode: 'none' } },
    up,
    { kind: 'address', verb: 'replace', address },
  ]
}

/** The container's side: up, gateway, routes, addresses. Steps 7, 9, 10, 13, 14. */
export function raisePod(ifindex: number, { addresses, routes }: PodLink): readonly Request[] {
  const onLink = { dst: `${gatewayV4}/32`, oif: ifindex, scope: RT_SCOPE_LINK }
  return [
    { kind: 'link', verb: 'change', change: { link: { index: ifindex }, up: true } },
    ...addresses.map((address): Request => {
      return { kind: 'address', verb: 'add', address: { ifindex, address } }
    }),
    ...(routes.every(isV6)
      ? []
      : ([
          { kind: 'neighbour', verb: 'replace', neighbour: { ifindex, dst: gatewayV4, mac: hostMac } },
          { kind: 'route', verb: 'add', route: onLink },
        ] as const)),
    ...routes.map((dst): Request => {
      return { kind: 'route', verb: 'add', route: { dst, oif: ifindex, gateway: isV6(dst) ? gatewayV6 : gatewayV4 } }
    }),
  ]
}

/** Step 16: what the host needs to reach the container. */
export function hostRoutes(ifindex: number, { addresses }: PodLink): readonly Request[] {
  return addresses.map((dst) => ({
    kind: 'route',
    verb: 'add',
    route: { dst, oif: ifindex, ...(!isV6(dst) && { scope: RT_SCOPE_LINK }) },
  }))
}
