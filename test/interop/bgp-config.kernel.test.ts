import type { PeerConfig } from '@tortie/bgp'
import { rejectAll } from '@tortie/bgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { daemons, type RoutingDaemon } from './bgp-daemons.ts'
import { type Cell, createCell, ours, peer, route, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, row 18: what a change of configuration does to a session with a real daemon. */
describe.each(['BIRD', 'FRR'] as const)('%s', (name) => {
  let cell: Cell
  let daemon: RoutingDaemon
  let speaker: RunningSpeaker
  const base = { key: 'dut', address: theirs(1), localAddress: ours(1) }
  const configure = (given: Partial<PeerConfig>, more: object = {}): void =>
    speaker.speaker.configure({ ...speaker.config, peers: [peer({ ...base, ...given })], ...more })
  const has = async (): Promise<boolean> => (await daemon.routes(4)).includes('10.1.0.0/24')

  beforeAll(async () => {
    cell = createCell()
    const neighbors = [{ ours: ours(1), theirs: theirs(1), ourAs: 64512 }]
    const description = { as: 64513, routerId: '10.0.0.2', networks: ['192.0.2.0/24'], neighbors }
    daemon = await daemons[name](cell.there, description, cell.dir, cell.signal)
    speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [peer(base)] }, cell)
    speaker.speaker.announce([route('10.1.0.0/24')])
    await eventually('it has our route', has, cell)
    await speaker.until('its route is here', () => speaker.best().includes('192.0.2.0/24'))
  })
  afterAll(() => cell[Symbol.asyncDispose]())

  it('filters, times, next hop, ports and drain change without a loss', async () => {
    const { flaps } = speaker.peer('dut')
    configure({ exportFilter: rejectAll })
    await eventually('our route is withdrawn', async () => !(await has()), cell)
    configure({ importFilter: rejectAll })
    await eventually('our route is back', has, cell)
    await speaker.until('its route is refused', () => !speaker.best().includes('192.0.2.0/24'))
    configure({ keepaliveTime: 1, nextHop: 'self', allowLocalAs: 1, passive: true })
    await speaker.until('its route is taken again', () => speaker.best().includes('192.0.2.0/24'))
    const { received } = speaker.peer('dut').messages
    configure({}, { listen: [{ family: 4, port: 1179 }] })
    configure({ draining: true })
    await eventually(
      'it is told to move away',
      async () => /65535[,:]0|graceful.shutdown/i.test(await daemon.command(...about)),
      cell,
    )
    expect(speaker.peer('dut').flaps).toBe(flaps)
    expect(speaker.peer('dut').messages.received).toBeGreaterThanOrEqual(received)
    expect(await daemon.established(ours(1))).toBe(true)
  })
  const about = name === 'BIRD' ? ['show', 'route', '10.1.0.0/24', 'all'] : ['show bgp ipv4 unicast 10.1.0.0/24 json']

  it.each<[string, Partial<PeerConfig>]>([
    ['hold time', { holdTime: 60 }],
    ['graceful restart', { gracefulRestart: { enabled: true, time: 77, notification: false } }],
    ['ADD-PATH', { addPath: { send: true, receive: true } }],
  ])('another %s costs the session once', async (_, change) => {
    configure({})
    await speaker.established('dut')
    const { flaps } = speaker.peer('dut')
    configure(change)
    await speaker.until('it is reset', () => speaker.peer('dut').flaps === flaps + 1)
    await speaker.until('it is back', () => speaker.best().includes('192.0.2.0/24'))
    await eventually('our route is back', has, cell)
  })

  it('a peer that is removed is told so (6/3), and the daemon forgets our route', async () => {
    speaker.speaker.configure({ ...speaker.config, peers: [] })
    await eventually('our route is gone', async () => !(await has()), cell)
    expect(await daemon.established(ours(1))).toBe(false)
    const last = speaker.events.findLast((event) => event.kind === 'notification')
    expect(last).toMatchObject({ sent: true, notification: { code: 6, subcode: 3 } })
  })
})
