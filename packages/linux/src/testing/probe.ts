import { errnoName } from '@tortie/netlink'
import type { Netns } from '../netns.ts'
import type { Endpoint } from '../sockaddr.ts'
import { echoRequest, isEchoReply } from './icmp.ts'
import { parseGreeting } from './responder.ts'
import {
  connectSocket,
  openTestSocket,
  pendingError,
  readyBefore,
  receiveFrom,
  resetOnClose,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type SocketOptions,
  sendBytes,
  type TestSocket,
} from './socket.ts'

/** What became of one flow, as its sender sees it. */
export type ProbeResult =
  /** An answer came back. */
  | {
      readonly kind: 'reached'
      readonly rttMs: number /** As whom the other side saw us; not for ping. */
      readonly seenAs?: Endpoint
    }
  /** Somebody said no: RST or ICMP port unreachable. */
  | { readonly kind: 'refused' }
  /** No route, or ICMP unreachable or prohibited. */
  | { readonly kind: 'unreachable'; readonly errno: string }
  /** Silence. */
  | { readonly kind: 'timeout' }

export interface Probe {
  readonly netns?: Netns
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly to: string
  /** Not for icmp. */
  readonly port?: number
  /** Source; with `spoof` an address that the namespace does not have (its answer cannot come back). */
  readonly from?: Partial<Endpoint>
  readonly spoof?: boolean
  readonly mark?: number
  /** How long silence is waited for; 1,000 by default. */
  readonly timeoutMs?: number
}

/**
 * Sends one real flow and says what became of it. TCP and UDP need a `Responder` on the other side, ping nothing. Many
 * may run at once. IPv6 as IPv4.
 */
export async function probe(flow: Probe): Promise<ProbeResult> {
  const start = performance.now()
  const deadline = start + (flow.timeoutMs ?? 1000)
  const result = await { tcp: probeTcp, udp: probeUdp, icmp: ping }[flow.protocol](flow, deadline)
  return result.kind === 'reached' ? { ...result, rttMs: performance.now() - start } : result
}

const refused = 111

export function failure(errno: number): ProbeResult {
  return errno === refused ? { kind: 'refused' } : { kind: 'unreachable', errno: errnoName(errno) }
}

function socketFor({ netns, to, from, spoof, mark }: Probe, type: number, protocol = 0): TestSocket {
  const options: SocketOptions = {
    netns,
    type,
    protocol,
    peer: to,
    ...(from ? { from } : {}),
    ...(spoof ? { spoof } : {}),
    ...(mark === undefined ? {} : { mark }),
  }
  return openTestSocket(options)
}

async function probeTcp(flow: Probe, deadline: number): Promise<ProbeResult> {
  using socket = socketFor(flow, SOCK_STREAM)
  resetOnClose(socket)
  const errno = connectSocket(socket, { address: flow.to, port: flow.port ?? 0 })
  if (errno !== 0) return failure(errno)
  if (!(await readyBefore(socket, 'writable', deadline))) return { kind: 'timeout' }
  const error = pendingError(socket)
  if (error !== 0) return failure(error)
  return await greetingBefore(socket, deadline)
}

async function probeUdp(flow: Probe, deadline: number): Promise<ProbeResult> {
  using socket = socketFor(flow, SOCK_DGRAM)
  const to = { address: flow.to, port: flow.port ?? 0 }
  const errno = connectSocket(socket, to) || sendBytes(socket, new TextEncoder().encode('probe'))
  if (errno !== 0) return failure(errno)
  return await greetingBefore(socket, deadline)
}

export async function greetingBefore(socket: TestSocket, deadline: number): Promise<ProbeResult> {
  while (await readyBefore(socket, 'readable', deadline)) {
    const received = receiveFrom(socket)
    if (received.kind === 'error') return failure(received.errno)
    if (received.kind === 'nothing') continue
    const seenAs = parseGreeting(received.bytes)
    return seenAs ? { kind: 'reached', rttMs: 0, seenAs } : { kind: 'refused' }
  }
  return { kind: 'timeout' }
}

let pings = 0

async function ping(flow: Probe, deadline: number): Promise<ProbeResult> {
  const v6 = flow.to.includes(':')
  const id = (process.pid ^ ++pings) & 0xffff
  using socket = socketFor(flow, SOCK_RAW, v6 ? 58 : 1)
  const to = { address: flow.to, port: 0 }
  const errno = connectSocket(socket, to) || sendBytes(socket, echoRequest(v6, id, pings & 0xffff))
  if (errno !== 0) return failure(errno)
  while (await readyBefore(socket, 'readable', deadline)) {
    const received = receiveFrom(socket)
    if (received.kind === 'error') return failure(received.errno)
    if (received.kind === 'data' && isEchoReply(received.bytes, v6, id)) return { kind: 'reached', rttMs: 0 }
  }
  return { kind: 'timeout' }
}
