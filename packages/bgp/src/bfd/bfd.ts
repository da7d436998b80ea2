import { formatAddress, parseAddress } from '@tortie/ip'
import { type Clock, type Log, type Random, silentLog } from '@tortie/runtime'
import { BgpError } from '../errors.ts'
import { type BfdDrop, createDropCounter, type DropCounter } from './drops.ts'
import { type BfdState, decodeControlPacket } from './packet.ts'
import type { BfdEndpoint, BfdSocket, BfdTransport } from './ports.ts'
import { type BfdStatus, ControlSession, type SessionTimers } from './session.ts'

/** RFC 5881 §4, RFC 5883 §5. */
const port = { singleHop: 3784, multihop: 4784 } as const
const sourcePorts = { from: 49_152, to: 65_535 } as const
/** RFC 5881 §5: one hop leaves it at 255; any router would have made it less. */
const ttl = 255

export interface BfdPorts {
  readonly clock: Clock
  readonly random: Random
  readonly transport: BfdTransport
  readonly log?: Log
}

export interface BfdTimers {
  /** How often packets are sent at most, and received at most; 300 by default. */
  readonly minTxMs?: number
  readonly minRxMs?: number
  /** Packets that the other side may miss before it calls the session down; 3 by default. */
  readonly detectMult?: number
}

export interface BfdSessionOptions extends BfdTimers {
  /** Addresses of one family. */
  readonly local: string
  readonly remote: string
  /** Only through this interface; needed for link-local addresses. */
  readonly interface?: string
  /** Port 4784 and any TTL (RFC 5883), instead of port 3784 and TTL 255 (RFC 5881). */
  readonly multihop?: boolean
  /** Told of every change of state, after it. */
  readonly onChange?: (status: BfdStatus, previous: BfdState) => void
}

/** Disposing ends it; the other side is told once, and then sees silence. */
export interface BfdSession extends Disposable {
  readonly status: BfdStatus
  /** Other timers; while Up they are negotiated, without loss of the session. @throws BgpError */
  update(timers: BfdTimers): void
  /** AdminDown: the other side is told until `enable`, and does not count it as a failure of the path. */
  disable(): void
  enable(): void
  /** The interface or the route is known to be gone: Down at once, without waiting for the detection time. */
  pathDown(): void
}

/** Disposing ends every session. */
export interface Bfd extends Disposable {
  /**
   * Starts a session.
   * @throws BgpError for bad timers, addresses of two families, or when there is such a session; what `transport.open`
   * throws
   */
  open(options: BfdSessionOptions): BfdSession
  /** Datagrams that belonged to no session or were malformed, by reason. */
  readonly dropped: Readonly<Partial<Record<BfdDrop, number>>>
}

/** One socket on which the packets of several sessions arrive. */
interface Listener {
  readonly key: string
  readonly socket: BfdSocket
  /** By the other side's address. */
  readonly sessions: Map<string, ControlSession>
}

/** What has been opened, and by which a packet finds its session. */
interface Tables {
  readonly ports: BfdPorts
  readonly log: Log
  readonly drops: DropCounter
  readonly listeners: Map<string, Listener>
  /** By our discriminator. */
  readonly sessions: Map<
    number,
    { readonly session: ControlSession; readonly listener: Listener; readonly remote: string }
  >
}

/**
 * Bidirectional Forwarding Detection in asynchronous mode, without echo, demand or authentication (RFC 5880, 5881, 5883).
 * @param ports the transport must enforce `minTtl`
 */
export function createBfd(ports: BfdPorts): Bfd {
  const log = ports.log ?? silentLog
  const drops = createDropCounter(ports.clock, log)
  const tables: Tables = { ports, log, drops, listeners: new Map(), sessions: new Map() }
  const open = new Set<BfdSession>()
  return {
    open(options) {
      const session = openSession(tables, options, () => open.delete(session))
      open.add(session)
      return session
    },
    dropped: drops.counts,
    [Symbol.dispose]() {
      for (const session of open) session[Symbol.dispose]()
    },
  }
}

function openSession(tables: Tables, options: BfdSessionOptions, closed: () => void): BfdSession {
  let timers: BfdTimers = options
  const start = timersOf(timers)
  const { local, remote } = addressesOf(options)
  const listener = listen(tables, options, local)
  if (listener.sessions.has(remote)) throw bad('remote', `there is a session between ${local} and ${remote} already`)
  const socket = openSender(tables, options, local, listener)
  const discriminator = unusedDiscriminator(tables)
  const session = new ControlSession(discriminator, start, {
    ...tables.ports,
    send: createSender(socket, { address: remote, port: portOf(options) }, tables.log),
    changed(status, previous) {
      tables.log.info('bfd.session.changed', { local, remote, previous, state: status.state, diag: status.diag })
      options.onChange?.(status, previous)
    },
  })
  listener.sessions.set(remote, session)
  tables.sessions.set(discriminator, { session, listener, remote })
  session.start()
  const close = (): void => {
    session.close()
    tables.sessions.delete(discriminator)
    listener.sessions.delete(remote)
    socket[Symbol.dispose]()
    unlisten(tables, listener)
    closed()
  }
  return {
    get status() {
      return session.status
    },
    update(next) {
      session.update(timersOf({ ...timers, ...next }))
      timers = { ...timers, ...next }
    },
    disable: () => session.signal('disable'),
    enable: () => session.signal('enable'),
    pathDown: () => session.signal('path down'),
    [Symbol.dispose]() {
      if (tables.sessions.get(discriminator)?.session === session) close()
    },
  }
}

