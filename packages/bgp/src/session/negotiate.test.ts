import { describe, expect, it } from 'vitest'
import type { Capability } from '../message/capabilities.ts'
import type { OpenMessage } from '../message/open.ts'
import { checkOpen, negotiate } from './negotiate.ts'

const v4: Capability = { kind: 'multiprotocol', afi: 1, safi: 1 }
const v6: Capability = { kind: 'multiprotocol', afi: 2, safi: 1 }
const open = (bgpId: string, as: number, capabilities: readonly Capability[], holdTime = 90): OpenMessage => ({
  kind: 'OPEN',
  myAs: as > 0xffff ? 23456 : as,
  holdTime,
  bgpId,
  capabilities: [...capabilities, { kind: 'fourOctetAs', as }],
})
const addPath = (receive: boolean, send: boolean): Capability => ({
  kind: 'addPath',
  families: [{ afi: 1, safi: 1, receive, send }],
})
const local = open('10.0.0.1', 64512, [v4, v6])

describe('an OPEN', () => {
  it.each<{ what: string; remote: OpenMessage; from?: OpenMessage; subcode?: number }>([
    { what: 'that is fine', remote: open('10.0.0.2', 64513, [v4]) },
    { what: 'of another AS', remote: open('10.0.0.2', 64514, [v4]), subcode: 2 },
    { what: 'of AS 0', remote: open('10.0.0.2', 0, [v4]), subcode: 2 },
    { what: 'without identifier', remote: open('0.0.0.0', 64513, [v4]), subcode: 3 },
    { what: 'of another AS with our identifier', remote: open('10.0.0.1', 64513, [v4]) },
    { what: 'with a hold time of 2', remote: open('10.0.0.2', 64513, [v4], 2), subcode: 6 },
    {
      what: 'with no family of ours',
      remote: open('10.0.0.2', 64513, [{ kind: 'multiprotocol', afi: 1, safi: 128 }]),
      subcode: 7,
    },
    {
      what: 'with a role that fits',
      from: open('10.0.0.1', 64512, [v4, { kind: 'role', role: 0 }]),
      remote: open('10.0.0.2', 64513, [{ kind: 'role', role: 3 }]),
    },
    {
      what: 'with a role that does not',
      from: open('10.0.0.1', 64512, [v4, { kind: 'role', role: 0 }]),
      remote: open('10.0.0.2', 64513, [{ kind: 'role', role: 4 }]),
      subcode: 11,
    },
  ])('$what: $subcode', ({ remote, from = local, subcode }) => {
    expect(checkOpen(from, remote, 64513)?.subcode).toBe(subcode)
  })

  it('of our AS needs another identifier', () => {
    expect(checkOpen(local, open('10.0.0.1', 64512, [v4]), undefined)?.subcode).toBe(3)
  })
})

describe('two OPENs agree on', () => {
  it('the families of both; IPv4 when one names none', () => {
    expect(negotiate(local, open('10.0.0.2', 1, [v6, v4])).families).toEqual([4, 6])
    expect(negotiate(local, open('10.0.0.2', 1, [])).families).toEqual([4])
  })

  it('path identifiers in a direction that one offers to send and the other to receive', () => {
    const from = open('10.0.0.1', 1, [v4, addPath(true, true)])
    const { send, receive } = negotiate(from, open('10.0.0.2', 1, [v4, addPath(true, false)]))
    expect([send.addPath[4], receive.addPath[4]]).toEqual([true, false])
  })

  it('4-octet numbers, long messages and refresh only when both have them', () => {
    const rich = open('10.0.0.1', 70_000, [v4, { kind: 'extendedMessage' }, { kind: 'enhancedRouteRefresh' }])
    const plain: OpenMessage = { kind: 'OPEN', myAs: 7, holdTime: 30, bgpId: '10.0.0.2', capabilities: [] }
    expect(negotiate(rich, rich)).toMatchObject({
      peer: 'internal',
      enhancedRouteRefresh: true,
      send: { as4: true, extendedMessage: true },
    })
    const session = negotiate(rich, plain)
    expect(session).toMatchObject({ peer: 'external', remoteAs: 7, holdTime: 30, keepaliveTime: 10 })
    expect(session).toMatchObject({ enhancedRouteRefresh: false, send: { as4: false, extendedMessage: false } })
  })

  it('graceful restart with the N bit only when both set it', () => {
    const restart = (notification: boolean): Capability => ({
      kind: 'gracefulRestart',
      restarting: true,
      notification,
      time: 120,
      families: [{ afi: 2, safi: 1, forwarding: true }],
    })
    const session = negotiate(open('10.0.0.1', 1, [v4, restart(true)]), open('10.0.0.2', 1, [v4, restart(false)]))
    expect(session.gracefulRestart).toEqual({
      restarting: true,
      notification: false,
      time: 120,
      families: [{ family: 6, forwarding: true }],
    })
    expect(negotiate(local, open('10.0.0.2', 1, [v4, restart(true)])).gracefulRestart).toBeUndefined()
  })
})
