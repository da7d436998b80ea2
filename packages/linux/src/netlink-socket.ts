import { check, LinuxError, syscallError } from './errors.ts'
import { inNetns, type Netns } from './netns.ts'
import { lastErrno, libc } from './sys.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12
const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
const EINTR = 4
const EAGAIN = 11
/** Limits, not allocations. */
const sendBufferBytes = 256 << 20
const receiveBufferBytes = 64 << 20
/** A datagram of a dump has 32 KiB at most; one object that answers a GET may be larger. */
const largestDatagram = 1 << 20

/** An AF_NETLINK socket bound to a port id of the kernel's choice. */
export interface NetlinkSocket {
  readonly fd: number
  readonly portId: number
  readonly label: string
}

/** Opens a socket with big buffers, extended acks, capped acks and strict dump requests. */
export function openSocket(
  protocol: number,
  netns: Netns | undefined,
  bufferBytes = receiveBufferBytes,
): NetlinkSocket {
  const label = `netlink socket of protocol ${protocol}`
  const { socket, bind, close } = libc()
  const fd = check(
    inNetns(netns, () => socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)),
    'socket',
    label,
  )
  try {
    check(bind(fd, kernelAddress(), 12), 'bind', label)
    setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, sendBufferBytes)
    setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, bufferBytes)
    check(setNumber(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1), 'setsockopt NETLINK_CAP_ACK', label)
    check(setNumber(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1), 'setsockopt NETLINK_EXT_ACK', label)
    check(setNumber(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1), 'setsockopt NETLINK_GET_STRICT_CHK', label)
    return { fd, portId: readPortId(fd, label), label }
  } catch (error) {
    close(fd)
    throw error
  }
}

/** @throws LinuxError */
export function joinGroups({ fd, label }: NetlinkSocket, groups: readonly number[]): void {
  for (const group of groups)
    check(setNumber(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group), `join group ${group}`, label)
}

let shared: Uint8Array<ArrayBuffer> | undefined

/** The next datagram, copied; undefined when none is queued. @throws LinuxError, `linux/overrun` when some were lost */
export function receive({ fd, label }: NetlinkSocket): Uint8Array<ArrayBuffer> | undefined {
  shared ??= new Uint8Array(largestDatagram)
  for (;;) {
    const size = libc().recv(fd, shared, shared.length, MSG_DONTWAIT | MSG_TRUNC)
    if (size > shared.length)
      throw new LinuxError('linux/bad-use', { object: label, why: `an answer of ${size} bytes is too large` })
    if (size >= 0) return shared.slice(0, size)
    const errno = lastErrno()
    if (errno === EAGAIN) return undefined
    if (errno !== EINTR) throw syscallError('recv', label, errno)
  }
}

/** sockaddr_nl with port id 0: the kernel, or for bind one of its choice. */
function kernelAddress(): Uint8Array {
  const address = new Uint8Array(12)
  new Uint16Array(address.buffer)[0] = AF_NETLINK
  return address
}

function readPortId(fd: number, label: string): number {
  const address = new Uint8Array(12)
  const size = new Uint8Array(new Uint32Array([12]).buffer)
  check(libc().getsockname(fd, address, size), 'getsockname', label)
  return new Uint32Array(address.buffer)[1] ?? 0
}

export function setNumber(fd: number, level: number, option: number, value: number): number {
  return libc().setsockopt(fd, level, option, new Uint8Array(new Int32Array([value]).buffer), 4)
}

/** Without CAP_NET_ADMIN only up to the system's limit, which is enough for reading. */
function setBuffer(fd: number, force: number, plain: number, bytes: number): void {
  if (setNumber(fd, SOL_SOCKET, force, bytes) < 0) setNumber(fd, SOL_SOCKET, plain, bytes)
}
