import type { Socket } from 'node:net'
import { setMd5Key, setMinTtl, setTtl, splitZone, type TcpFamily } from './tcp-options.ts'

/** A TCP connection. Its callbacks are called on later turns, never inside a call. */
export interface TcpConnection {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  /**
   * TTL or hop limit that an accepted connection began with. What came before `minTtl` was configured was not held to it,
   * but it came from as far.
   */
  readonly receivedTtl?: number
  /** Called once, before anything is read. `data` holds its bytes only during the call. */
  start(on: {
    readonly data: (bytes: Uint8Array) => void
    readonly drain: () => void
    /** The other side closed, or it broke; called once at most, and not after `close`. */
    readonly end: (error?: Error) => void
  }): void
  /** Takes the bytes (the caller may reuse them after the call); false when it wants no more before `drain`. */
  write(bytes: Uint8Array): boolean
  /** Octets taken and not yet given to the kernel. */
  readonly unsent: number
  pause(paused: boolean): void
  /** Options that may change while it is open. `password` '' is none. @throws LinuxError */
  configure(options: { readonly ttl?: number; readonly minTtl?: number; readonly password?: string }): void
  /** Closes after what was written is out, at most `ms` later; resolves when it is closed. */
  close(ms: number): Promise<void>
  /** Closes at once, with a reset. */
  abort(): void
}

/** A connected socket that has not read anything yet. */
export function tcpConnection(socket: Socket, receivedTtl?: number): TcpConnection {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  const label = `TCP connection with ${remoteAddress} port ${remotePort}`
  const { family } = splitZone(remoteAddress)
  let on: Parameters<TcpConnection['start']>[0] | undefined
  let failure: Error | undefined
  const end = (): void => {
    const handlers = on
    on = undefined
    handlers?.end(failure)
  }
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      end()
      resolve()
    })
  })
  // Without a listener an error would end the process; `close` follows it.
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('data', (bytes: Uint8Array) => on?.data(bytes))
  socket.on('drain', () => on?.drain())
  socket.once('end', end)
  socket.pause()
  socket.setNoDelay(true)
  return {
    localAddress,
    localPort,
    remoteAddress,
    remotePort,
    ...(receivedTtl !== undefined && { receivedTtl }),
    start(handlers) {
      on = handlers
      if (socket.destroyed) setImmediate(end)
      else socket.resume()
    },
    write: (bytes) => socket.writable && socket.write(Uint8Array.from(bytes)),
    get unsent() {
      return socket.writableLength
    },
    pause(paused) {
      if (paused) socket.pause()
      else socket.resume()
    },
    configure(options) {
      const fd = fdOf(socket)
      if (fd !== undefined) configureFd(fd, family, remoteAddress, options, label)
    },
    async close(ms) {
      on = undefined
      if (socket.destroyed) return
      if (ms <= 0) socket.destroy()
      else {
        socket.end()
        // Unread octets would turn the end into a reset, which may overtake what was written.
        socket.resume()
        const timer = setTimeout(() => socket.destroy(), ms)
        void closed.then(() => clearTimeout(timer))
      }
      await closed
    },
    abort() {
      on = undefined
      socket.resetAndDestroy()
    },
  }
}

export function configureFd(
  fd: number,
  family: TcpFamily,
  peer: string,
  options: {
    readonly ttl?: number | undefined
    readonly minTtl?: number | undefined
    readonly password?: string | undefined
  },
  label: string,
): void {
  if (options.ttl !== undefined) setTtl(fd, family, options.ttl, label)
  if (options.minTtl !== undefined) setMinTtl(fd, family, options.minTtl, label)
  if (options.password !== undefined) setMd5Key(fd, peer, options.password, label)
}

/** The socket owns its descriptor: it is looked up each time, and never closed by us. */
export function fdOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd: number } | null }
  return handle && handle.fd >= 0 ? handle.fd : undefined
}
