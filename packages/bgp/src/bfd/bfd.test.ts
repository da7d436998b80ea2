import { recordingLog, seededRandom, type VirtualClock, virtualClock } from '@tortie/runtime/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Datagram, TestNetwork } from '../testing/bfd.ts'
import { type Bfd, type BfdSession, type BfdSessionOptions, createBfd } from './bfd.ts'
import { type BfdState, type ControlPacket, Diagnostic, decodeControlPacket, encodeControlPacket } from './packet.ts'

let clock: VirtualClock
let network: TestNetwork
let log: ReturnType<typeof recordingLog>
let here: Bfd
let there: Bfd

beforeEach(() => {
  clock = virtualClock()
  network = new TestNetwork()
  log = recordingLog()
  here = createBfd({ clock, random: seededRandom(1), transport: network, log })
  there = createBfd({ clock, random: seededRandom(2), transport: network })
})

const path = { local: '10.0.0.1', remote: '10.0.0.2' }
const back = { local: '10.0.0.2', remote: '10.0.0.1' }
const fast = { minTxMs: 100, minRxMs: 100, detectMult: 3 }

interface Watched {
  readonly session: BfdSession
  /** Each change as `state diag`. */
  readonly changes: string[]
}

function open(bfd: Bfd, options: BfdSessionOptions): Watched {
  const changes: string[] = []
  const session = bfd.open({ ...options, onChange: ({ state, diag }) => changes.push(`${state} ${diag}`) })
  return { session, changes }
}

async function bothUp(more: Partial<BfdSessionOptions> = {}): Promise<{ a: Watched; b: Watched }> {
  const a = open(here, { ...path, ...fast, ...more })
  const b = open(there, { ...back, ...fast, ...more })
  await clock.advance(3000)
  expect([a.session.status.state, b.session.status.state]).toEqual(['Up', 'Up'])
  return { a, b }
}

const packetOf = ({ bytes }: Datagram): ControlPacket => {
  const decoded = decodeControlPacket(bytes)
  if (decoded.kind === 'refused') throw new Error(decoded.why)
  return decoded.packet
}
const sentFrom = (address: string): ControlPacket[] =>
  network.sent.filter(({ from }) => from.address === address).map(packetOf)

