import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notification, shutdown } from '../message/notification.ts'
import type { OpenMessage } from '../message/open.ts'
import { type Initiator, resolveCollision } from './collision.ts'
import { type Effect, type Event, type EventKind, type FsmPeer, idle, type State, type Status, step } from './fsm.ts'

const gracefulRestart = {
  kind: 'gracefulRestart',
  restarting: false,
  notification: true,
  time: 120,
  families: [{ afi: 1, safi: 1, forwarding: true }],
} as const
const local: OpenMessage = {
  kind: 'OPEN',
  myAs: 64512,
  holdTime: 240,
  bgpId: '10.0.0.1',
  capabilities: [{ kind: 'multiprotocol', afi: 1, safi: 1 }, { kind: 'fourOctetAs', as: 64512 }, gracefulRestart],
}
const remote: OpenMessage = { ...local, bgpId: '10.0.0.2', holdTime: 90 }
const peer: FsmPeer = {
  open: local,
  remoteAs: 64512,
  passive: false,
  connectRetryTime: 5,
  delayOpenTime: 0,
  idleHoldTime: { first: 5, longest: 30 },
  stableTime: 300,
}

const cease = notification(6, 6)
const malformed = notification(3, 1)
/** One event of every kind. */
const events: { readonly [K in EventKind]: Event } = {
  ManualStart: { kind: 'ManualStart' },
  ManualStop: { kind: 'ManualStop', text: 'bye' },
  AutomaticStop: { kind: 'AutomaticStop', notification: cease },
  ConnectRetryTimer_Expires: { kind: 'ConnectRetryTimer_Expires' },
  DelayOpenTimer_Expires: { kind: 'DelayOpenTimer_Expires' },
  IdleHoldTimer_Expires: { kind: 'IdleHoldTimer_Expires' },
  HoldTimer_Expires: { kind: 'HoldTimer_Expires' },
  KeepaliveTimer_Expires: { kind: 'KeepaliveTimer_Expires' },
  SendHoldTimer_Expires: { kind: 'SendHoldTimer_Expires' },
  StableTimer_Expires: { kind: 'StableTimer_Expires' },
  Tcp_CR_Acked: { kind: 'Tcp_CR_Acked' },
  TcpConnectionConfirmed: { kind: 'TcpConnectionConfirmed' },
  TcpConnectionFails: { kind: 'TcpConnectionFails' },
  BGPOpen: { kind: 'BGPOpen', open: remote },
  KeepAliveMsg: { kind: 'KeepAliveMsg' },
  UpdateMsg: { kind: 'UpdateMsg' },
  RouteRefreshMsg: { kind: 'RouteRefreshMsg' },
  NotifMsg: { kind: 'NotifMsg', notification: cease },
  BGPHeaderErr: { kind: 'BGPHeaderErr', notification: notification(1, 2) },
  BGPOpenMsgErr: { kind: 'BGPOpenMsgErr', notification: notification(2, 4) },
  UpdateMsgErr: { kind: 'UpdateMsgErr', notification: malformed },
  OpenCollisionDump: { kind: 'OpenCollisionDump' },
}
const ways: Readonly<Record<State, readonly EventKind[]>> = {
  Idle: [],
  Connect: ['ManualStart'],
  Active: ['ManualStart', 'TcpConnectionFails'],
  OpenSent: ['ManualStart', 'Tcp_CR_Acked'],
  OpenConfirm: ['ManualStart', 'Tcp_CR_Acked', 'BGPOpen'],
  Established: ['ManualStart', 'Tcp_CR_Acked', 'BGPOpen', 'KeepAliveMsg'],
}

const after = (kinds: readonly EventKind[], of = peer): Status =>
  kinds.reduce((status, kind) => step(of, status, events[kind]).status, idle)
const told = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => {
    if (effect.do === 'arm') return `arm ${effect.timer} ${effect.seconds}`
    if (effect.do === 'cancel') return `cancel ${effect.timer}`
    if (effect.do === 'release') return effect.graceful ? 'release, graceful' : 'release'
    if (effect.do !== 'send') return effect.do
    const { message } = effect
    return message.kind === 'NOTIFICATION' ? `send ${message.code}/${message.subcode}` : `send ${message.kind}`
  })

