/** Layout of `struct nlmsghdr` and `struct nlattr`, and their flags: linux/netlink.h. */

/** nlmsghdr: length u32, type u16, flags u16, seq u32, port id u32. */
export const headerSize = 16
/** nlattr: length u16 (of header and value, without padding), type u16. */
export const attributeHeaderSize = 4

/** Netlink is in the byte order of the host; every field of a protocol that is big-endian says so. */
export const hostIsLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

export const NLMSG_NOOP = 1
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const NLMSG_OVERRUN = 4

export const NLM_F_REQUEST = 0x1
export const NLM_F_MULTI = 0x2
export const NLM_F_ACK = 0x4
export const NLM_F_ECHO = 0x8
/** Set by the kernel on the messages of a dump during which the dumped table changed. */
export const NLM_F_DUMP_INTR = 0x10
/** GET: the whole table, and all that match. */
export const NLM_F_ROOT = 0x100
export const NLM_F_MATCH = 0x200
export const NLM_F_DUMP = 0x300
/** NEW: replace what is there; fail when it is there; create it when missing; add at the end. */
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800
/** Answers: the request was not echoed back; extended attributes follow. */
export const NLM_F_CAPPED = 0x100
export const NLM_F_ACK_TLVS = 0x200

/** Attribute type flags. */
export const NLA_F_NESTED = 0x8000
export const NLA_F_NET_BYTEORDER = 0x4000
export const NLA_TYPE_MASK = 0x3fff

/** Rounds up to the netlink alignment of 4 bytes. */
export function align(size: number): number {
  return (size + 3) & ~3
}