describe('a session', () => {
  it('comes up by three packets, and says so on both sides', async () => {
    const { a, b } = await bothUp()
    expect(a.changes.at(-1)).toBe('Up 0')
    expect(b.changes.at(-1)).toBe('Up 0')
    expect(a.session.status).toMatchObject({ transmitIntervalMs: 100, detectionTimeMs: 300, remoteState: 'Up' })
  })

  it('sends at 1 s until it is up, then as negotiated, with jitter', async () => {
    open(here, { ...path, ...fast })
    await clock.advance(10_000)
    const slow = network.sent.length
    expect(slow).toBeGreaterThanOrEqual(10)
    expect(slow).toBeLessThanOrEqual(14)
    expect(sentFrom('10.0.0.1')[0]?.desiredMinTxInterval).toBe(1_000_000)
    open(there, { ...back, ...fast, minRxMs: 200 })
    await clock.advance(3000)
    const before = sentFrom('10.0.0.1').length
    await clock.advance(10_000)
    const perSecond = (sentFrom('10.0.0.1').length - before) / 10
    expect(perSecond).toBeGreaterThan(5)
    expect(perSecond).toBeLessThan(6.7)
  })

  it('single-hop: port 3784 and TTL 255 both ways; the source port is one of the range and stays', async () => {
    const { a, b } = await bothUp()
    for (const { ttl, to, from } of network.sent) {
      expect([ttl, to.port]).toEqual([255, 3784])
      expect(from.port).toBeGreaterThanOrEqual(49_152)
    }
    expect(new Set(network.sent.map(({ from }) => `${from.address} ${from.port}`)).size).toBe(2)
    network.lost = (datagram) => {
      // As if through a router.
      network.deliver({ ...datagram, ttl: 254 })
      return true
    }
    await clock.advance(400)
    expect([a.session.status.state, b.session.status.state]).toEqual(['Down', 'Down'])
  })

  it('multi-hop: port 4784 and any TTL', async () => {
    network.lost = (datagram) => {
      queueMicrotask(() => network.deliver({ ...datagram, ttl: 200 }))
      return true
    }
    await bothUp({ multihop: true })
    expect(new Set(network.sent.map(({ to }) => to.port))).toEqual(new Set([4784]))
  })

  it('goes down by silence within the detection time, and comes up again', async () => {
    const { a, b } = await bothUp()
    network.lost = () => true
    await clock.advance(299 - 100)
    expect(a.session.status.state).toBe('Up')
    await clock.advance(101)
    expect(a.changes.at(-1)).toBe(`Down ${Diagnostic.ControlDetectionTimeExpired}`)
    expect(b.changes.at(-1)).toBe(`Down ${Diagnostic.ControlDetectionTimeExpired}`)
    expect(sentFrom('10.0.0.1').at(-1)).toMatchObject({ state: 'Down', yourDiscr: 0, desiredMinTxInterval: 1_000_000 })
    network.lost = () => false
    await clock.advance(3000)
    expect(a.session.status).toMatchObject({ state: 'Up', diag: 0 })
  })

  it('one direction cut: the side that hears nothing tells the other', async () => {
    const { a, b } = await bothUp()
    network.lost = ({ from }) => from.address === '10.0.0.2'
    await clock.advance(310)
    expect(a.changes).toContain(`Down ${Diagnostic.ControlDetectionTimeExpired}`)
    expect(b.changes).toContain(`Down ${Diagnostic.NeighborSignaledSessionDown}`)
  })

  it('AdminDown holds the other side down until it is enabled', async () => {
    const { a, b } = await bothUp()
    a.session.disable()
    await clock.advance(5000)
    expect(a.session.status).toMatchObject({ state: 'AdminDown', diag: Diagnostic.AdministrativelyDown })
    expect(b.session.status).toMatchObject({
      state: 'Down',
      diag: Diagnostic.NeighborSignaledSessionDown,
      remoteState: 'AdminDown',
      remoteDiag: Diagnostic.AdministrativelyDown,
    })
    a.session.enable()
    await clock.advance(3000)
    expect([a.session.status.state, b.session.status.state]).toEqual(['Up', 'Up'])
  })

  it('a path known to be gone takes it down at once', async () => {
    const { a, b } = await bothUp()
    network.lost = ({ from }) => from.address === '10.0.0.2'
    a.session.pathDown()
    expect(a.session.status).toMatchObject({ state: 'Down', diag: Diagnostic.PathDown })
    await clock.advance(0)
    expect(b.session.status).toMatchObject({ state: 'Down', remoteDiag: Diagnostic.PathDown })
  })

  it('disposing tells the other side, and leaves no socket and no timer', async () => {
    const { b } = await bothUp()
    here[Symbol.dispose]()
    await clock.advance(0)
    expect(b.session.status).toMatchObject({ state: 'Down', remoteState: 'AdminDown' })
    there[Symbol.dispose]()
    expect(network.size).toBe(0)
    const sent = network.sent.length
    await clock.advance(60_000)
    expect(network.sent).toHaveLength(sent)
  })

  it('the peer that restarted is recognised by its addresses', async () => {
    const { a } = await bothUp()
    network.lost = ({ from }) => from.address === '10.0.0.2'
    there[Symbol.dispose]()
    network.lost = () => false
    const again = createBfd({ clock, random: seededRandom(3), transport: network })
    const b = open(again, { ...back, ...fast })
    await clock.advance(4000)
    expect([a.session.status.state, b.session.status.state]).toEqual(['Up', 'Up'])
    expect(a.changes).toContain(`Down ${Diagnostic.NeighborSignaledSessionDown}`)
  })
})

