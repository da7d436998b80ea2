import { setTimeout as sleep } from 'node:timers/promises'
import type { Network } from '@tortie/bgp'
import { describe, expect, it } from 'vitest'
import { daemons, type Neighbor } from './bgp-daemons.ts'
import { createCell, ours, peer, route, tcpCounter, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, rows 2, 5, 10 and 13. */
const names = ['BIRD', 'FRR', 'GoBGP'] as const
/** `BGP_ROUTES=500000` for a table of size. */
const count = Number(process.env.BGP_ROUTES ?? 10_000)
const graceful = { gracefulRestart: { enabled: true, time: 60, notification: false } }
const neighbor = (n: number, more: Partial<Neighbor> = {}): Neighbor => ({
  ours: ours(n),
  theirs: theirs(n),
  ourAs: 64512,
  ...more,
})

describe.concurrent.each(names)('%s', (name) => {
  it('is held still: its routes are gone when the hold time is over, graceful restart or not, and it comes back', async () => {
    await using cell = createCell()
    const description = {
      as: 64513,
      routerId: '10.0.0.2',
      networks: ['192.0.2.0/24'],
      neighbors: [neighbor(1, { holdTime: 3, gracefulRestart: 60 })],
    }
    const daemon = await daemons[name](cell.there, description, cell.dir, cell.signal)
    const dut = peer({ key: 'dut', address: theirs(1), localAddress: ours(1), holdTime: 3, ...graceful })
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [dut] }, cell)
    await speaker.until('its route is here', () => speaker.best().length === 1)
    daemon.pause()
    const from = performance.now()
    await speaker.until('it is given up', () => speaker.peer('dut').state !== 'Established')
    const seconds = (performance.now() - from) / 1000
    expect(speaker.best()).toEqual([])
    expect(speaker.events).toContainEqual(
      expect.objectContaining({ kind: 'notification', sent: true, notification: expect.objectContaining({ code: 4 }) }),
    )
    expect(seconds).toBeGreaterThan(1.5)
    daemon.resume()
    await speaker.until('it is back', () => speaker.best().length === 1)
  })

  it(`passes ${count} routes from one of our speakers to another, withdrawn and announced in storms`, async () => {
    await using cell = createCell()
    const description = {
      as: 64513,
      routerId: '10.0.0.2',
      transit: true,
      neighbors: [neighbor(1), neighbor(2, { ourAs: 64514 })],
    }
    await daemons[name](cell.there, description, cell.dir, cell.signal)
    const [from, to] = ([1, 2] as const).map((n) => {
      const one = peer({ key: 'dut', address: theirs(n), localAddress: ours(n), localAs: n === 1 ? 64512 : 64514 })
      return startSpeaker(cell.here, { routerId: `10.0.0.${n}1`, peers: [one], listen: listenOn(n) }, cell)
    }) as [RunningSpeaker, RunningSpeaker]
    await Promise.all([from.established('dut'), to.established('dut')])
    const all = (med: number) =>
      Array.from({ length: count }, (_, i) =>
        route(`${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`, { attributes: { med } }),
      )
    const arrived = (wanted: number) =>
      to.until(`${wanted} have arrived`, () => to.peer('dut').received === wanted, 60_000)
    from.speaker.announce(all(1))
    await arrived(count)
    // One attribute set, 4 octets a prefix: some 1,000 in a message.
    expect(from.peer('dut').messages.updates.sent).toBeLessThan(5 + count / 500)
    for (let storm = 2; storm < 5; storm++) {
      from.speaker.withdraw(all(0))
      if (storm % 2 === 0) await arrived(0)
      from.speaker.announce(all(storm))
      await arrived(count)
    }
    expect([from.peer('dut').flaps, to.peer('dut').flaps]).toEqual([0, 0])
  })

  it.each([
    { who: 'it', routerId: '10.0.0.1' },
    { who: 'we', routerId: '10.0.0.99' },
  ])(
    'and we dial each other at the same time, $who with the higher identifier: one session each',
    async ({ routerId }) => {
      await using cell = createCell()
      const pairs = [1, 2, 3, 4, 5, 6, 7, 8, 9]
      const neighbors = pairs.map((n) => neighbor(n))
      const peers = pairs.map((n) =>
        peer({ key: `${n}`, address: theirs(n), localAddress: ours(n), connectRetryTime: 5 }),
      )
      const keys = peers.map(({ key }) => key)
      const daemon = await daemons[name](
        cell.there,
        { as: 64513, routerId: '10.0.0.50', neighbors },
        cell.dir,
        cell.signal,
      )
      const speaker = startSpeaker(cell.here, { routerId, peers }, cell, { through: collide })
      await speaker.established(...keys)
      for (const { ours: address } of neighbors) await eventually('it says so', () => daemon.established(address), cell)
      await speaker.established(...keys)
      const established = cell.here.run('ss', '-Htn', 'state', 'established').trim().split('\n')
      expect(established).toHaveLength(keys.length)
      // GoBGP takes no second connection while it has one.
      const collisions = speaker.events.filter(
        (event) => event.kind === 'notification' && event.notification.code === 6 && event.notification.subcode === 7,
      )
      if (name !== 'GoBGP') expect(collisions.length).toBeGreaterThan(0)
    },
  )
})

/** Holds the first connection in each direction back until both are there, or a while has passed: then OPENs go over both. */
function collide(network: Network): Network {
  const dialled = new Map<string, PromiseWithResolvers<void>>()
  const accepted = new Map<string, PromiseWithResolvers<void>>()
  const gate = (gates: typeof dialled, address: string): PromiseWithResolvers<void> => {
    const found = gates.get(address) ?? Promise.withResolvers<void>()
    gates.set(address, found)
    return found
  }
  return {
    async connect(to, options, call) {
      const connection = await network.connect(to, options, call)
      gate(dialled, to.address).resolve()
      await Promise.race([gate(accepted, to.address).promise, sleep(2000)])
      return connection
    },
    listen: (listen, passwords, accept) =>
      network.listen(listen, passwords, (connection) => {
        gate(accepted, connection.remoteAddress).resolve()
        void Promise.race([gate(dialled, connection.remoteAddress).promise, sleep(2000)]).then(() => accept(connection))
      }),
  }
}

function listenOn(n: number) {
  return [{ family: 4, address: ours(n), port: 179 }] as const
}

it('BIRD with a TTL of 64 is no neighbour within one hop: what it sends is dropped (GTSM)', async () => {
  await using cell = createCell()
  const description = { as: 64513, routerId: '10.0.0.2', neighbors: [neighbor(1), neighbor(2, { hops: 1 })] }
  await daemons.BIRD(cell.there, description, cell.dir, cell.signal)
  const guarded = ([1, 2] as const).map((n) =>
    peer({ key: `${n}`, address: theirs(n), localAddress: ours(n), ttlSecurity: 1 }),
  )
  const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: guarded }, cell)
  await speaker.established('2')
  await eventually('packets are dropped', () => tcpCounter(cell.here, 'TCPMinTTLDrop') > 2, cell)
  expect(speaker.peer('1')).toMatchObject({ flaps: 0, messages: { received: 0 } })
})
