import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeMessage } from '../message/message.ts'
import { notification } from '../message/notification.ts'
import { defaultWireOptions } from '../message/options.ts'
import { createLab, type Lab, localRoute, neighbor } from '../testing/lab.ts'
import type { PathMonitor } from './ports.ts'

let lab: Lab
beforeEach(() => {
  lab = createLab()
})
afterEach(() => lab.end())

const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const

describe('dynamic neighbours', () => {
  const {
    address: _,
    key: __,
    passive: ___,
    ...peer
  } = neighbor('0.0.0.0', { gracefulRestart: { enabled: false, time: 0, notification: false } })
  const dynamic = [{ prefix: '10.0.0.0/30', limit: 2, peer }]

  it('come from the prefix, up to the limit, and are forgotten when they go', async () => {
    const hub = lab.node(a, [], { dynamic })
    const spokes = [b, c, '10.0.0.9'].map((address) => lab.node(address, [neighbor(a)]))
    spokes[0]?.speaker.announce([localRoute('10.2.0.0/24')])
    await lab.until('two are up', () => hub.speaker.peers().filter(({ state }) => state === 'Established').length === 2)
    await lab.until('their routes are there', () => hub.best().length === 1)
    expect(hub.speaker.peers().map(({ key }) => key)).toEqual(['Dynamic_10_0_0_2', 'Dynamic_10_0_0_3'])
    spokes[0]?.kill()
    await lab.until('one is gone', () => hub.speaker.peers().length === 1)
    expect(hub.best()).toEqual([])
    expect(hub.peer('Dynamic_10_0_0_3').state).toBe('Established')
    hub.speaker.configure({ ...hub.config, dynamic: [] })
    await lab.until('all are gone', () => hub.speaker.peers().length === 0)
  })

  it('are no more than the limit', async () => {
    const hub = lab.node(a, [], { dynamic: [{ prefix: '10.0.0.0/24', limit: 1, peer }] })
    for (const address of [b, c]) lab.node(address, [neighbor(a)])
    await lab.pass(60)
    expect(hub.speaker.peers()).toHaveLength(1)
  })
})

it('a peer behind a port of its own, and one that only waits', async () => {
  const one = lab.node(a, [neighbor(b, { port: 1790 })])
  const two = lab.node(b, [neighbor(a, { passive: true })], { listen: [{ family: 4, port: 1790 }] })
  await lab.until('up', () => one.peer(b).state === 'Established' && two.peer(a).state === 'Established')
  expect(lab.network.connections.map(({ remotePort }) => remotePort)).toContain(1790)
})

it('two that only wait never meet', async () => {
  const one = lab.node(a, [neighbor(b, { passive: true })])
  lab.node(b, [neighbor(a, { passive: true })])
  await lab.pass(300)
  expect(one.peer(b)).toMatchObject({ state: 'Active', flaps: 0 })
})

it('with different passwords they never meet, and do as soon as they are the same', async () => {
  const one = lab.node(a, [neighbor(b, { password: 'one' })])
  const two = lab.node(b, [neighbor(a, { password: 'two' })])
  await lab.pass(60)
  expect([one.peer(b).state, two.peer(a).state]).not.toContain('Established')
  const why = `no answer from ${b} port 179: check way and firewall, or the password`
  expect(one.peer(b).lastError).toBe(why)
  expect(one.events.filter(({ kind }) => kind === 'problem')).toEqual([{ kind: 'problem', peer: b, why }])
  two.speaker.configure({ ...two.config, peers: [neighbor(a, { password: 'one' })] })
  await lab.until('up', () => one.peer(b).state === 'Established', 30)
  expect(one.peer(b).lastError).toBeUndefined()
})

it('expects the peer on the source address that is configured', async () => {
  const one = lab.node(a, [neighbor(b, { localAddress: '10.0.0.77', passive: true })])
  lab.node(b, [neighbor(a)])
  await lab.pass(30)
  expect(one.peer(b).state).toBe('Active')
})

it('opens without capabilities once a peer has refused them, and with them again after that', async () => {
  const opens: number[] = []
  const listener = await lab.network.host(b).listen({ family: 4, port: 179 }, new Map(), (connection) => {
    let first = true
    connection.start({
      data(bytes) {
        if (first) opens.push(bytes[28] ?? 0) // octets of optional parameters
        first = false
        connection.write(encodeMessage(notification(2, 4), defaultWireOptions))
        void connection.close(1000)
      },
      drain: () => undefined,
      end: () => undefined,
    })
  })
  lab.node(a, [neighbor(b, { idleHoldTime: { first: 1, longest: 1 } })])
  await lab.until('it tried three times', () => opens.length >= 3)
  expect(opens.slice(0, 3).map((octets) => octets > 0)).toEqual([true, false, true])
  listener.close()
})