describe('timers', () => {
  it('are changed by Poll and Final without losing the session, in any direction', async () => {
    const { a, b } = await bothUp()
    for (const timers of [{ minTxMs: 500, minRxMs: 400 }, { minTxMs: 50, minRxMs: 60 }, { detectMult: 5 }]) {
      const from = network.sent.length
      a.session.update(timers)
      await clock.advance(2000)
      const packets = network.sent.slice(from).map(packetOf)
      const negotiated = !('detectMult' in timers)
      expect(packets.some(({ poll }) => poll)).toBe(negotiated)
      expect(packets.filter(({ final }) => final).length).toBe(negotiated ? 1 : 0)
      expect(packets.every(({ poll, final }) => !(poll && final))).toBe(true)
    }
    expect(a.session.status).toMatchObject({ transmitIntervalMs: 100, detectionTimeMs: 300 })
    expect(b.session.status).toMatchObject({ transmitIntervalMs: 100, detectionTimeMs: 500 })
    expect([...a.changes, ...b.changes].filter((change) => change.startsWith('Down'))).toEqual([])
  })

  it('a change to slower survives the loss of the Finals', async () => {
    const { a, b } = await bothUp()
    network.lost = (datagram) => packetOf(datagram).final
    a.session.update({ minTxMs: 1000 })
    await clock.advance(3000)
    expect(a.session.status.transmitIntervalMs).toBe(100)
    network.lost = () => false
    await clock.advance(3000)
    expect(a.session.status.transmitIntervalMs).toBe(1000)
    expect(b.changes.filter((change) => change.startsWith('Down'))).toEqual([])
  })

  it('follow the other side, which may also ask for silence', async () => {
    const { a, b } = await bothUp()
    b.session.update({ minRxMs: 700 })
    await clock.advance(2000)
    expect(a.session.status.transmitIntervalMs).toBe(700)
    const discr = sentFrom('10.0.0.1')[0]?.myDiscr ?? 0
    const last = network.sent.filter(({ from }) => from.address === '10.0.0.2').at(-1)
    if (!last) throw new Error('nothing was sent')
    network.deliver({
      ...last,
      bytes: encodeControlPacket({ ...packetOf(last), yourDiscr: discr, requiredMinRxInterval: 0 }),
    })
    expect(a.session.status.transmitIntervalMs).toBeUndefined()
  })

  it('are checked', () => {
    for (const wrong of [{ minTxMs: 0 }, { minRxMs: 5_000_000 }, { detectMult: 256 }, { detectMult: 1.5 }])
      expect(() => here.open({ ...path, ...wrong })).toThrow(expect.objectContaining({ code: 'bgp/bad-value' }))
    expect(network.size).toBe(0)
  })
})

describe('what belongs to no session', () => {
  const forged = (change: Partial<ControlPacket>, from: string): Datagram => ({
    bytes: encodeControlPacket({ ...packetOf(network.sent[0] as Datagram), ...change }),
    from: { address: from, port: 50_000 },
    to: { address: '10.0.0.1', port: 3784 },
    ttl: 255,
  })

  it('a flood is dropped, counted and logged once a minute, and harms nobody', async () => {
    const { a } = await bothUp()
    for (let i = 0; i < 10_000; i++) network.deliver(forged({ yourDiscr: i + 1, state: 'Down' }, `192.0.2.${i % 250}`))
    for (let i = 0; i < 10_000; i++) network.deliver({ ...forged({}, '10.0.0.2'), bytes: new Uint8Array(i % 24) })
    expect(here.dropped).toEqual({ 'unknown-session': 10_000, length: 10_000 })
    expect(log.lines.filter(({ event }) => event === 'bfd.packets.dropped')).toHaveLength(1)
    expect(a.session.status.state).toBe('Up')
  })

  it('the right discriminator from the wrong address', async () => {
    const { a } = await bothUp()
    const discr = sentFrom('10.0.0.1')[0]?.myDiscr ?? 0
    network.deliver(forged({ yourDiscr: discr, state: 'Down' }, '10.0.0.66'))
    expect(here.dropped).toEqual({ 'wrong-source': 1 })
    expect(a.session.status.state).toBe('Up')
  })

  it('two sessions between the same addresses are refused', () => {
    open(here, path)
    expect(() => open(here, path)).toThrow(expect.objectContaining({ code: 'bgp/bad-value' }))
    expect(() => open(here, { local: '10.0.0.1', remote: 'fd00::2' })).toThrow('family')
    expect(network.size).toBe(2)
  })

  it('sessions of one address share its socket, and are told apart', async () => {
    const states: BfdState[] = []
    const far = ['10.0.0.3', '10.0.0.4'].map((local) =>
      createBfd({ clock, random: seededRandom(9), transport: network }).open({ local, remote: '10.0.0.1' }),
    )
    for (const remote of ['10.0.0.3', '10.0.0.4']) open(here, { local: '10.0.0.1', remote })
    await clock.advance(3000)
    for (const { status } of far) states.push(status.state)
    expect(states).toEqual(['Up', 'Up'])
    expect(network.size).toBe(1 + 2 + 4)
  })

  it('a packet that cannot be sent is said once', async () => {
    const failing = createBfd({
      clock,
      random: seededRandom(1),
      log,
      transport: {
        open: () => ({
          send() {
            throw new Error('ENETUNREACH')
          },
          [Symbol.dispose]: () => undefined,
        }),
      },
    })
    failing.open(path)
    await clock.advance(10_000)
    expect(log.lines.filter(({ event }) => event === 'bfd.send.failed')).toHaveLength(1)
  })
})