const portOf = ({ multihop }: BfdSessionOptions): number => (multihop ? port.multihop : port.singleHop)
const throughOf = ({ interface: device }: BfdSessionOptions) => (device === undefined ? {} : { interface: device })

function openSender(tables: Tables, options: BfdSessionOptions, local: string, listener: Listener): BfdSocket {
  try {
    return tables.ports.transport.open({ address: local, port: sourcePorts, ttl, ...throughOf(options) })
  } catch (error) {
    unlisten(tables, listener)
    throw error
  }
}

/** The socket for packets to `local`, shared by its sessions. */
function listen(tables: Tables, options: BfdSessionOptions, local: string): Listener {
  const number = portOf(options)
  const key = `${number} ${local} ${options.interface ?? ''}`
  const known = tables.listeners.get(key)
  if (known) return known
  const sessions = new Map<string, ControlSession>()
  const guard = options.multihop ? {} : { minTtl: ttl }
  const socket = tables.ports.transport.open(
    { address: local, port: number, ...throughOf(options), ...guard },
    (bytes, from) => receive(tables, listener, bytes, from.address),
  )
  const listener: Listener = { key, socket, sessions }
  tables.listeners.set(key, listener)
  return listener
}

function unlisten({ listeners }: Tables, { key, socket, sessions }: Listener): void {
  if (sessions.size > 0) return
  listeners.delete(key)
  socket[Symbol.dispose]()
}

/**
 * A packet finds its session by our discriminator, or before the other side knows that by its addresses (RFC 5880
 * §6.8.6, RFC 5881 §3). It must come from the session's peer in either case, so that only who can forge addresses can
 * guess discriminators.
 */
function receive(tables: Tables, listener: Listener, bytes: Uint8Array, from: string): void {
  const decoded = decodeControlPacket(bytes)
  const found = decoded.kind === 'refused' ? decoded.why : findSession(tables, listener, decoded.packet.yourDiscr, from)
  if (typeof found === 'string') tables.drops.count(found)
  else if (decoded.kind === 'packet') found.receive(decoded.packet)
}

function findSession(tables: Tables, listener: Listener, yourDiscr: number, from: string): ControlSession | BfdDrop {
  if (yourDiscr === 0) return listener.sessions.get(from) ?? 'unknown-session'
  const found = tables.sessions.get(yourDiscr)
  if (!found) return 'unknown-session'
  return found.listener === listener && found.remote === from ? found.session : 'wrong-source'
}

/** A packet that cannot be sent is lost, as on the way; said once, until one can be sent again. */
function createSender(socket: BfdSocket, to: BfdEndpoint, log: Log): (bytes: Uint8Array) => void {
  let failing = false
  return (bytes) => {
    try {
      socket.send(bytes, to)
      failing = false
    } catch (error) {
      if (!failing) log.warn('bfd.send.failed', { remote: to.address, error })
      failing = true
    }
  }
}

/** Not guessable, and not zero. */
function unusedDiscriminator({ ports, sessions }: Tables): number {
  for (;;) {
    const discriminator = 1 + Math.floor(ports.random.next() * 0xffff_ffff)
    if (!sessions.has(discriminator)) return discriminator
  }
}

function addressesOf(options: BfdSessionOptions): { local: string; remote: string } {
  const local = parseAddress(options.local)
  const remote = parseAddress(options.remote)
  if (local.family !== remote.family) throw bad('remote', `${options.remote} is not of the family of ${options.local}`)
  return { local: formatAddress(local), remote: formatAddress(remote) }
}

function timersOf({ minTxMs = 300, minRxMs = 300, detectMult = 3 }: BfdTimers): SessionTimers {
  for (const [field, ms] of Object.entries({ minTxMs, minRxMs }))
    if (!(ms >= 1 && ms <= 4_294_967)) throw bad(field, `${ms} is not between 1 and 4294967`)
  if (!(Number.isInteger(detectMult) && detectMult >= 1 && detectMult <= 255))
    throw bad('detectMult', `${detectMult} is not between 1 and 255`)
  return { tx: Math.round(minTxMs * 1000), rx: Math.round(minRxMs * 1000), detectMult }
}

function bad(field: string, why: string): BgpError {
  return new BgpError('bgp/bad-value', { field, why })
}
