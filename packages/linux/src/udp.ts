import { encodeBpf } from './bpf.ts'
import { check, LinuxError, syscallError } from './errors.ts'
import { setNumber } from './netlink-socket.ts'
import { inNetns, type Netns } from './netns.ts'
import { AF_INET, AF_INET6, decodeEndpoint, type Endpoint, encodeEndpoint } from './sockaddr.ts'
import { lastErrno, libc, pollFd } from './sys.ts'

const SOCK_DGRAM = 2
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const SOL_SOCKET = 1
const SO_BINDTODEVICE = 25
const IPPROTO_IP = 0
const IP_TTL = 2
const IPPROTO_IPV6 = 41
const IPV6_UNICAST_HOPS = 16
const IPV6_V6ONLY = 26
const EAGAIN = 11
const EADDRINUSE = 98
/** Datagrams given out before the event loop gets a turn. */
const datagramsPerTurn = 64
const largestDatagram = 65_535

export interface UdpOptions {
  /** Decides the family; a link-local one needs `interface`. */
  readonly address: string
  /** A range: any free one of it. */
  readonly port: number | { readonly from: number; readonly to: number }
  /** Sends and receives only there (SO_BINDTODEVICE). */
  readonly interface?: string
  /** TTL or hop limit of what is sent; the system's by default. */
  readonly ttl?: number
  /** The kernel drops what arrives with less. */
  readonly minTtl?: number
}

export interface UdpSocket extends Disposable {
  readonly port: number
  /** Never waits: what does not fit the kernel's buffer is lost. @throws LinuxError e.g. without a route */
  send(bytes: Uint8Array, to: Endpoint): void
}

export interface UdpTransport {
  /**
   * @param receive is given each datagram during the call only: its bytes are used again after. Without it nothing is
   * received
   * @throws LinuxError `linux/busy` (the port is taken), `linux/missing` (no such address or interface)
   */
  open(options: UdpOptions, receive?: (bytes: Uint8Array, from: Endpoint) => void): UdpSocket
}

/** UDP sockets in a namespace. Unlike those of `node:dgram` they know the TTL; `@tortie/bgp` takes it as a `BfdTransport`. */
export function createUdp({ netns }: { readonly netns?: Netns } = {}): UdpTransport {
  return { open: (options, receive) => openUdp(netns, options, receive) }
}

function openUdp(
  netns: Netns | undefined,
  options: UdpOptions,
  receive: ((bytes: Uint8Array, from: Endpoint) => void) | undefined,
): UdpSocket {
  const v6 = options.address.includes(':')
  const label = `UDP socket at ${options.address}`
  const type = SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC
  const fd = check(
    inNetns(netns, () => libc().socket(v6 ? AF_INET6 : AF_INET, type, 0)),
    'socket',
    label,
  )
  try {
    configure(fd, v6, label, options, receive !== undefined)
    const port = bindSomewhere(fd, options, label)
    const poll = receive && pollFd(fd, 'readable', () => drain(fd, () => open, receive))
    let open = true
    return {
      port,
      send: (bytes, to) => send(fd, label, bytes, to),
      [Symbol.dispose]() {
        if (!open) return
        open = false
        poll?.close()
        libc().close(fd)
      },
    }
  } catch (error) {
    libc().close(fd)
    throw error
  }
}

/** All of it before `bind`, so that nothing arrives that should not. */
function configure(fd: number, v6: boolean, label: string, options: UdpOptions, receives: boolean): void {
  const { interface: device, ttl, minTtl } = options
  if (v6) check(setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), 'IPV6_V6ONLY', label)
  if (device !== undefined) {
    const name = new TextEncoder().encode(`${device}\0`)
    check(libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length), `SO_BINDTODEVICE ${device}`, label)
  }
  if (ttl !== undefined) {
    const [level, option] = v6 ? [IPPROTO_IPV6, IPV6_UNICAST_HOPS] : [IPPROTO_IP, IP_TTL]
    check(setNumber(fd, level, option, ttl), 'TTL', label)
  }
  const least = receives ? (minTtl ?? 0) : 256
  if (least > 0) check(libc().attachFilter(fd, dropBelow(v6, least)), 'SO_ATTACH_FILTER', label)
}

/**
 * Classic BPF: load the TTL or hop limit of the IP header; keep the datagram if it is `least` or more. IP_MINTTL would
 * not do: Linux heeds it for TCP only.
 */
function dropBelow(v6: boolean, least: number): Uint8Array {
  const networkHeader = 0xfff0_0000
  return encodeBpf([
    { code: 0x30, k: networkHeader + (v6 ? 7 : 8) },
    { code: 0x35, jf: 1, k: least },
    { code: 0x06, k: 0xffff_ffff },
    { code: 0x06, k: 0 },
  ])
}

function bindSomewhere(fd: number, { address, port }: UdpOptions, label: string): number {
  const { from, to } = typeof port === 'number' ? { from: port, to: port } : port
  const count = to - from + 1
  const first = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) {
    const candidate = from + ((first + i) % count)
    const bytes = encodeEndpoint({ address, port: candidate })
    if (libc().bind(fd, bytes, bytes.length) >= 0) return candidate
    if (lastErrno() !== EADDRINUSE) throw syscallError(`bind port ${candidate}`, label)
  }
  throw syscallError(`bind port ${from === to ? from : `${from} to ${to}`}`, label, EADDRINUSE)
}

function send(fd: number, label: string, bytes: Uint8Array, to: Endpoint): void {
  const address = encodeEndpoint(to)
  if (libc().sendto(fd, bytes, bytes.length, 0, address, address.length) >= 0) return
  const error = syscallError(`sendto ${to.address}`, label)
  if (error instanceof LinuxError && error.code === 'linux/busy') return
  throw error
}

let shared: Uint8Array<ArrayBuffer> | undefined

function drain(fd: number, isOpen: () => boolean, receive: (bytes: Uint8Array, from: Endpoint) => void): void {
  shared ??= new Uint8Array(largestDatagram)
  const address = new Uint8Array(28)
  const addressSize = new Uint8Array(new Uint32Array([28]).buffer)
  for (let count = 0; count < datagramsPerTurn && isOpen(); count++) {
    new Uint32Array(addressSize.buffer)[0] = 28
    const size = libc().recvfrom(fd, shared, shared.length, 0, address, addressSize)
    // An error that is not "nothing there" was that of an earlier datagram (ICMP); reading has cleared it.
    if (size < 0 && lastErrno() === EAGAIN) return
    if (size >= 0) receive(shared.subarray(0, size), decodeEndpoint(address))
  }
}
