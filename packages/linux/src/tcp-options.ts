import { parseAddress, parsePrefix, width } from '@tortie/ip'
import { check, LinuxError } from './errors.ts'
import { setNumber } from './netlink-socket.ts'
import { inNetns, type Netns } from './netns.ts'
import { AF_INET, AF_INET6, encodeEndpoint } from './sockaddr.ts'
import { libc } from './sys.ts'

const SOCK_STREAM = 1
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = [SOL_SOCKET, 2] as const
const SO_BINDTODEVICE = 25
const IPPROTO_TCP = 6
const TCP_NODELAY = [IPPROTO_TCP, 1] as const
const TCP_MD5SIG = 14
const TCP_SAVE_SYN = [IPPROTO_TCP, 27] as const
const TCP_SAVED_SYN = 28
const TCP_MD5SIG_EXT = 32
const TCP_MD5SIG_FLAG_PREFIX = 1
const IPV6_V6ONLY = [41, 26] as const
/** By family: level and name. */
const ttlOption = { 4: [0, 2], 6: [41, 16] } as const
const minTtlOption = { 4: [0, 21], 6: [41, 73] } as const
const tosOption = { 4: [0, 1], 6: [41, 67] } as const
/** Internetwork control: what routers give their own protocols (RFC 4594 §3.1). */
const internetworkControl = 0xc0
const longestKey = 80

export type TcpFamily = 4 | 6

/** The address without its zone, the zone, and the family. */
export function splitZone(address: string): {
  readonly bare: string
  readonly zone?: string
  readonly family: TcpFamily
} {
  const [bare = '', zone] = address.split('%')
  return { bare, family: parseAddress(bare).family, ...(zone !== undefined && { zone }) }
}

/** A TCP socket of the namespace, not connected, that does not block. @throws LinuxError */
export function openTcpSocket(netns: Netns | undefined, family: TcpFamily, label: string): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC
  const fd = check(
    inNetns(netns, () => libc().socket(family === 4 ? AF_INET : AF_INET6, type, 0)),
    'socket',
    label,
  )
  try {
    setOption(fd, SO_REUSEADDR, 1, label)
    setOption(fd, TCP_NODELAY, 1, label)
    setOption(fd, tosOption[family], internetworkControl, label)
    // IPv4 has sockets of its own: TCP-MD5 keys would need mapped addresses else.
    if (family === 6) setOption(fd, IPV6_V6ONLY, 1, label)
    return fd
  } catch (error) {
    libc().close(fd)
    throw error
  }
}

export function setTtl(fd: number, family: TcpFamily, ttl: number, label: string): void {
  setOption(fd, ttlOption[family], ttl, label)
}

/** What arrives with a lower TTL or hop limit is dropped (RFC 5082); 0 drops nothing. */
export function setMinTtl(fd: number, family: TcpFamily, ttl: number, label: string): void {
  setOption(fd, minTtlOption[family], ttl, label)
}

/** A listener whose accepted connections know the headers of their SYN. */
export function saveSyn(fd: number, label: string): void {
  setOption(fd, TCP_SAVE_SYN, 1, label)
}

/** TTL or hop limit that the SYN of an accepted connection came with; the kernel tells it once. */
export function savedSynTtl(fd: number): number | undefined {
  const headers = new Uint8Array(256)
  const size = new Uint8Array(new Uint32Array([headers.length]).buffer)
  if (libc().getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers, size) < 0) return undefined
  if (new Uint32Array(size.buffer)[0] === 0) return undefined
  return (headers[0] ?? 0) >> 4 === 4 ? headers[8] : headers[7]
}

export function bindToDevice(fd: number, device: string, label: string): void {
  const name = new TextEncoder().encode(`${device}\0`)
  check(libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length), `SO_BINDTODEVICE ${device}`, label)
}

export function bindTcp(fd: number, address: string, port: number, label: string): void {
  const bytes = encodeEndpoint({ address, port })
  check(libc().bind(fd, bytes, bytes.length), `bind ${address} port ${port}`, label)
}

/**
 * TCP-MD5 (RFC 2385) with whoever is at `peer`: an address, or a prefix. An empty key removes it.
 * @throws LinuxError `linux/bad-use` for a key over 80 octets
 */
export function setMd5Key(fd: number, peer: string, key: string, label: string): void {
  const bytes = new TextEncoder().encode(key)
  if (bytes.length > longestKey)
    throw new LinuxError('linux/bad-use', {
      object: label,
      why: `a TCP-MD5 key has 80 octets at most, not ${bytes.length}`,
    })
  const prefix = peer.includes('/') ? parsePrefix(peer) : undefined
  const address = peer.split('/')[0] ?? ''
  const whole = prefix === undefined || prefix.length === width(prefix.family)
  // struct tcp_md5sig: address, flags at 128, prefix length at 129, key length at 130, key at 136.
  const option = new Uint8Array(216)
  option.set(encodeEndpoint({ address: splitZone(address).bare, port: 0 }))
  if (!whole) {
    option[128] = TCP_MD5SIG_FLAG_PREFIX
    option[129] = prefix.length
  }
  new Uint16Array(option.buffer)[65] = bytes.length
  option.set(bytes, 136)
  const name = whole ? TCP_MD5SIG : TCP_MD5SIG_EXT
  check(libc().setsockopt(fd, IPPROTO_TCP, name, option, option.length), `TCP_MD5SIG for ${peer}`, label)
}

function setOption(fd: number, [level, option]: readonly [number, number], value: number, label: string): void {
  check(setNumber(fd, level, option, value), `setsockopt ${level}/${option}`, label)
}
