import type { Call, Clock, Log, Random } from '@tortie/runtime'
import type { Listen } from './config.ts'

/** What a connection needs besides addresses. */
export interface TcpOptions {
  readonly localAddress?: string
  readonly interface?: string
  readonly ttl: number
  /** Drop what arrives with less (GTSM). */
  readonly minTtl?: number
  readonly password?: string
}

/** A TCP connection. Its callbacks are called on later turns, never inside a call. */
export interface Connection {
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
  /** Stops and goes on reading. */
  pause(paused: boolean): void
  /** Options that may change while it is open. `password` '' is none. */
  configure(options: Partial<Pick<TcpOptions, 'ttl' | 'minTtl' | 'password'>>): void
  /** Closes after what was written is out, at most `ms` later; resolves when it is closed. */
  close(ms: number): Promise<void>
  /** Closes at once, with a reset. */
  abort(): void
}

export interface Listener {
  /** Passwords of the peers that may connect to it, by address or, for dynamic ones, prefix. Replaces the earlier ones. */
  setPasswords(passwords: ReadonlyMap<string, string>): void
  readonly port: number
  close(): void
}

/** TCP as the speaker needs it. Real sockets, or a network in memory on virtual time. */
export interface Network {
  connect(to: { readonly address: string; readonly port: number }, options: TcpOptions, call: Call): Promise<Connection>
  /** Passwords are there before the first connection can come. */
  listen(
    listen: Listen,
    passwords: ReadonlyMap<string, string>,
    accept: (connection: Connection) => void,
  ): Promise<Listener>
}

/** Watches the path to a peer (RFC 5882) while its session is up. */
export interface PathMonitor {
  /** `down` is called when a path that was up is lost, not when the other side stops monitoring. */
  watch(path: MonitoredPath, down: () => void): Disposable
}

export interface MonitoredPath {
  readonly address: string
  readonly localAddress: string
  readonly interface?: string
  /** Milliseconds. */
  readonly minTx: number
  readonly minRx: number
  readonly multiplier: number
  readonly multihop: boolean
}

export interface SpeakerPorts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** Silent by default. */
  readonly log?: Log
  /** Ends the current turn so that sockets are served: `yieldTurn` of `@tortie/runtime/system`. */
  readonly yieldTurn: () => Promise<void>
  /** For peers with `bfd`; without it they are watched by the hold timer alone. */
  readonly bfd?: PathMonitor
}
