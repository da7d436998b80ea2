import { NFPROTO_ARP, NFPROTO_BRIDGE, NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_NETDEV } from '@tortie/netlink'

export const families = {
  inet: NFPROTO_INET,
  ip: NFPROTO_IPV4,
  ip6: NFPROTO_IPV6,
  arp: NFPROTO_ARP,
  bridge: NFPROTO_BRIDGE,
  netdev: NFPROTO_NETDEV,
} as const

export type Family = keyof typeof families

const byNumber = new Map<number, Family>((Object.keys(families) as Family[]).map((name) => [families[name], name]))

/** undefined for a number that is no family of tables. */
export function familyOf(number: number): Family | undefined {
  return byNumber.get(number)
}
