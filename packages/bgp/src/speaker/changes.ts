import type { PeerConfig } from './config.ts'

/** Parameters that the peer was told, or that the connection is made of: a change needs a new session. */
const ofTheSession = [
  'remoteAs',
  'localAs',
  'port',
  'localAddress',
  'interface',
  'ttlSecurity',
  'ttl',
  'families',
  'holdTime',
  'gracefulRestart',
  'longLived',
  'addPath',
  'extendedMessage',
  'extendedNextHop',
  'enhancedRouteRefresh',
  'role',
] as const satisfies readonly (keyof PeerConfig)[]

/**
 * What a new configuration of a peer needs (spec 05 A10): another peer, a new session (Cease 6/6), or nothing that the
 * other side would notice.
 */
export function changeOf(before: PeerConfig, after: PeerConfig): 'replace' | 'reset' | 'live' | 'none' {
  if (before.address !== after.address) return 'replace'
  const reset =
    ofTheSession.some((key) => !same(before[key], after[key])) ||
    // Becoming a client changes what the peer may be sent; another cluster id does not.
    (before.reflect === undefined) !== (after.reflect === undefined)
  if (reset) return 'reset'
  return same(before, after) ? 'none' : 'live'
}

/** Plain data with equal content. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...keys].every((key) => same(left[key], right[key]))
}
