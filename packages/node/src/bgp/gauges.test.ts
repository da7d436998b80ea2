import type { Meter } from '@tortie/runtime'
import { expect, it } from 'vitest'
import { createBgpGauges } from './gauges.ts'
import type { BgpPeerStatus, BgpStatus } from './status.ts'

/** Remembers by name and labels what was set and added. */
function recordingMeter(): { readonly meter: Meter; readonly values: Map<string, number> } {
  const values = new Map<string, number>()
  const id = (name: string, labels: object = {}): string => [name, ...Object.values(labels)].join(' ')
  const meter: Meter = {
    counter: (name) => ({
      add: (amount, labels) => void values.set(id(name, labels), (values.get(id(name, labels)) ?? 0) + amount),
    }),
    gauge: (name) => ({ set: (value, labels) => void values.set(id(name, labels), value) }),
    histogram: () => ({ record: () => undefined }),
  }
  return { meter, values }
}

const peer = (name: string, more: Partial<BgpPeerStatus>): BgpPeerStatus => ({
  name,
  type: 'NodeMesh',
  peerIP: '10.0.0.2',
  state: 'up',
  bgpState: 'Established',
  since: '2026-01-02T03:04:05Z',
  flaps: 0,
  routes: { received: 3, accepted: 2, sent: 1 },
  ...more,
})
const status = (...peers: BgpPeerStatus[]): BgpStatus => ({
  families: [{ family: 4, routerId: '10.0.0.1', state: 'Ready', bootTime: '', peers }],
  loopLagMs: 12,
})

it('counts sessions by state, routes by direction, and tells how late the thread is', () => {
  const { meter, values } = recordingMeter()
  const report = createBgpGauges(meter)
  report(status(peer('a', {}), peer('b', { bgpState: 'Connect', state: 'start' }), peer('c', {})))
  expect(values.get('tortie_bgp_sessions 4 Established')).toBe(2)
  expect(values.get('tortie_bgp_sessions 4 Connect')).toBe(1)
  expect(values.get('tortie_bgp_sessions 6 Established')).toBe(0)
  expect(values.get('tortie_bgp_routes 4 received')).toBe(9)
  expect(values.get('tortie_bgp_routes 4 sent')).toBe(3)
  expect(values.get('tortie_bgp_loop_lag_seconds')).toBe(0.012)
  report(status())
  expect(values.get('tortie_bgp_sessions 4 Established')).toBe(0)
})

it('counts flaps on, also of a peer that is gone or configured anew', () => {
  const { meter, values } = recordingMeter()
  const report = createBgpGauges(meter)
  const flaps = (): number | undefined => values.get('tortie_bgp_session_flaps_total 4')
  report(status(peer('a', { flaps: 2 }), peer('b', { flaps: 1 })))
  expect(flaps()).toBe(3)
  report(status(peer('a', { flaps: 3 }), peer('b', { flaps: 1 })))
  expect(flaps()).toBe(4)
  report(status(peer('a', { flaps: 1 })))
  expect(flaps()).toBe(5)
  report(status(peer('a', { flaps: 1 }), peer('b', { flaps: 1 })))
  expect(flaps()).toBe(6)
})
