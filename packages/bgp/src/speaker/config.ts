import type { Family } from '@tortie/ip'
import type { Filter } from '../filter/filter.ts'

/** All of a speaker's configuration, as plain data: comparable, and to be sent to another thread. */
export interface SpeakerConfig {
  /** IPv4 text. */
  readonly routerId: string
  /** Addresses and ports to accept connections on; without address, every one of the family. */
  readonly listen: readonly Listen[]
  readonly peers: readonly PeerConfig[]
  /** Passive neighbours made on demand from prefixes. */
  readonly dynamic?: readonly DynamicPeers[]
  /** Seconds that an own restart waits for the peers' End-of-RIB (RFC 4724 §4.1); 240 by default. */
  readonly recoveryTime?: number
  /** Greatest number of equal paths of a prefix (ECMP); 1 by default. Of a running speaker it cannot change. */
  readonly maxPaths?: number
  /** Sent in the FQDN capability, when set. */
  readonly hostname?: string
}

export interface Listen {
  readonly family: Family
  readonly address?: string
  readonly port: number
}

export interface PeerConfig {
  /** Unique name, and identity across configurations: `Global_10_0_0_9`. */
  readonly key: string
  /** What the owner wants to see again in status: `mesh`, `global`, `node`. */
  readonly kind?: string
  readonly address: string
  readonly port: number
  /** Undefined accepts any AS, as for dynamic neighbours. */
  readonly remoteAs?: number
  readonly localAs: number
  /** Source of our connections, and where the peer's are expected. */
  readonly localAddress?: string
  readonly interface?: string
  readonly passive: boolean
  readonly families: readonly Family[]
  /** Seconds; 0 for none. */
  readonly holdTime: number
  /** Seconds; a third of the negotiated hold time when undefined. */
  readonly keepaliveTime?: number
  readonly connectDelayTime: number
  readonly connectRetryTime: number
  readonly idleHoldTime: { readonly first: number; readonly longest: number }
  /**
   * `enabled` asks the peer to keep our routes for `time` seconds, at most 4095, while we restart; without it the
   * peer's routes are still kept while it restarts, unless `time` is 0 too: then the capability is not sent.
   */
  readonly gracefulRestart: { readonly enabled: boolean; readonly time: number; readonly notification: boolean }
  /** Seconds that the peer may keep our routes after `gracefulRestart.time` (RFC 9494); 0 is aware of it, no more. */
  readonly longLived?: { readonly staleTime: number }
  readonly addPath: { readonly send: boolean; readonly receive: boolean }
  readonly extendedMessage: boolean
  readonly extendedNextHop: boolean
  readonly enhancedRouteRefresh: boolean
  readonly role?: number
  /** GRACEFUL_SHUTDOWN on a received route makes its LOCAL_PREF 0 (RFC 8326). */
  readonly gracefulShutdown?: boolean
  /** TCP-MD5 (RFC 2385), at most 80 octets. Never logged. */
  readonly password?: string
  /** Hops to the peer at most (GTSM, RFC 5082); otherwise `ttl` is what is sent. */
  readonly ttlSecurity?: number
  readonly ttl: number
  readonly nextHop: 'auto' | 'self' | 'keep'
  readonly nextHopSelf?: Readonly<Partial<Record<Family, string>>>
  readonly allowLocalAs: number
  readonly enforceFirstAs: boolean
  /** Set on a route reflector's client. */
  readonly reflect?: { readonly clusterId: string }
  readonly importFilter: Filter
  readonly exportFilter: Filter
  readonly maxPrefixes?: Readonly<Partial<Record<Family, number>>>
  /** Administratively down, with the words for the other side (RFC 9003). */
  readonly shutdown?: string
  /** Announce everything with GRACEFUL_SHUTDOWN and LOCAL_PREF 0: traffic moves away before a stop (RFC 8326). */
  readonly draining?: boolean
  /** Times in milliseconds. */
  readonly bfd?: {
    readonly minTx: number
    readonly minRx: number
    readonly multiplier: number
    readonly multihop: boolean
  }
}

export interface DynamicPeers {
  /** Sources that may connect. */
  readonly prefix: string
  readonly limit: number
  readonly peer: Omit<PeerConfig, 'address' | 'key' | 'passive'>
}
