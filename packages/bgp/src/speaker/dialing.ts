import type { BgpConnection } from './bgp-connection.ts'
import type { PeerConfig } from './config.ts'
import { textOf } from './lapse.ts'
import type { Connection, Network } from './ports.ts'
import { tcpOptionsOf } from './tcp-options.ts'

export interface DialingPorts {
  readonly network: Network
  readonly soon: (task: () => void) => void
  /** It did not work. `silent`: nobody said yes or no. */
  readonly failed: (why: string, silent: boolean) => void
}

/** Attempts to connect to one peer, and how they went. */
export class Dialing {
  /** In vain since one succeeded. */
  failures = 0
  private readonly ports: DialingPorts
  private attempt: AbortSignal | undefined

  constructor(ports: DialingPorts) {
    this.ports = ports
  }

  /** Another attempt, for `connection`; it takes the place of one that goes on. */
  dial(connection: BgpConnection, config: PeerConfig): void {
    if (this.attempt) this.fail(unanswered(config), true)
    const signal = connection.beginAttempt()
    this.attempt = signal
    const { address, port } = config
    this.ports.network.connect({ address, port }, tcpOptionsOf(config), { signal }).then(
      (socket) => this.ports.soon(() => this.connected(connection, signal, socket)),
      (error: unknown) => this.ports.soon(() => this.refused(connection, signal, error)),
    )
  }

  private connected(connection: BgpConnection, signal: AbortSignal, socket: Connection): void {
    this.end(signal)
    if (signal.aborted) socket.abort()
    else {
      this.failures = 0
      connection.attach(socket)
    }
  }

  private refused(connection: BgpConnection, signal: AbortSignal, error: unknown): void {
    this.end(signal)
    if (signal.aborted) return
    connection.handle({ kind: 'TcpConnectionFails' })
    this.fail(textOf(error), false)
  }

  private fail(why: string, silent: boolean): void {
    this.failures++
    this.ports.failed(why, silent)
  }

  private end(signal: AbortSignal): void {
    if (this.attempt === signal) this.attempt = undefined
  }
}

/** Nobody said yes or no for as long as we wait: so it is with another password too (RFC 2385 §4.1). */
function unanswered({ address, port, password }: PeerConfig): string {
  const secret = password === undefined ? 'or it wants a password' : 'or the password'
  return `no answer from ${address} port ${port}: check way and firewall, ${secret}`
}
