import { createServer, type Server, Socket } from 'node:net'
import { isLinkLocal, parseAddress } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { inNetns, type Netns } from './netns.ts'
import { libc } from './sys.ts'
import { configureFd, fdOf, type TcpConnection, tcpConnection } from './tcp-connection.ts'
import {
  bindTcp,
  bindToDevice,
  openTcpSocket,
  savedSynTtl,
  saveSyn,
  setMd5Key,
  setTtl,
  splitZone,
  type TcpFamily,
} from './tcp-options.ts'

export interface TcpConnectOptions {
  /** Source address; the kernel's choice when undefined. */
  readonly localAddress?: string
  /** Only through this interface (SO_BINDTODEVICE). */
  readonly interface?: string
  readonly ttl: number
  /** Drop what arrives with less (GTSM, RFC 5082). */
  readonly minTtl?: number
  /** TCP-MD5 (RFC 2385), at most 80 octets. */
  readonly password?: string
}

export interface TcpListen {
  readonly family: TcpFamily
  /** Every address of the family when undefined. */
  readonly address?: string
  /** 0 is any free one. */
  readonly port: number
}

export interface TcpListener {
  /** Replaces the passwords of those who may connect: by address, or by prefix. @throws LinuxError */
  setPasswords(passwords: ReadonlyMap<string, string>): void
  readonly port: number
  close(): void
}

/**
 * TCP as routing protocols need it: with TCP-MD5, GTSM, source address, interface, internetwork control as TOS, and
 * without delay, in any network namespace.
 */
export interface TcpNetwork {
  /** @throws LinuxError when an option or the source address is refused, Error of Node when the connection is; the signal's reason */
  connect(
    to: { readonly address: string; readonly port: number },
    options: TcpConnectOptions,
    call: Call,
  ): Promise<TcpConnection>
  /**
   * The keys are set before the socket listens, so that no connection comes without. @throws LinuxError
   */
  listen(
    listen: TcpListen,
    passwords: ReadonlyMap<string, string>,
    accept: (connection: TcpConnection) => void,
  ): Promise<TcpListener>
}

/** @param options `netns`: where sockets are opened; that of the process when undefined. It must stay open meanwhile. */
export function openTcpNetwork({ netns }: { readonly netns?: Netns } = {}): TcpNetwork {
  return {
    connect: (to, options, call) => connect(netns, to, options, call),
    listen: (on, passwords, accept) => listen(netns, on, passwords, accept),
  }
}

async function connect(
  netns: Netns | undefined,
  to: { readonly address: string; readonly port: number },
  options: TcpConnectOptions,
  { signal }: Call,
): Promise<TcpConnection> {
  signal.throwIfAborted()
  const { bare, zone, family } = splitZone(to.address)
  const device = options.interface ?? zone
  const label = `TCP connection to ${to.address} port ${to.port}`
  // libuv gives a link-local address without zone that of any interface; it finds zones in the namespace of the process.
  const host = family === 6 && isLinkLocal(parseAddress(bare)) && device !== undefined ? `${bare}%${device}` : bare
  const socket = adopt(openTcpSocket(netns, family, label), (fd) => {
    // The name means something in the socket's namespace only.
    if (device !== undefined) inNetns(netns, () => bindToDevice(fd, device, label))
    configureFd(fd, family, bare, options, label)
    if (options.localAddress !== undefined) bindTcp(fd, splitZone(options.localAddress).bare, 0, label)
  })
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    const settle = (result: () => void): void => {
      signal.removeEventListener('abort', abort)
      socket.off('error', fail)
      result()
    }
    const fail = (error: Error): void => {
      settle(() => reject(error))
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => settle(resolve))
    socket.connect({ host, port: to.port })
  })
  return tcpConnection(socket)
}

/** Configures a descriptor and gives it to a socket, which owns it from then on; until then it is ours to close. */
function adopt(fd: number, configure: (fd: number) => void): Socket {
  try {
    configure(fd)
    // `pauseOnCreate` is not documented: without it Node would read before the connection is there.
    return new Socket({ fd, pauseOnCreate: true } as ConstructorParameters<typeof Socket>[0])
  } catch (error) {
    libc().close(fd)
    throw error
  }
}

async function listen(
  netns: Netns | undefined,
  { family, address = family === 4 ? '0.0.0.0' : '::', port }: TcpListen,
  passwords: ReadonlyMap<string, string>,
  accept: (connection: TcpConnection) => void,
): Promise<TcpListener> {
  const { bare, zone } = splitZone(address)
  const label = `TCP listener on ${address} port ${port}`
  const fd = openTcpSocket(netns, family, label)
  const keys = new Keys(fd, family, label)
  try {
    // The answer to a connection leaves with what the listener has, so it has to do for GTSM (RFC 5082 §3).
    setTtl(fd, family, 255, label)
    saveSyn(fd, label)
    if (zone !== undefined) inNetns(netns, () => bindToDevice(fd, zone, label))
    keys.replace(passwords)
    bindTcp(fd, bare, port, label)
  } catch (error) {
    libc().close(fd)
    throw error
  }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const accepted = fdOf(socket)
    if (accepted === undefined || socket.remoteAddress === undefined) socket.destroy()
    else accept(tcpConnection(socket, savedSynTtl(accepted)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ fd }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Errors of single connections, e.g. out of descriptors, end nothing.
  server.on('error', () => undefined)
  return listener(server, keys)
}

function listener(server: Server, keys: Keys): TcpListener {
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    setPasswords(passwords) {
      if (server.listening) keys.replace(passwords)
    },
    close: () => void server.close(),
  }
}

/** The TCP-MD5 keys of a listening socket. */
class Keys {
  private readonly fd: number
  private readonly family: TcpFamily
  private readonly label: string
  private set: ReadonlyMap<string, string> = new Map()

  constructor(fd: number, family: TcpFamily, label: string) {
    this.fd = fd
    this.family = family
    this.label = label
  }

  replace(passwords: ReadonlyMap<string, string>): void {
    const next = new Map([...passwords].filter(([peer]) => splitZone(peer.split('/')[0] ?? '').family === this.family))
    for (const peer of this.set.keys()) if (!next.has(peer)) setMd5Key(this.fd, peer, '', this.label)
    for (const [peer, key] of next) if (this.set.get(peer) !== key) setMd5Key(this.fd, peer, key, this.label)
    this.set = next
  }
}
