import { check, syscallError } from '../errors.ts'
import { enterNetns, type Netns } from '../netns.ts'
import { lastErrno, libc } from '../sys.ts'
import { readyBefore, SOCK_RAW, testSocket } from './socket.ts'

const AF_PACKET = 17
const ETH_P_ALL = 3
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const SOL_PACKET = 263
const PACKET_IGNORE_OUTGOING = 23
const SOL_SOCKET = 1
const SO_RCVBUFFORCE = 33
const EAGAIN = 11

/** A frame with its Ethernet header, and the index of the interface that it came in by. */
export interface ReceivedFrame {
  readonly interfaceIndex: number
  readonly frame: Uint8Array
}

/** Whole frames in and out of the interfaces of a namespace, past its protocol stack. */
export interface PacketSocket extends Disposable {
  /** @throws LinuxError */
  send(interfaceIndex: number, frame: Uint8Array): void
  /** The next frame that came in; undefined when there is none. */
  receive(): ReceivedFrame | undefined
  /** Whether one is there before `deadline` (of `performance.now()`). */
  ready(deadline: number): Promise<boolean>
}

/** AF_PACKET over all interfaces of `netns`. What goes out is not received. */
export function openPacketSocket(netns: Netns): PacketSocket {
  const label = `packet socket in ${netns.path}`
  const protocol = ((ETH_P_ALL & 0xff) << 8) | (ETH_P_ALL >> 8)
  const fd = check(
    enterNetns(netns, () => libc().socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, protocol)),
    'socket',
    label,
  )
  const socket = testSocket(fd, label)
  const set = (level: number, option: number, value: number): void => {
    const bytes = new Uint8Array(new Int32Array([value]).buffer)
    check(libc().setsockopt(fd, level, option, bytes, bytes.length), 'setsockopt', label)
  }
  set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
  set(SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
  const buffer = new Uint8Array(65_536)
  const from = new Uint8Array(20)
  return {
    send(interfaceIndex, frame) {
      const to = linkAddress(protocol, interfaceIndex)
      check(libc().sendto(fd, frame, frame.length, 0, to, to.length), 'sendto', label)
    },
    receive() {
      const fromSize = new Uint8Array(new Uint32Array([from.length]).buffer)
      const size = libc().recvfrom(fd, buffer, buffer.length, 0, from, fromSize)
      if (size >= 0) {
        const interfaceIndex = new Int32Array(from.buffer, 4, 1)[0] ?? 0
        return { interfaceIndex, frame: buffer.slice(0, size) }
      }
      const errno = lastErrno()
      if (errno === EAGAIN) return undefined
      throw syscallError('recvfrom', label, errno)
    },
    ready: (deadline) => readyBefore(socket, 'readable', deadline),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  }
}

/** sockaddr_ll. */
function linkAddress(protocol: number, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(20)
  new Uint16Array(bytes.buffer)[0] = AF_PACKET
  new Uint16Array(bytes.buffer)[1] = protocol
  new Int32Array(bytes.buffer)[1] = interfaceIndex
  return bytes
}
