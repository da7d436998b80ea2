/** Message types of rtnetlink, linux/rtnetlink.h. */
export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const RTM_NEWADDR = 20
export const RTM_DELADDR = 21
export const RTM_GETADDR = 22
export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26
export const RTM_NEWNEIGH = 28
export const RTM_DELNEIGH = 29
export const RTM_GETNEIGH = 30
export const RTM_NEWRULE = 32
export const RTM_DELRULE = 33
export const RTM_GETRULE = 34

/** Multicast groups. */
export const RTNLGRP_LINK = 1
export const RTNLGRP_NEIGH = 3
export const RTNLGRP_IPV4_IFADDR = 5
export const RTNLGRP_IPV4_ROUTE = 7
export const RTNLGRP_IPV4_RULE = 8
export const RTNLGRP_IPV6_IFADDR = 9
export const RTNLGRP_IPV6_ROUTE = 11
export const RTNLGRP_IPV6_RULE = 19

export const AF_UNSPEC = 0
export const AF_INET = 2
export const AF_BRIDGE = 7
export const AF_INET6 = 10

/** net_device flags. */
export const IFF_UP = 0x1
export const IFF_RUNNING = 0x40

/** RFC 2863: the device is up and can pass packets. */
export const IF_OPER_UP = 6

/** Routing tables. */
export const RT_TABLE_MAIN = 254
export const RT_TABLE_LOCAL = 255

/** rtm_protocol: who made a route, linux/rtnetlink.h. */
export const RTPROT_KERNEL = 2
export const RTPROT_BOOT = 3
export const RTPROT_STATIC = 4
export const RTPROT_BIRD = 12

/** rtm_scope. */
export const RT_SCOPE_UNIVERSE = 0
export const RT_SCOPE_LINK = 253
export const RT_SCOPE_HOST = 254
export const RT_SCOPE_NOWHERE = 255

/** ndm_state. */
export const NUD_REACHABLE = 0x02
export const NUD_STALE = 0x04
export const NUD_FAILED = 0x20
export const NUD_NOARP = 0x40
export const NUD_PERMANENT = 0x80

/** ndm_flags. */
export const NTF_SELF = 0x02
export const NTF_MASTER = 0x04
export const NTF_PROXY = 0x08
export const NTF_EXT_LEARNED = 0x10

/** rtm_family of an address family. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6
}

/** The address family of an rtm_family; undefined for any other. */
export function familyOf(number: number): 4 | 6 | undefined {
  return number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined
}
