import type { Announcement, NetlinkMonitor } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { encodeBpf } from './bpf.ts'
import { check, LinuxError } from './errors.ts'
import { joinGroups, type NetlinkSocket, openSocket, receive } from './netlink-socket.ts'
import type { NetlinkOptions } from './open-netlink.ts'
import { whenReady } from './poll.ts'
import { libc } from './sys.ts'

/** Announcements handed out before the event loop gets a turn. */
const announcementsPerTurn = 64

export interface MonitorOptions extends NetlinkOptions {
  /** What the kernel queues for a slow reader before it drops; 64 MiB by default. */
  readonly bufferBytes?: number
  /** `portId` of a socket: what was done at its request is not announced, and takes no room in the buffer. */
  readonly except?: number
}

/**
 * A monitor whose subscriptions each have a socket of their own, opened when they are made: what changes after the call
 * is announced, so that a dump made next misses nothing. The kernel's buffer is the queue; when the reader is too slow
 * for it, `overrun` says so.
 */
export function createMonitor(options: MonitorOptions): NetlinkMonitor {
  return (groups, call) => {
    call.signal.throwIfAborted()
    const socket = openSocket(options.protocol, options.netns, options.bufferBytes)
    let open = true
    const close = (): void => {
      if (open) libc().close(socket.fd)
      open = false
    }
    try {
      if (options.except !== undefined)
        check(libc().attachFilter(socket.fd, dropPortId(options.except)), 'SO_ATTACH_FILTER', socket.label)
      joinGroups(socket, groups)
    } catch (error) {
      close()
      throw error
    }
    let started = false
    // A subscription that nobody ever reads ends here; one that is read closes the socket after its watch.
    call.signal.addEventListener('abort', () => started || close(), { once: true })
    return announcements(socket, call, () => (started = true), close)
  }
}

/**
 * Classic BPF: drops datagrams whose first message has this nlmsg_pid. Every announcement is a datagram of its own.
 * PERF: a writer of 100,000 routes would else read as many announcements of its own (bench/bgp-kernel.bench.ts).
 */
function dropPortId(portId: number): Uint8Array {
  const pid = new DataView(new Uint32Array([portId]).buffer)
  return encodeBpf([
    { code: 0x20, k: 12 }, // BPF_LD | BPF_W | BPF_ABS: read as big-endian
    { code: 0x15, jf: 1, k: pid.getUint32(0) }, // BPF_JMP | BPF_JEQ | BPF_K
    { code: 0x06, k: 0 }, // BPF_RET: drop
    { code: 0x06, k: 0xffff_ffff }, // BPF_RET: keep
  ])
}

async function* announcements(
  socket: NetlinkSocket,
  call: Call,
  begin: () => void,
  close: () => void,
): AsyncGenerator<Announcement> {
  begin()
  try {
    for (let count = 1; ; count++) {
      call.signal.throwIfAborted()
      const next = take(socket)
      if (next) yield next
      else await whenReady(socket.fd, 'readable', call)
      if (count % announcementsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    close()
  }
}

function take(socket: NetlinkSocket): Announcement | undefined {
  try {
    const bytes = receive(socket)
    return bytes && { kind: 'datagram', bytes }
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'linux/overrun') return { kind: 'overrun' }
    throw error
  }
}