describe('the state machine', () => {
  it.each(Object.keys(ways) as State[])('reaches %s', (state) => {
    expect(after(ways[state]).state).toBe(state)
  })

  it('has an answer to every event in every state', () => {
    const short: Readonly<Record<State, string>> = {
      Idle: 'Idle',
      Connect: 'Conn',
      Active: 'Act ',
      OpenSent: 'Sent',
      OpenConfirm: 'Conf',
      Established: 'Est ',
    }
    const rows = Object.entries(events).map(([kind, event]) => {
      const cells = Object.values(ways).map((way) => {
        const { status, effects } = step(peer, after(way), event)
        const sent = told(effects).find((text) => /^send \d/.test(text))
        return `${short[status.state]} ${sent?.slice(5) ?? '   '}`
      })
      return `${kind.padEnd(26)}${cells.join(' | ')}`
    })
    expect(
      `\n${['from: Idle, Connect, Active, OpenSent, OpenConfirm, Established', ...rows].join('\n')}\n`,
    ).toMatchInlineSnapshot(`
      "
      from: Idle, Connect, Active, OpenSent, OpenConfirm, Established
      ManualStart               Conn     | Conn     | Act      | Sent     | Conf     | Est     
      ManualStop                Idle     | Idle     | Idle     | Idle 6/2 | Idle 6/2 | Idle 6/2
      AutomaticStop             Idle     | Idle     | Idle     | Idle 6/6 | Idle 6/6 | Idle 6/6
      ConnectRetryTimer_Expires Idle     | Conn     | Conn     | Idle 5/1 | Idle 5/2 | Idle 5/3
      DelayOpenTimer_Expires    Idle     | Conn     | Act      | Idle 5/1 | Idle 5/2 | Idle 5/3
      IdleHoldTimer_Expires     Conn     | Idle     | Idle     | Idle 5/1 | Idle 5/2 | Idle 5/3
      HoldTimer_Expires         Idle     | Idle     | Idle     | Idle 4/0 | Idle 4/0 | Idle 4/0
      KeepaliveTimer_Expires    Idle     | Idle     | Idle     | Idle 5/1 | Conf     | Est     
      SendHoldTimer_Expires     Idle     | Idle     | Idle     | Idle 8/0 | Idle 8/0 | Idle 8/0
      StableTimer_Expires       Idle     | Idle     | Idle     | Idle 5/1 | Idle 5/2 | Est     
      Tcp_CR_Acked              Idle     | Sent     | Sent     | Idle 5/1 | Idle 5/2 | Idle 5/3
      TcpConnectionConfirmed    Idle     | Sent     | Sent     | Idle 5/1 | Idle 5/2 | Idle 5/3
      TcpConnectionFails        Idle     | Act      | Idle     | Act      | Idle     | Idle    
      BGPOpen                   Idle     | Idle     | Idle     | Conf     | Idle 5/2 | Idle 5/3
      KeepAliveMsg              Idle     | Idle     | Idle     | Idle 5/1 | Est      | Est     
      UpdateMsg                 Idle     | Idle     | Idle     | Idle 5/1 | Idle 5/2 | Est     
      RouteRefreshMsg           Idle     | Idle     | Idle     | Idle 5/1 | Idle 5/2 | Est     
      NotifMsg                  Idle     | Idle     | Idle     | Idle     | Idle     | Idle    
      BGPHeaderErr              Idle     | Idle     | Idle     | Idle 1/2 | Idle 1/2 | Idle 1/2
      BGPOpenMsgErr             Idle     | Idle     | Idle     | Idle 2/4 | Idle 2/4 | Idle 2/4
      UpdateMsgErr              Idle     | Idle     | Idle     | Idle 5/1 | Idle 5/2 | Idle 3/1
      OpenCollisionDump         Idle     | Idle     | Idle     | Idle 6/7 | Idle 6/7 | Idle 6/7
      "
    `)
  })

  it.each<{ what: string; from: State; event: Event; effects: string[]; of?: FsmPeer }>([
    { what: 'dials', from: 'Idle', event: events.ManualStart, effects: ['connect', 'arm ConnectRetry 5'] },
    {
      what: 'only waits when passive',
      from: 'Idle',
      event: events.ManualStart,
      effects: [],
      of: { ...peer, passive: true },
    },
    {
      what: 'sends OPEN and waits long for the answer',
      from: 'Connect',
      event: events.Tcp_CR_Acked,
      effects: ['cancel ConnectRetry', 'cancel DelayOpen', 'send OPEN', 'arm Hold 240'],
    },
    {
      what: 'takes the smaller hold time, and a third of it for keepalives',
      from: 'OpenSent',
      event: events.BGPOpen,
      effects: ['send KEEPALIVE', 'arm Hold 90', 'arm Keepalive 30'],
    },
    {
      what: 'runs no timers with hold time 0',
      from: 'OpenSent',
      event: { kind: 'BGPOpen', open: { ...remote, holdTime: 0 } },
      effects: ['send KEEPALIVE', 'cancel Hold'],
    },
    {
      what: 'refuses another AS',
      from: 'OpenSent',
      event: { kind: 'BGPOpen', open: { ...remote, capabilities: [{ kind: 'fourOctetAs', as: 70_000 }] } },
      effects: ['send 2/2', 'cancelAll', 'close', 'arm IdleHold 5'],
    },
    {
      what: 'is up',
      from: 'OpenConfirm',
      event: events.KeepAliveMsg,
      effects: ['arm Hold 90', 'arm Stable 300', 'establish'],
    },
    { what: 'handles routes', from: 'Established', event: events.UpdateMsg, effects: ['arm Hold 90', 'process'] },
    {
      what: 'stops for good',
      from: 'Established',
      event: events.ManualStop,
      effects: ['send 6/2', 'cancelAll', 'close', 'release'],
    },
    {
      what: 'keeps routes when the connection breaks',
      from: 'Established',
      event: events.TcpConnectionFails,
      effects: ['cancelAll', 'close', 'release, graceful', 'arm IdleHold 5'],
    },
    {
      what: 'keeps routes after an expired hold timer with N bits',
      from: 'Established',
      event: events.HoldTimer_Expires,
      effects: ['send 4/0', 'cancelAll', 'close', 'release, graceful', 'arm IdleHold 5'],
    },
    {
      what: 'forgets routes after a Hard Reset',
      from: 'Established',
      event: { kind: 'NotifMsg', notification: notification(6, 9, Uint8Array.of(6, 2)) },
      effects: ['cancelAll', 'close', 'release', 'arm IdleHold 5'],
    },
    {
      what: 'is soon back when the peer has a new configuration',
      from: 'Established',
      event: events.NotifMsg,
      effects: ['cancelAll', 'close', 'release, graceful', 'arm IdleHold 1'],
    },
  ])('$what', ({ from, event, effects, of = peer }) => {
    expect(told(step(of, after(ways[from]), event).effects)).toEqual(effects)
  })

  it('sends the text of the operator', () => {
    const [first] = step(peer, after(ways.Established), events.ManualStop).effects
    expect(first).toEqual({ do: 'send', message: shutdown('administrativeShutdown', 'bye') })
  })

  it('waits longer after each failure, and forgets failures when stable', () => {
    const waits: string[] = []
    let status = idle
    for (let i = 0; i < 5; i++) {
      for (const kind of ['IdleHoldTimer_Expires', 'Tcp_CR_Acked', 'BGPHeaderErr'] as const) {
        const next = step(peer, status, events[kind])
        status = next.status
        waits.push(...told(next.effects).filter((text) => text.startsWith('arm IdleHold')))
      }
    }
    expect(waits).toEqual([5, 10, 20, 30, 30].map((seconds) => `arm IdleHold ${seconds}`))
    for (const kind of [
      'IdleHoldTimer_Expires',
      'Tcp_CR_Acked',
      'BGPOpen',
      'KeepAliveMsg',
      'StableTimer_Expires',
    ] as const)
      status = step(peer, status, events[kind]).status
    expect(status).toMatchObject({ state: 'Established', failures: 0 })
  })

  it('delays its OPEN until the peer sent one, or the timer expired', () => {
    const delayed = { ...peer, delayOpenTime: 3 }
    const waiting = after(['ManualStart', 'Tcp_CR_Acked'], delayed)
    expect(waiting).toMatchObject({ state: 'Connect', delaying: true })
    expect(told(step(delayed, waiting, events.BGPOpen).effects)).toContain('send OPEN')
    expect(step(delayed, waiting, events.BGPOpen).status.state).toBe('OpenConfirm')
    expect(step(delayed, waiting, events.DelayOpenTimer_Expires).status.state).toBe('OpenSent')
  })

  it('after any events: nothing runs in Idle but the wait to start, and a session is there exactly when agreed on', () => {
    const any = fc.array(fc.constantFrom(...Object.values(events)), { maxLength: 40 })
    const config = fc.record({ passive: fc.boolean(), delayOpenTime: fc.constantFrom(0, 3) })
    fc.assert(
      fc.property(config, any, (settings, sequence) => {
        const of = { ...peer, ...settings }
        let status = idle
        const timers = new Set<string>()
        let up = false
        for (const event of sequence) {
          const next = step(of, status, event)
          for (const effect of next.effects) {
            if (effect.do === 'arm') timers.add(effect.timer)
            else if (effect.do === 'cancel') timers.delete(effect.timer)
            else if (effect.do === 'cancelAll') timers.clear()
            else if (effect.do === 'establish') up = true
            else if (effect.do === 'release') up = false
          }
          status = next.status
          if (status.state === 'Idle') expect([...timers].filter((timer) => timer !== 'IdleHold')).toEqual([])
          expect(up).toBe(status.state === 'Established')
          expect(status.session !== undefined).toBe(['OpenConfirm', 'Established'].includes(status.state))
        }
      }),
    )
  })
})