it('backs off longer and longer from a peer that errs', async () => {
  const times: number[] = []
  const listener = await lab.network.host(b).listen({ family: 4, port: 179 }, new Map(), (connection) => {
    times.push(lab.clock.monotonicMs() / 1000)
    connection.start({ data: () => undefined, drain: () => undefined, end: () => undefined })
    connection.write(encodeMessage(notification(2, 2), defaultWireOptions))
    void connection.close(1000)
  })
  lab.node(a, [neighbor(b)])
  await lab.until('many attempts', () => times.length >= 6, 200)
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
  for (const [i, most] of [5, 10, 20, 30, 30].entries()) {
    expect(gaps[i]).toBeLessThanOrEqual(most + 0.1)
    expect(gaps[i]).toBeGreaterThanOrEqual(most * 0.75)
  }
  listener.close()
})

it('sends keepalives in time, also of less than a third of the hold time, and lives without them', async () => {
  const one = lab.node(a, [neighbor(b, { holdTime: 30, keepaliveTime: 2 }), neighbor(c, { holdTime: 0 })])
  const two = lab.node(b, [neighbor(a, { holdTime: 90 })])
  const three = lab.node(c, [neighbor(a)])
  await lab.until('up', () => one.peer(b).state === 'Established' && one.peer(c).state === 'Established')
  const [before, quiet] = [two.peer(a).messages.received, three.peer(a).messages.received]
  await lab.pass(60)
  expect(two.peer(a).messages.received - before).toBeGreaterThanOrEqual(30)
  expect(two.peer(a).messages.received - before).toBeLessThanOrEqual(41)
  expect(three.peer(a).messages.received).toBe(quiet)
  expect([one.peer(b).flaps, one.peer(c).flaps]).toEqual([0, 0])
})

it('ends a session when its path is lost (BFD), with Cease 6/10', async () => {
  let down: () => void = () => undefined
  const watched: string[] = []
  const bfd: PathMonitor = {
    watch(path, lost) {
      watched.push(`${path.localAddress} ${path.address} ${path.minTx}`)
      down = lost
      return { [Symbol.dispose]: () => void watched.push('end') }
    },
  }
  const timers = { minTx: 50, minRx: 50, multiplier: 3, multihop: false }
  const one = lab.node(a, [neighbor(b, { bfd: timers })], {}, { bfd })
  const two = lab.node(b, [neighbor(a)])
  await lab.until('up', () => one.peer(b).state === 'Established')
  down()
  await lab.until('down', () => two.peer(a).flaps === 1)
  expect(two.peer(a).lastError).toBe('received cease/bfdDown')
  expect(watched.slice(0, 2)).toEqual(['10.0.0.1 10.0.0.2 50', 'end'])
  await lab.until('up again', () => one.peer(b).state === 'Established')
})

it('with roles that do not fit it stays down (RFC 9234)', async () => {
  const one = lab.node(a, [neighbor(b, { remoteAs: 64513, role: 3 })])
  lab.node(b, [neighbor(a, { localAs: 64513, remoteAs: 64512, role: 3 })])
  await lab.pass(20)
  expect(one.peer(b).state).not.toBe('Established')
  expect(one.peer(b).lastError).toContain('roleMismatch')
})

it('stops without a word to restart, and with one to stay away', async () => {
  const one = lab.node(a, [neighbor(b)])
  const two = lab.node(b, [neighbor(a)])
  one.speaker.announce([localRoute('10.1.0.0/24')])
  await lab.until('up', () => two.best().length === 1)
  await lab.clock.drive(one.speaker.stop('restart'))
  await lab.until('down', () => two.peer(a).state !== 'Established')
  expect(two.best()).toEqual(['10.1.0.0/24'])
  expect(two.peer(a)).toMatchObject({ restarting: true, lastError: 'TcpConnectionFails' })
  one.speaker.configure(one.config)
  await lab.pass(30)
  expect(two.peer(a).state).not.toBe('Established')
})

it('resolves next hops as its owner says', async () => {
  const one = lab.node(a, [neighbor(b)], {}, { resolveByDefault: undefined } as never)
  const two = lab.node(b, [neighbor(a)])
  two.speaker.announce([localRoute('10.2.0.0/24')])
  await lab.until('it asks', () => one.events.some((event) => event.kind === 'next-hops' && event.added.includes(b)))
  expect(one.best()).toEqual([])
  one.speaker.resolveNextHop(b, { metric: 0, interface: 'eth0' })
  await lab.until('it is best', () => one.best().length === 1)
  one.speaker.resolveNextHop(b, undefined)
  await lab.until('it is not', () => one.best().length === 0)
})
