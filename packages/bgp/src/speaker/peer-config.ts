import { isAddress, parseAddress } from '@tortie/ip'
import { acceptAll, rejectAll } from '../filter/filter.ts'
import { unscoped } from './check-config.ts'
import type { PeerConfig } from './config.ts'

type Needed = Pick<PeerConfig, 'address' | 'localAs'>

/**
 * A peer's whole configuration from what matters, with BIRD's defaults (spec 05 A5). Without filters everything goes to
 * and comes from a peer of the own AS, and nothing to or from another (RFC 8212).
 */
export function peerConfig(given: Needed & Partial<PeerConfig>): PeerConfig {
  const bare = unscoped(given.address)
  const internal = given.remoteAs === given.localAs
  return {
    key: given.address,
    port: 179,
    passive: false,
    families: [isAddress(bare) ? parseAddress(bare).family : 4],
    holdTime: 240,
    connectDelayTime: 2,
    connectRetryTime: 5,
    idleHoldTime: { first: 5, longest: 30 },
    gracefulRestart: { enabled: true, time: 120, notification: false },
    longLived: { staleTime: 0 },
    addPath: { send: false, receive: false },
    extendedMessage: true,
    extendedNextHop: false,
    enhancedRouteRefresh: true,
    ttl: 64,
    nextHop: 'auto',
    allowLocalAs: 0,
    enforceFirstAs: false,
    importFilter: internal ? acceptAll : rejectAll,
    exportFilter: internal ? acceptAll : rejectAll,
    ...given,
  }
}
