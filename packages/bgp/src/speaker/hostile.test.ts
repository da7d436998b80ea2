import { seededRandom } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeMessage, keepalive } from '../message/message.ts'
import { nlriOf } from '../message/nlri.ts'
import { defaultWireOptions } from '../message/options.ts'
import { emptyUpdate } from '../message/update.ts'
import { createLab, type Lab, localRoute, type Node, neighbor } from '../testing/lab.ts'
import { openOf } from './open.ts'
import type { Connection } from './ports.ts'

/** A speaker with a good peer and a bad one. */
let lab: Lab
let dut: Node
let good: Node
const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const holdTime = 9

beforeEach(async () => {
  lab = createLab()
  dut = lab.node(a, [
    neighbor(b, { holdTime }),
    neighbor(c, { holdTime, passive: true, maxPrefixes: { 4: 50_000 }, reflect: { clusterId: a } }),
  ])
  good = lab.node(b, [neighbor(a, { holdTime })])
  good.speaker.announce([localRoute('10.2.0.0/24')])
  await lab.until('the good peer is up', () => dut.best().length === 1)
})
afterEach(() => lab.end())

/** The good session lives on and is served. */
async function goodIsWell(): Promise<void> {
  const { state, flaps } = dut.peer(b)
  expect({ state, flaps }).toEqual({ state: 'Established', flaps: 0 })
  good.speaker.announce([localRoute('10.2.99.0/24')])
  await lab.until('the good peer is heard', () => dut.best().includes('10.2.99.0/24'), 1)
}

const open = encodeMessage(
  openOf(
    { routerId: c },
    neighbor(a, { holdTime, gracefulRestart: { enabled: false, time: 0, notification: false } }),
    { restarting: false, forwarding: [], without: 'nothing' },
  ),
  defaultWireOptions,
)
const alive = encodeMessage(keepalive, defaultWireOptions)
const never = new AbortController().signal

/** A peer by hand: it dials, and says what it is told. */
async function dial(): Promise<Connection & { readonly ended: () => boolean }> {
  const network = lab.network.host(c)
  const connection = await lab.clock.drive(network.connect({ address: a, port: 179 }, { ttl: 64 }, { signal: never }))
  let ended = false
  connection.start({ data: () => undefined, drain: () => undefined, end: () => (ended = true) })
  return Object.assign(connection, { ended: () => ended })
}

async function establish(): Promise<Awaited<ReturnType<typeof dial>>> {
  const connection = await dial()
  connection.write(open)
  connection.write(alive)
  await lab.until('the bad peer is up', () => dut.peer(c).state === 'Established')
  return connection
}

/** An UPDATE with 800 prefixes. */
function flood(round: number): Uint8Array {
  const prefixes = Array.from({ length: 800 }, (_, i) => `20.${round % 50}.${i >> 8}.${i & 255}/32`)
  const attributes = { origin: 0, asPath: [], nextHop: c, localPref: 100, med: round } as const
  const nlri = nlriOf(4, prefixes)
  return encodeMessage({ ...emptyUpdate, nlri, attributes }, { ...defaultWireOptions, extendedMessage: true })
}

