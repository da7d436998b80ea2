import type { BgpPeerStatus, BgpStatus } from '@tortie/node'
import { expect, it } from 'vitest'
import { judge } from './readiness.ts'

const peer = (
  peerIP: string,
  state: BgpPeerStatus['state'],
  type: BgpPeerStatus['type'] = 'NodeMesh',
): BgpPeerStatus => ({
  name: peerIP,
  peerIP,
  type,
  state,
  bgpState: state === 'up' ? 'Established' : 'Active',
  since: '2026-01-02T03:04:05Z',
  flaps: 0,
  routes: { received: 0, accepted: 0, sent: 0 },
  ...(state !== 'up' && { info: 'Connection refused' }),
})
const status = (peers: readonly BgpPeerStatus[], state: 'Ready' | 'NotReady' = 'Ready'): BgpStatus => ({
  families: [{ family: 4, routerId: '192.0.2.1', state, bootTime: '2026-01-02T03:04:05Z', peers }],
  loopLagMs: 0,
})

it('is ready without peers', () => {
  expect(judge(status([]), true)).toEqual({ live: true, ready: true })
  expect(judge({ families: [], loopLagMs: 0 }, false)).toEqual({ live: true, ready: true })
})

it('is not ready before it has read what is wanted, nor when it cannot do it', () => {
  const why = 'starting'
  expect(judge({ families: [], loopLagMs: 0, why }, true)).toEqual({ live: true, ready: false, why })
})

it('wants all sessions of a node that joins, and one of a node that has been there', () => {
  const half = status([peer('192.0.2.2', 'up'), peer('192.0.2.3', 'start')])
  expect(judge(half, true)).toMatchObject({
    ready: false,
    why: '1 of 2 BGP sessions are not established: 192.0.2.3 (Connection refused)',
  })
  expect(judge(half, false)).toEqual({ live: true, ready: true })
  expect(judge(status([peer('192.0.2.2', 'start')]), false).ready).toBe(false)
})

it('does not wait for workloads', () => {
  expect(judge(status([peer('10.65.0.1', 'start', 'LocalWorkload')]), true).ready).toBe(true)
})

it('is not ready while it recovers from a restart', () => {
  expect(judge(status([peer('192.0.2.2', 'up')], 'NotReady'), false).ready).toBe(false)
})
