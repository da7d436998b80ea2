import type { NetlinkTransport } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { check, LinuxError, syscallError } from './errors.ts'
import { type NetlinkSocket, openSocket, receive } from './netlink-socket.ts'
import type { Netns } from './netns.ts'
import { libc } from './sys.ts'

/** Datagrams read before the event loop gets a turn: about 1 MB of a dump, some milliseconds. */
const datagramsPerTurn = 32

export interface NetlinkOptions {
  /** NETLINK_ROUTE (0), NETLINK_NETFILTER (12), … */
  readonly protocol: number
  /** Where the socket is opened, and stays; without it, the namespace of the process. */
  readonly netns?: Netns
}

/**
 * One netlink socket. The kernel works inside `send`, so every answer is queued when that returns: they are drained
 * without ever blocking, and no request can wait for an answer that does not come.
 * @throws LinuxError `linux/failed` (protocol unknown to the kernel)
 */
export function openNetlink({ protocol, netns }: NetlinkOptions): NetlinkTransport {
  const socket = openSocket(protocol, netns)
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let state: 'open' | 'closed' = 'open'
  const assertOpen = (): void => {
    if (state === 'closed') throw new LinuxError('linux/bad-use', { object: socket.label, why: 'it is closed' })
  }

  const onThread = async (request: Uint8Array, { signal }: Call): Promise<Uint8Array[]> => {
    signal.throwIfAborted()
    assertOpen()
    const [sent, errno] = await libc().sendOnThread(socket.fd, request, request.length, 0)
    const answers = await drainInTurns(socket)
    if (sent < 0) throw syscallError('send', socket.label, errno)
    signal.throwIfAborted()
    return answers
  }

  return {
    portId: socket.portId,
    exchangeSync(request) {
      assertOpen()
      if (waiting > 0)
        throw new LinuxError('linux/bad-use', {
          object: socket.label,
          why: 'an asynchronous request is under way on it',
        })
      const sent = libc().send(socket.fd, request, request.length, 0)
      const failure = sent < 0 ? syscallError('send', socket.label) : undefined
      const answers = drain(socket)
      if (failure) throw failure
      return answers
    },
    exchange(request, call) {
      waiting++
      const work = turn.then(() => onThread(request, call)).finally(() => waiting--)
      turn = work.catch(() => undefined)
      return work
    },
    [Symbol.dispose]() {
      if (state === 'closed') return
      state = 'closed'
      // A request under way on a thread still has the descriptor.
      if (waiting === 0) check(libc().close(socket.fd), 'close', socket.label)
      else void turn.then(() => libc().close(socket.fd))
    },
  }
}

/** Everything queued. */
function drain(socket: NetlinkSocket): Uint8Array[] {
  const drained = new Drained(socket)
  drained.take(Number.POSITIVE_INFINITY)
  return drained.answers()
}

async function drainInTurns(socket: NetlinkSocket): Promise<Uint8Array[]> {
  const drained = new Drained(socket)
  while (!drained.take(datagramsPerTurn)) await new Promise((resolve) => setImmediate(resolve))
  return drained.answers()
}

/** The answers of one request. After a lost one the rest is drained all the same: none may be left for the next request. */
class Drained {
  private readonly datagrams: Uint8Array[] = []
  private failure: unknown
  private readonly socket: NetlinkSocket

  constructor(socket: NetlinkSocket) {
    this.socket = socket
  }

  /** Takes at most `count` datagrams; whether that was all. */
  take(count: number): boolean {
    for (let taken = 0; taken < count; taken++) {
      try {
        const datagram = receive(this.socket)
        if (!datagram) return true
        this.datagrams.push(datagram)
      } catch (error) {
        if (!(error instanceof LinuxError) || error.code !== 'linux/overrun') throw error
        this.failure ??= error
      }
    }
    return false
  }

  answers(): Uint8Array[] {
    if (this.failure) throw this.failure
    return this.datagrams
  }
}
