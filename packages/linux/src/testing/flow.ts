import { LinuxError } from '../errors.ts'
import type { Netns } from '../netns.ts'
import type { Endpoint } from '../sockaddr.ts'
import { failure, greetingBefore } from './probe.ts'
import {
  connectSocket,
  openTestSocket,
  pendingError,
  readyBefore,
  receiveFrom,
  resetOnClose,
  SOCK_STREAM,
  sendBytes,
} from './socket.ts'

/** A TCP connection to a responder that stays open: for what must go on while policy or an agent changes. */
export interface TestFlow extends Disposable {
  readonly seenAs: Endpoint
  /** Sends one message and waits for its echo; false when none came in time or the connection broke. */
  exchange(timeoutMs?: number): Promise<boolean>
}

/** @throws LinuxError when the connection is not established in time */
export async function openFlow(options: {
  readonly netns?: Netns
  readonly to: string
  readonly port: number
  readonly from?: Partial<Endpoint>
  readonly timeoutMs?: number
}): Promise<TestFlow> {
  const { netns, to, port, from, timeoutMs = 1000 } = options
  const deadline = performance.now() + timeoutMs
  const socket = openTestSocket({ netns, type: SOCK_STREAM, peer: to, ...(from ? { from } : {}) })
  resetOnClose(socket)
  const begin = async (): Promise<Endpoint> => {
    const errno = connectSocket(socket, { address: to, port })
    const writable = errno === 0 && (await readyBefore(socket, 'writable', deadline))
    const error = errno || (writable ? pendingError(socket) : 0)
    const result = error !== 0 ? failure(error) : await greetingBefore(socket, deadline)
    if (result.kind === 'reached' && result.seenAs) return result.seenAs
    throw new LinuxError('linux/bad-use', { object: `flow to ${to} port ${port}`, why: result.kind })
  }
  try {
    const seenAs = await begin()
    return { seenAs, exchange: createEcho(socket), [Symbol.dispose]: () => socket[Symbol.dispose]() }
  } catch (error) {
    socket[Symbol.dispose]()
    throw error
  }
}

function createEcho(socket: Parameters<typeof sendBytes>[0]): TestFlow['exchange'] {
  let sent = 0
  let text = ''
  return async (timeoutMs = 1000) => {
    const deadline = performance.now() + timeoutMs
    const wanted = `${++sent};`
    if (sendBytes(socket, new TextEncoder().encode(wanted)) !== 0) return false
    while (!text.includes(wanted)) {
      if (!(await readyBefore(socket, 'readable', deadline))) return false
      const received = receiveFrom(socket)
      if (received.kind === 'error' || (received.kind === 'data' && received.bytes.length === 0)) return false
      if (received.kind === 'data') text += new TextDecoder().decode(received.bytes)
    }
    text = ''
    return true
  }
}