describe('of two connections', () => {
  const speakers = { localId: '10.0.0.1', remoteId: '10.0.0.2', localAs: 1, remoteAs: 1 }

  it.each<{ other: State; graceful: boolean; verdict: string }>([
    { other: 'Connect', graceful: false, verdict: 'close-other' },
    { other: 'OpenSent', graceful: false, verdict: 'wait' },
    { other: 'Established', graceful: false, verdict: 'close-this' },
    { other: 'Established', graceful: true, verdict: 'close-other' },
  ])('beside one in $other (graceful: $graceful): $verdict', ({ other, graceful, verdict }) => {
    expect(resolveCollision(speakers, 'local', other, graceful)).toBe(verdict)
  })

  it('both ends keep the same one', () => {
    const speaker = fc.record({ id: fc.ipV4(), as: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(speaker, speaker, fc.constantFrom<Initiator>('local', 'remote'), (a, b, initiator) => {
        fc.pre(a.id !== b.id || a.as !== b.as)
        const here = { localId: a.id, remoteId: b.id, localAs: a.as, remoteAs: b.as }
        const there = { localId: b.id, remoteId: a.id, localAs: b.as, remoteAs: a.as }
        const mirrored = initiator === 'local' ? 'remote' : 'local'
        const verdict = resolveCollision(here, initiator, 'OpenConfirm', false)
        expect(resolveCollision(there, mirrored, 'OpenConfirm', false)).toBe(verdict)
      }),
    )
  })

  it('the higher identifier as an unsigned number stays, then the higher AS', () => {
    const high = { ...speakers, localId: '200.0.0.1', remoteId: '9.0.0.1' }
    expect(resolveCollision(high, 'local', 'OpenConfirm', false)).toBe('close-other')
    const same = { localId: '9.0.0.1', remoteId: '9.0.0.1', localAs: 1, remoteAs: 4_200_000_000 }
    expect(resolveCollision(same, 'local', 'OpenConfirm', false)).toBe('close-this')
  })
})
