/** `host` or `network` byte order; text is a string of bytes padded with zeros. */
export type ByteOrder = 'host' | 'network' | 'text'

export interface DataTypeRow {
  /** Number that nft keeps in NFTA_SET_KEY_TYPE; the kernel does not look at it. */
  readonly id: number
  /** Bytes; a concatenation pads each to a multiple of 4. */
  readonly size: number
  readonly order: ByteOrder
}

const row = (id: number, size: number, order: ByteOrder = 'network'): DataTypeRow => ({ id, size, order })

/** nft's types of set keys and values (nftables `include/datatype.h`), by nft's names. */
export const dataTypes = {
  nf_proto: row(2, 1),
  ipv4_addr: row(7, 4),
  ipv6_addr: row(8, 16),
  ether_addr: row(9, 6),
  ether_type: row(10, 2),
  arp_op: row(11, 2),
  inet_proto: row(12, 1),
  inet_service: row(13, 2),
  icmp_type: row(14, 1),
  tcp_flag: row(15, 1),
  mark: row(19, 4, 'host'),
  iface_index: row(20, 4, 'host'),
  iface_type: row(21, 2, 'host'),
  realm: row(22, 4, 'host'),
  uid: row(24, 4, 'host'),
  gid: row(25, 4, 'host'),
  ct_state: row(26, 4, 'host'),
  ct_dir: row(27, 1),
  ct_status: row(28, 4, 'host'),
  icmpv6_type: row(29, 1),
  pkt_type: row(31, 1),
  icmp_code: row(32, 1),
  icmpv6_code: row(33, 1),
  icmpx_code: row(34, 1),
  devgroup: row(35, 4, 'host'),
  dscp: row(36, 1),
  ecn: row(37, 1),
  fib_addrtype: row(38, 4, 'host'),
  /** As `fib … present` has it; others have one byte. */
  boolean: row(39, 4, 'host'),
  ifname: row(41, 16, 'text'),
} as const satisfies Record<string, DataTypeRow>

export type DataType = keyof typeof dataTypes

/** One type, or the fields of a concatenation. */
export type KeyType = readonly DataType[]

/** Constant of a data type: number, text as nft writes it (`10.0.0.1`, `tcp`, `eth0`, `established`), or its bytes. */
export type Value = number | bigint | string | Uint8Array
