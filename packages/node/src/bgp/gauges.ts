import type { Meter } from '@tortie/runtime'
import type { BgpPeerStatus, BgpStatus } from './status.ts'

const states = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established', 'Close'] as const
const directions = ['received', 'accepted', 'sent'] as const

/** BGP for Prometheus. What is returned takes the status each time that it is known anew. */
export function createBgpGauges(meter: Meter): (status: BgpStatus) => void {
  const sessions = meter.gauge('tortie_bgp_sessions', 'BGP sessions by state', ['family', 'state'])
  const routes = meter.gauge(
    'tortie_bgp_routes',
    'Routes that BGP peers sent, that were taken, and that they were sent',
    ['family', 'direction'],
  )
  const flaps = meter.counter('tortie_bgp_session_flaps_total', 'Established BGP sessions that were lost', ['family'])
  const lag = meter.gauge(
    'tortie_bgp_loop_lag_seconds',
    'By how much timers of the BGP thread were late at most, lately',
  )
  let known = new Map<string, number>()
  return ({ families, loopLagMs }) => {
    lag.set(loopLagMs / 1000)
    const seen = new Map<string, number>()
    for (const family of [4, 6] as const) {
      const peers = families.find((one) => one.family === family)?.peers ?? []
      const labels = { family: String(family) }
      for (const state of states)
        sessions.set(peers.filter(({ bgpState }) => bgpState === state).length, { ...labels, state })
      for (const direction of directions) routes.set(sumOf(peers, direction), { ...labels, direction })
      for (const peer of peers) {
        seen.set(peer.name, peer.flaps)
        // One that is configured anew counts from the start.
        const before = known.get(peer.name) ?? 0
        flaps.add(peer.flaps < before ? peer.flaps : peer.flaps - before, labels)
      }
    }
    known = seen
  }
}

function sumOf(peers: readonly BgpPeerStatus[], direction: (typeof directions)[number]): number {
  return peers.reduce((sum, { routes }) => sum + routes[direction], 0)
}
