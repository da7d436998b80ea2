import type { PeerConfig } from './config.ts'
import type { TcpOptions } from './ports.ts'

/** What a peer's configuration asks of its connections. */
export function tcpOptionsOf(peer: PeerConfig): TcpOptions {
  const { localAddress, interface: device, ttl, ttlSecurity, password } = peer
  return {
    ttl: ttlSecurity === undefined ? ttl : 255,
    ...(ttlSecurity !== undefined && { minTtl: 256 - ttlSecurity }), // RFC 5082 §3
    ...(localAddress !== undefined && { localAddress }),
    ...(device !== undefined && { interface: device }),
    ...(password !== undefined && { password }),
  }
}
