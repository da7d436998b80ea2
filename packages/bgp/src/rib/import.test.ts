import { describe, expect, it } from 'vitest'
import { acceptAll, rejectAll } from '../filter/filter.ts'
import { Role, WellKnownCommunity } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { localAs, path, RibLab } from '../testing/rib-lab.ts'
import type { PathView, RibPeer } from './contract.ts'

const prefix = '10.1.0.0/16'

function imported(as: number, config: Partial<RibPeer>, attributes: PathAttributes): PathView {
  const lab = new RibLab()
  lab.receive(lab.peer('192.0.2.2', as, config), [prefix], attributes)
  return lab.views(prefix)[0] as PathView
}

describe('loops (spec 05 A5)', () => {
  it('our AS, more often than allowed', () => {
    expect(imported(64513, {}, path(64513, localAs))).toMatchObject({ status: 'looped' })
    expect(imported(64513, { allowLocalAs: 1 }, path(64513, localAs))).toMatchObject({ status: 'best' })
    expect(imported(64513, { allowLocalAs: 1 }, path(64513, localAs, localAs))).toMatchObject({
      status: 'looped',
      because: 'AS 64512 is in AS_PATH 2 times, 1 are allowed',
    })
  })

  it('our identifier as ORIGINATOR_ID', () => {
    expect(imported(localAs, {}, { ...path(), originatorId: '192.0.2.1' })).toMatchObject({ status: 'looped' })
    expect(imported(localAs, {}, { ...path(), originatorId: '192.0.2.2' })).toMatchObject({ status: 'best' })
  })

  it("our cluster in a client's CLUSTER_LIST", () => {
    const attributes = { ...path(), clusterList: ['9.9.9.9'] }
    expect(imported(localAs, { client: true, clusterId: '9.9.9.9' }, attributes)).toMatchObject({ status: 'looped' })
    expect(imported(localAs, { client: true, clusterId: '8.8.8.8' }, attributes)).toMatchObject({ status: 'best' })
    expect(imported(localAs, {}, attributes)).toMatchObject({ status: 'best' })
  })

  it('replace what the peer had announced before', () => {
    const lab = new RibLab()
    const peer = lab.peer('192.0.2.2', 64513)
    lab.receive(peer, [prefix], path(64513))
    expect(lab.best(prefix)).toBeDefined()
    lab.receive(peer, [prefix], path(64513, localAs))
    expect(lab.best(prefix)).toBeUndefined()
  })
})

it('wants the first AS to be the peer when told so', () => {
  expect(imported(64513, { enforceFirstAs: true }, path(64513, 7)).status).toBe('best')
  expect(imported(64513, { enforceFirstAs: true }, path(7, 64513))).toMatchObject({
    status: 'rejected',
    because: 'AS_PATH does not begin with 64513',
  })
  expect(imported(64513, {}, path(7, 64513)).status).toBe('best')
})

it('keeps a path whose next hop is no next hop, unusable (RFC 4271 §6.3)', () => {
  expect(imported(64513, {}, { ...path(64513), nextHop: '192.0.2.1' })).toMatchObject({
    status: 'rejected',
    because: 'its next hop is our own address',
  })
  for (const nextHop of ['0.0.0.0', '224.0.0.1'])
    expect(imported(64513, {}, { ...path(64513), nextHop })).toMatchObject({ status: 'lost', lostAt: 'resolvable' })
})

it('lowers LOCAL_PREF for GRACEFUL_SHUTDOWN where that is wanted (RFC 8326)', () => {
  const attributes = { ...path(64513), communities: [WellKnownCommunity.GRACEFUL_SHUTDOWN] }
  expect(imported(64513, { gracefulShutdown: true }, attributes).attributes.localPref).toBe(0)
  expect(imported(64513, {}, attributes).attributes.localPref).toBeUndefined()
})

describe('roles (RFC 9234 §5)', () => {
  const { provider, routeServer, routeServerClient, customer, peer } = Role
  const rows = [
    ['provider', provider, 64999, 'rejected', 64999],
    ['route server', routeServer, 64999, 'rejected', 64999],
    ['peer, of another AS', peer, 64999, 'rejected', 64999],
    ['peer, of its AS', peer, 64513, 'best', 64513],
    ['customer', customer, 64999, 'best', 64999],
    ['provider without', provider, undefined, 'best', undefined],
    ['customer without', customer, undefined, 'best', 64513],
    ['peer without', peer, undefined, 'best', 64513],
    ['client of a route server without', routeServerClient, undefined, 'best', 64513],
  ] as const
  for (const [what, role, otc, status, after] of rows)
    it(`OTC when we are ${what}`, () => {
      const view = imported(64513, { role }, { ...path(64513), ...(otc !== undefined && { otc }) })
      expect([view.status, view.attributes.otc]).toEqual([status, after])
    })
})

it('keeps rejected paths, so that another filter needs no refresh', () => {
  const lab = new RibLab()
  const peer = lab.peer('192.0.2.2', 64513, { importFilter: rejectAll })
  lab.receive(peer, [prefix], path(64513))
  expect(lab.views(prefix)[0]).toMatchObject({
    status: 'rejected',
    because: 'no statement of the import filter accepts it',
  })
  expect(lab.rib.peerCounts(peer)).toEqual({ received: 1, accepted: 0, sent: 0 })
  lab.rib.changePeer(peer, { ...lab.config(peer), importFilter: acceptAll })
  expect(lab.best(prefix)).toBeDefined()
  expect(lab.rib.peerCounts(peer)).toEqual({ received: 1, accepted: 1, sent: 0 })
})

it('sees the interface of the resolved next hop, again when that changes', () => {
  const lab = new RibLab()
  const match = { interfaces: ['eth1'] }
  const importFilter = { statements: [{ origin: 'eth1', match, verdict: 'reject' }], otherwise: 'accept' } as const
  lab.receive(lab.peer('192.0.2.2', 64513, { importFilter }), [prefix], path(64513))
  expect(lab.best(prefix)).toBeDefined()
  lab.rib.resolveNextHop('192.0.2.2', { metric: 0, interface: 'eth1' })
  expect(lab.views(prefix)[0]).toMatchObject({ status: 'rejected', because: 'eth1' })
})