describe('a peer that', () => {
  it('floods: what is not read yet is bounded, it is pushed back, and others are served', async () => {
    const connection = await establish()
    for (let round = 0; round < 200; round++) connection.write(flood(round))
    await goodIsWell()
    await lab.until('all is read', () => connection.unsent === 0, 60)
    await goodIsWell()
    expect(dut.peer(c)).toMatchObject({ state: 'Established', received: 40_000 })
  })

  it('sends more prefixes than it may is told Cease 6/1, and kept away for a while', async () => {
    const connection = await establish()
    for (let i = 0; i < 70; i++) {
      const prefixes = Array.from({ length: 800 }, (_, j) => `20.${i}.${j >> 8}.${j & 255}/32`)
      const attributes = { origin: 0, asPath: [], nextHop: c, localPref: 100 } as const
      connection.write(
        encodeMessage(
          { ...emptyUpdate, nlri: nlriOf(4, prefixes), attributes },
          { ...defaultWireOptions, extendedMessage: true },
        ),
      )
    }
    await lab.until('it is stopped', () => dut.peer(c).state !== 'Established')
    expect(dut.peer(c).lastError).toBe('sent cease/maximumPrefixes')
    expect(dut.best()).toEqual(['10.2.0.0/24'])
    const again = await dial()
    await lab.until('it is refused', again.ended, 1)
    await goodIsWell()
  })

  it('stalls its socket: routes wait in the tables, not in buffers, and it is given up at last', async () => {
    const connection = await establish()
    connection.pause(true)
    // Some 4 MB on the wire.
    for (let i = 0; i < 4000; i++) {
      const communities = Array.from({ length: 200 }, (_, j) => i * 1000 + j)
      const routes = Array.from({ length: 10 }, (_, j) => localRoute(`30.${i >> 8}.${i & 255}.${j}/32`))
      good.speaker.announce(routes.map((route) => ({ ...route, attributes: { communities } })))
    }
    const start = lab.clock.monotonicMs()
    const speak = async (): Promise<void> => {
      for (let seconds = 0; seconds < 700; seconds += 2) {
        if (!connection.ended()) connection.write(alive)
        await lab.clock.sleep(2000, { signal: never })
      }
    }
    const speaking = speak()
    await lab.until('the good peer is heard', () => dut.peer(b).received === 40_001, 10)
    // What it says is heard, so the hold timer is content; but it takes nothing (RFC 9687).
    await lab.until('it is given up', () => dut.peer(c).state !== 'Established', 700)
    expect((lab.clock.monotonicMs() - start) / 1000).toBeGreaterThan(480)
    expect(dut.peer(c).lastError).toBe('sent sendHoldTimerExpired')
    const sent = lab.network.connections.filter(({ localAddress }) => localAddress === a)
    const most = Math.max(...sent.map(({ mostUnsent }) => mostUnsent))
    expect(most).toBeGreaterThan(256 * 1024)
    expect(most).toBeLessThan(1024 * 1024)
    await lab.clock.drive(speaking)
    await goodIsWell()
  })

  it('sends one octet at a time is understood', async () => {
    lab.network.segments(c, 1)
    const connection = await establish()
    for (let round = 0; round < 3; round++) connection.write(flood(round))
    await lab.until('its routes are there', () => dut.peer(c).received === 2400)
    await goodIsWell()
  })

  it('flaps: it is taken each time, and nothing of it stays', async () => {
    for (let i = 0; i < 30; i++) {
      const connection = await establish()
      connection.write(flood(i))
      await lab.pass(0.1)
      connection.abort()
      await lab.until('it is gone', () => dut.peer(c).state !== 'Established')
    }
    expect(dut.peer(c).flaps).toBe(30)
    expect(dut.best()).toEqual(['10.2.0.0/24'])
    expect(lab.network.connections).toHaveLength(2)
    await goodIsWell()
  })

  it('connects and says nothing: only its last connection is kept', async () => {
    const all: Awaited<ReturnType<typeof dial>>[] = []
    for (let i = 0; i < 20; i++) all.push(await dial())
    await lab.pass(1)
    expect(all.filter(({ ended }) => !ended())).toHaveLength(1)
    await lab.until('that one is ended too', () => all.every(({ ended }) => ended()), 300)
    await goodIsWell()
  })

  it('sends rubbish is told so, in every state, and nothing breaks', async () => {
    const random = seededRandom(3)
    for (let i = 0; i < 60; i++) {
      const connection = await dial()
      if (i % 3 > 0) connection.write(open)
      if (i % 3 > 1) connection.write(alive)
      const rubbish = Uint8Array.from({ length: 100 }, () => random.next() * 256)
      if (i % 2 === 0) rubbish.fill(0xff, 0, 16)
      connection.write(rubbish)
      await lab.until('it is ended', connection.ended, 300)
      await lab.pass(31) // its back-off
    }
    await goodIsWell()
  })

  it('is not known is turned away', async () => {
    const network = lab.network.host('10.0.0.99')
    const stranger = await lab.clock.drive(network.connect({ address: a, port: 179 }, { ttl: 64 }, { signal: never }))
    let ended = false
    stranger.start({ data: () => undefined, drain: () => undefined, end: () => (ended = true) })
    await lab.until('it is turned away', () => ended, 1)
  })
})
