import { check } from '../errors.ts'
import type { Netns } from '../netns.ts'
import type { Endpoint } from '../sockaddr.ts'
import { libc, type PollHandle, pollFd } from '../sys.ts'
import {
  acceptSocket,
  openTestSocket,
  receiveFrom,
  resetOnClose,
  SOCK_DGRAM,
  SOCK_STREAM,
  sendBytes,
  type TestSocket,
} from './socket.ts'

/** Listens in a namespace and tells whoever comes as which address it is seen; every message after that is echoed. */
export interface Responder extends Disposable {
  /** Who came (TCP: connections; UDP: datagrams), oldest first. */
  readonly seen: readonly Endpoint[]
}

export interface ResponderOptions {
  readonly netns?: Netns
  readonly protocol: 'tcp' | 'udp'
  /** `0.0.0.0` or `::` for every address of its family. */
  readonly address: string
  readonly port: number
}

export function openResponder({ netns, protocol, address, port }: ResponderOptions): Responder {
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM
  const socket = openTestSocket({ netns, type, peer: address, from: { address, port } })
  const seen: Endpoint[] = []
  const served = new Set<Served>()
  if (protocol === 'tcp') check(libc().listen(socket.fd, 1024), 'listen', socket.label)
  const handle = pollFd(socket.fd, 'readable', () => {
    if (!open) return
    if (protocol === 'tcp') acceptAll(socket, seen, served)
    else answerAll(socket, seen)
  })
  let open = true
  return {
    seen,
    [Symbol.dispose]() {
      if (!open) return
      open = false
      handle.close()
      socket[Symbol.dispose]()
      for (const connection of served) connection.end()
    },
  }
}

interface Served {
  end(): void
}

function acceptAll(listener: TestSocket, seen: Endpoint[], served: Set<Served>): void {
  for (let next = acceptSocket(listener); next; next = acceptSocket(listener)) {
    const { socket, from } = next
    seen.push(from)
    resetOnClose(socket)
    sendBytes(socket, greeting(from))
    let handle: PollHandle | undefined
    const connection = {
      end(): void {
        if (!served.delete(connection)) return
        handle?.close()
        socket[Symbol.dispose]()
      },
    }
    served.add(connection)
    handle = pollFd(socket.fd, 'readable', () => {
      if (served.has(connection) && !echo(socket)) connection.end()
    })
  }
}

/** Whether the connection goes on. */
function echo(socket: TestSocket): boolean {
  for (;;) {
    const received = receiveFrom(socket)
    if (received.kind === 'nothing') return true
    if (received.kind === 'error' || received.bytes.length === 0) return false
    sendBytes(socket, received.bytes)
  }
}

function answerAll(socket: TestSocket, seen: Endpoint[]): void {
  for (;;) {
    const received = receiveFrom(socket)
    if (received.kind === 'nothing') return
    // An error here is that of an earlier answer (ICMP), which reading has cleared.
    if (received.kind === 'error') continue
    seen.push(received.from)
    sendBytes(socket, greeting(received.from), received.from)
  }
}

function greeting({ address, port }: Endpoint): Uint8Array {
  return new TextEncoder().encode(`${address} ${port}\n`)
}

/** The inverse of what a responder says. */
export function parseGreeting(bytes: Uint8Array): Endpoint | undefined {
  const found = /^(\S+) (\d+)\n/.exec(new TextDecoder().decode(bytes))
  return found?.[1] === undefined ? undefined : { address: found[1], port: Number(found[2]) }
}
