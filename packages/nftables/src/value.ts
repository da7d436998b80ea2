import { addressFromBytes, addressToBytes, formatAddress, IpError, parseAddress } from '@tortie/ip'
import { hostIsLittleEndian } from '@tortie/netlink'
import { type DataType, dataTypes } from './data-type.ts'
import { badValue } from './errors.ts'

type Symbols = Readonly<Record<string, number>>

/** Names of values, as nft writes them. Several values may be joined by commas where `isMask`. */
const symbols: Partial<Record<DataType, Symbols>> = {
  nf_proto: { ipv4: 2, ipv6: 10 },
  inet_proto: {
    icmp: 1,
    igmp: 2,
    ipip: 4,
    tcp: 6,
    udp: 17,
    gre: 47,
    esp: 50,
    ah: 51,
    'ipv6-icmp': 58,
    sctp: 132,
    udplite: 136,
  },
  ether_type: { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd },
  arp_op: { request: 1, reply: 2 },
  ct_state: { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 },
  ct_status: { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
  ct_dir: { original: 0, reply: 1 },
  tcp_flag: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
  fib_addrtype: {
    unspec: 0,
    unicast: 1,
    local: 2,
    broadcast: 3,
    anycast: 4,
    multicast: 5,
    blackhole: 6,
    unreachable: 7,
    prohibit: 8,
  },
  pkt_type: { host: 0, broadcast: 1, multicast: 2, other: 3 },
  boolean: { missing: 0, exists: 1 },
}

const masks: ReadonlySet<DataType> = new Set<DataType>(['ct_state', 'ct_status', 'tcp_flag'])

const number = /^(?:0x[0-9a-f]+|\d+)$/i

/** Number or bytes that the text of a value means. @throws NftablesError `nftables/bad-value` */
export function parseValue(type: DataType, text: string): number | bigint | Uint8Array {
  if (type === 'ipv4_addr' || type === 'ipv6_addr') return parseIp(type, text)
  if (type === 'ether_addr') return parseMac(text)
  if (type === 'ifname') return parseName(text)
  if (number.test(text)) return BigInt(text)
  if (masks.has(type) && text.includes(',')) return text.split(',').reduce((bits, name) => bits | symbol(type, name), 0)
  return symbol(type, text)
}

function symbol(type: DataType, text: string): number {
  const found = symbols[type]?.[text.trim()]
  if (found !== undefined) return found
  const names = Object.keys(symbols[type] ?? {})
  throw badValue(
    type,
    `${JSON.stringify(text)} is no value; give a number${names.length ? ` or ${names.join(', ')}` : ''}`,
  )
}

function parseIp(type: 'ipv4_addr' | 'ipv6_addr', text: string): Uint8Array {
  try {
    const bytes = addressToBytes(parseAddress(text))
    if (bytes.length === dataTypes[type].size) return bytes
  } catch (error) {
    if (!(error instanceof IpError)) throw error
  }
  throw badValue(type, `${JSON.stringify(text)} is no such address`)
}

function parseMac(text: string): Uint8Array {
  const octets = text.split(':')
  if (octets.length !== 6 || octets.some((octet) => !/^[0-9a-f]{1,2}$/i.test(octet)))
    throw badValue('ether_addr', `${JSON.stringify(text)} is no MAC address; write six octets as 02:00:00:00:00:01`)
  return Uint8Array.from(octets, (octet) => Number.parseInt(octet, 16))
}

/** Interface name: 1 to 15 bytes. */
function parseName(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text.replace(/^"(.*)"$/, '$1'))
  if (bytes.length === 0 || bytes.length > 15)
    throw badValue('ifname', `${JSON.stringify(text)} is no interface name; give 1 to 15 bytes`)
  return bytes
}

/** The number in `bytes`, in the byte order of the type. */
export function numberOf(type: DataType, bytes: Uint8Array): bigint {
  const little = dataTypes[type].order === 'host' && hostIsLittleEndian
  let value = 0n
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[little ? bytes.length - 1 - i : i] ?? 0)
  return value
}

/** Text of a value, which nft reads back as the same. */
export function formatValue(type: DataType, bytes: Uint8Array): string {
  if ((type === 'ipv4_addr' || type === 'ipv6_addr') && bytes.length === dataTypes[type].size)
    return formatAddress(addressFromBytes(bytes))
  if (type === 'ether_addr') return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
  if (type === 'ifname') return `"${new TextDecoder().decode(bytes).replace(/\0+$/, '')}"`
  const value = numberOf(type, bytes)
  const names = Object.entries(symbols[type] ?? {})
  if (masks.has(type)) return formatMask(names, value)
  if (type === 'mark' || type === 'ether_type') return `0x${value.toString(16).padStart(type === 'mark' ? 8 : 4, '0')}`
  return names.find(([, code]) => BigInt(code) === value)?.[0] ?? String(value)
}

function formatMask(names: readonly (readonly [string, number])[], value: bigint): string {
  const set = names.filter(([, bit]) => (value & BigInt(bit)) !== 0n)
  const known = set.reduce((sum, [, bit]) => sum | BigInt(bit), 0n)
  return set.length > 0 && known === value ? set.map(([name]) => name).join(',') : `0x${value.toString(16)}`
}
