import type { MessageWriter } from './writer.ts'

/** Protocol numbers of AF_NETLINK sockets. */
export const NETLINK_ROUTE = 0
export const NETLINK_NETFILTER = 12
export const NETLINK_GENERIC = 16

/** Families as nfnetlink has them in `nfgenmsg.nfgen_family`. */
export const NFPROTO_UNSPEC = 0
export const NFPROTO_INET = 1
export const NFPROTO_IPV4 = 2
export const NFPROTO_ARP = 3
export const NFPROTO_NETDEV = 5
export const NFPROTO_BRIDGE = 7
export const NFPROTO_IPV6 = 10

/** nfgenmsg: family u8, version u8, resource id u16 big-endian. */
export const nfgenmsgSize = 4

export const NFNL_MSG_BATCH_BEGIN = 0x10
export const NFNL_MSG_BATCH_END = 0x11
/** Attribute of BATCH_BEGIN: the generation that the batch was made for, u32 big-endian. */
export const NFNL_BATCH_GENID = 1

export const NFNL_SUBSYS_CTNETLINK = 1
export const NFNL_SUBSYS_IPSET = 6
export const NFNL_SUBSYS_NFTABLES = 10

/** nlmsg_type of a message of one netfilter subsystem. */
export function nfnetlinkType(subsystem: number, message: number): number {
  return (subsystem << 8) | message
}

/** Begins a message and writes its nfgenmsg. */
export function beginNfnetlink(
  writer: MessageWriter,
  type: number,
  flags: number,
  seq: number,
  { family = NFPROTO_UNSPEC, version = 0, resource = 0 } = {},
): MessageWriter {
  return writer.begin(type, flags, seq).u8(family).u8(version).u16Be(resource)
}
