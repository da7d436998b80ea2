/** Non-blocking sockets in any network namespace, from one process: what the probes are made of. */
import { parseAddress } from '@tortie/ip'
import { check, syscallError } from '../errors.ts'
import { setNumber } from '../netlink-socket.ts'
import { inNetns, type Netns } from '../netns.ts'
import { AF_INET, AF_INET6, decodeEndpoint, type Endpoint, encodeEndpoint } from '../sockaddr.ts'
import { lastErrno, libc, pollFd } from '../sys.ts'

export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_ERROR = 4
const SO_LINGER = 13
const SO_MARK = 36
const IPPROTO_IP = 0
const IP_TRANSPARENT = 19
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_TRANSPARENT = 75
const EAGAIN = 11
const EINPROGRESS = 115

/** A socket that is closed when disposed. */
export interface TestSocket extends Disposable {
  readonly fd: number
  readonly label: string
}

export interface SocketOptions {
  readonly netns: Netns | undefined
  readonly type: number
  readonly protocol?: number
  /** Decides the family. */
  readonly peer: string
  /** Source address and port; with `spoof` one that the namespace does not have. */
  readonly from?: Partial<Endpoint>
  readonly spoof?: boolean
  /** SO_MARK. */
  readonly mark?: number
}

export function openTestSocket(options: SocketOptions): TestSocket {
  const v6 = parseAddress(options.peer).family === 6
  const label = `socket for ${options.peer}`
  const { socket, bind, close } = libc()
  const type = options.type | SOCK_NONBLOCK_CLOEXEC
  const fd = check(
    inNetns(options.netns, () => socket(v6 ? AF_INET6 : AF_INET, type, options.protocol ?? 0)),
    'socket',
    label,
  )
  try {
    check(setNumber(fd, SOL_SOCKET, SO_REUSEADDR, 1), 'SO_REUSEADDR', label)
    if (v6 && options.type !== SOCK_RAW) check(setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), 'IPV6_V6ONLY', label)
    if (options.mark !== undefined) check(setNumber(fd, SOL_SOCKET, SO_MARK, options.mark), 'SO_MARK', label)
    if (options.spoof) {
      const [level, option] = v6 ? [IPPROTO_IPV6, IPV6_TRANSPARENT] : [IPPROTO_IP, IP_TRANSPARENT]
      check(setNumber(fd, level, option, 1), 'IP_TRANSPARENT', label)
    }
    if (options.from) {
      const { address = v6 ? '::' : '0.0.0.0', port = 0 } = options.from
      const bytes = encodeEndpoint({ address, port })
      check(bind(fd, bytes, bytes.length), `bind ${address} port ${port}`, label)
    }
  } catch (error) {
    close(fd)
    throw error
  }
  return testSocket(fd, label)
}

export function testSocket(fd: number, label: string): TestSocket {
  let open = true
  return {
    fd,
    label,
    [Symbol.dispose]() {
      if (open) libc().close(fd)
      open = false
    },
  }
}

/** Closing then resets the connection, so that no TIME_WAIT keeps the port. */
export function resetOnClose({ fd, label }: TestSocket): void {
  const linger = new Uint8Array(new Int32Array([1, 0]).buffer)
  check(libc().setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 8), 'SO_LINGER', label)
}

/** Starts to connect; errno when it fails at once. */
export function connectSocket({ fd }: TestSocket, to: Endpoint): number {
  const bytes = encodeEndpoint(to)
  if (libc().connect(fd, bytes, bytes.length) >= 0) return 0
  const errno = lastErrno()
  return errno === EINPROGRESS ? 0 : errno
}

/** SO_ERROR, which reading clears. */
export function pendingError({ fd, label }: TestSocket): number {
  const value = new Uint8Array(4)
  const size = new Uint8Array(new Uint32Array([4]).buffer)
  check(libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, value, size), 'SO_ERROR', label)
  return new Int32Array(value.buffer)[0] ?? 0
}

export type Received =
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly from: Endpoint }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'error'; readonly errno: number }

export function receiveFrom({ fd }: TestSocket): Received {
  const buffer = new Uint8Array(2048)
  const address = new Uint8Array(28)
  const addressSize = new Uint8Array(new Uint32Array([28]).buffer)
  const size = libc().recvfrom(fd, buffer, buffer.length, 0, address, addressSize)
  if (size >= 0) return { kind: 'data', bytes: buffer.subarray(0, size), from: decodeEndpoint(address) }
  const errno = lastErrno()
  return errno === EAGAIN ? { kind: 'nothing' } : { kind: 'error', errno }
}

/** errno, 0 when sent. */
export function sendBytes({ fd }: TestSocket, bytes: Uint8Array, to?: Endpoint): number {
  const MSG_NOSIGNAL = 0x4000
  const address = to && encodeEndpoint(to)
  const sent = address
    ? libc().sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length)
    : libc().send(fd, bytes, bytes.length, MSG_NOSIGNAL)
  return sent < 0 ? lastErrno() : 0
}

/** The next connection of a listening socket; undefined when there is none. */
export function acceptSocket({ fd, label }: TestSocket): { socket: TestSocket; from: Endpoint } | undefined {
  const address = new Uint8Array(28)
  const size = new Uint8Array(new Uint32Array([28]).buffer)
  const accepted = libc().accept4(fd, address, size, SOCK_NONBLOCK_CLOEXEC)
  if (accepted >= 0) return { socket: testSocket(accepted, label), from: decodeEndpoint(address) }
  if (lastErrno() === EAGAIN) return undefined
  throw syscallError('accept4', label)
}

/** Whether the socket became ready before `deadline` (of `performance.now()`). */
export async function readyBefore(
  { fd }: TestSocket,
  wanted: 'readable' | 'writable',
  deadline: number,
): Promise<boolean> {
  const remaining = deadline - performance.now()
  if (remaining <= 0) return false
  return new Promise((resolve) => {
    const end = (ready: boolean): void => {
      clearTimeout(timer)
      handle.close()
      resolve(ready)
    }
    const timer = setTimeout(() => end(false), remaining)
    const handle = pollFd(fd, wanted, () => end(true))
  })
}
