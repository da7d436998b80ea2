import { formatAsPath } from '@tortie/bgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { daemons, type RoutingDaemon } from './bgp-daemons.ts'
import { type Cell, createCell, ours, peer, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, rows 3, 16 and 17: attributes as ExaBGP crafts them, and 2-octet peers. */
describe('from ExaBGP', () => {
  let cell: Cell
  let exabgp: RoutingDaemon
  let speaker: RunningSpeaker
  const sender = ours(1)

  beforeAll(async () => {
    cell = createCell()
    const neighbors = [
      { ours: sender, theirs: theirs(1), ourAs: 64512 },
      { ours: ours(2), theirs: theirs(2), ourAs: 64512, theirAs: 64514 },
      { ours: ours(3), theirs: theirs(3), ourAs: 64512, theirAs: 64512 },
      { ours: ours(4), theirs: theirs(4), ourAs: 64512, theirAs: 64512 },
      { ours: ours(5), theirs: theirs(5), ourAs: 64512, theirAs: 64515 },
    ]
    exabgp = await daemons.ExaBGP(cell.there, { as: 64513, routerId: '10.0.0.2', neighbors }, cell.dir, cell.signal)
    const peers = [
      peer({ key: 'sender', address: theirs(1), localAddress: sender }),
      peer({ key: 'external', address: theirs(2), localAddress: ours(2), remoteAs: 64514 }),
      peer({ key: 'internal', address: theirs(3), localAddress: ours(3), remoteAs: 64512 }),
      peer({ key: 'internal, self', address: theirs(4), localAddress: ours(4), remoteAs: 64512, nextHop: 'self' }),
      peer({ key: 'external, keep', address: theirs(5), localAddress: ours(5), remoteAs: 64515, nextHop: 'keep' }),
    ]
    speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers }, cell)
    await speaker.established('sender', 'external', 'internal', 'internal, self', 'external, keep')
  })
  afterAll(() => cell[Symbol.asyncDispose]())

  let made = 0
  /** Announces a prefix of its own with more words. */
  async function announce(words: string): Promise<string> {
    const prefix = `192.0.${++made}.0/24`
    await exabgp.command(`neighbor ${sender} announce route ${prefix} next-hop ${theirs(1)} ${words}`)
    return prefix
  }
  const here = (prefix: string) => speaker.until(`${prefix} is here`, () => speaker.best().includes(prefix))
  /** What a session of ExaBGP was told of a prefix. */
  const told = (address: string, prefix: string): string =>
    (exabgp.exabgp?.events ?? [])
      .filter((event) => event.type === 'update' && JSON.stringify(event).includes(`"${address}"`))
      .map((event) => JSON.stringify(event))
      .filter((text) => text.includes(prefix))
      .join('\n')

  it.each([
    { community: 'no-advertise', external: false, internal: false },
    { community: 'no-export', external: false, internal: true },
    { community: '0xFFFFFF03', external: false, internal: true },
    { community: '64513:1', external: true, internal: true },
  ])(
    '$community: to external peers $external, to internal ones $internal',
    async ({ community, external, internal }) => {
      const prefix = await announce(`community [ ${community} ]`)
      // Sent after it, and to all: when this has come, the other would have too.
      const last = await announce('')
      await here(prefix)
      for (const address of [ours(2), ours(3)])
        await eventually('the last is told', () => told(address, last) !== '', cell)
      expect([told(ours(2), prefix) !== '', told(ours(3), prefix) !== '']).toEqual([external, internal])
    },
  )

  it.each([
    { to: 'external, auto', n: 2, gateway: ours(2), own: ours(2) },
    { to: 'internal, auto', n: 3, gateway: theirs(9), own: theirs(1) },
    { to: 'internal, self', n: 4, gateway: ours(4), own: ours(4) },
    { to: 'external, keep', n: 5, gateway: theirs(9), own: theirs(1) },
  ])('next hop to a peer that is $to', async ({ n, gateway, own }) => {
    const learned = await announce('')
    const local = `10.1.${n}.0/24`
    const via = {
      prefix: local,
      id: 'static',
      source: 'static',
      preference: 200,
      gateway: theirs(9),
      attributes: {},
    } as const
    speaker.speaker.announce([via])
    for (const [prefix, nextHop] of [
      [learned, own],
      [local, gateway],
    ] as const)
      await eventually(`${prefix} is told`, () => told(ours(n), prefix).includes(`"${nextHop}"`), cell)
  })

  it('an unknown transitive attribute is kept, and passed on as partial', async () => {
    const prefix = await announce('attribute [ 0x63 0xc0 0xdeadbeef ]')
    await here(prefix)
    await eventually('it is passed on', () => /0x63-0xe0.*deadbeef/i.test(told(ours(2), prefix)), cell)
  })

  it('an unknown optional attribute that is not transitive is dropped', async () => {
    const prefix = await announce('attribute [ 0x64 0x80 0xdeadbeef ]')
    await here(prefix)
    await eventually('it is passed on', () => told(ours(2), prefix) !== '', cell)
    expect(told(ours(2), prefix)).not.toMatch(/deadbeef/i)
  })

  it.each([
    ['COMMUNITIES of 3 octets', '0x08 0xc0 0xdeadbe'],
    ['MED of 1 octet', '0x04 0x80 0x01'],
    ['EXTENDED COMMUNITIES of 2 octets', '0x10 0xc0 0x0102'],
    ['LARGE COMMUNITIES of 3 octets', '0x20 0xc0 0x010203'],
    ['CLUSTER_LIST, well-known flags', '0x08 0x40 0x00010001'],
  ])('malformed %s: the route is withdrawn, and the session lives', async (_, attribute) => {
    const prefix = await announce('')
    await here(prefix)
    await exabgp.command(`neighbor ${sender} announce route ${prefix} next-hop ${theirs(1)} attribute [ ${attribute} ]`)
    await speaker.until('it is withdrawn', () => !speaker.best().includes(prefix))
    expect(speaker.peer('sender')).toMatchObject({ state: 'Established', flaps: 0 })
  })

  it.each([
    ['AGGREGATOR of 2 octets', '0x07 0xc0 0x0102'],
    ['ATOMIC_AGGREGATE of 1 octet', '0x06 0x40 0x01'],
    ['LOCAL_PREF of an external peer', '0x05 0x40 0x00000007'],
    ['ORIGINATOR_ID of an external peer', '0x09 0x80 0x01020304'],
  ])('%s: only the attribute is dropped', async (_, attribute) => {
    const prefix = await announce(`attribute [ ${attribute} ]`)
    await here(prefix)
    const [path] = [...speaker.speaker.paths(4, prefix)]
    expect(path?.attributes).toMatchObject({ origin: 0 })
    for (const dropped of ['aggregator', 'atomicAggregate', 'originatorId'])
      expect(path?.attributes).not.toHaveProperty(dropped)
    expect(path?.attributes.localPref ?? 100).toBe(100)
    expect(speaker.peer('sender')).toMatchObject({ state: 'Established', flaps: 0 })
  })
})

it.each(['BIRD', 'ExaBGP'] as const)(
  '%s with 2-octet AS numbers hears our large one as AS_TRANS and AS4_PATH',
  async (name) => {
    await using cell = createCell()
    // BIRD reads our capability even so, and takes any AS; ExaBGP knows us as AS_TRANS.
    const ourAs = name === 'BIRD' ? 4_200_000_001 : 23_456
    const neighbors = [{ ours: ours(1), theirs: theirs(1), ourAs, twoOctets: true }]
    const description = { as: 64513, routerId: '10.0.0.2', networks: ['192.0.2.0/24'], neighbors }
    const daemon = await daemons[name](cell.there, description, cell.dir, cell.signal)
    const dut = peer({ key: 'dut', address: theirs(1), localAddress: ours(1), localAs: 4_200_000_001 })
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [dut] }, cell)
    speaker.speaker.announce([{ prefix: '10.1.0.0/24', id: 'x', source: 'local', preference: 200, attributes: {} }])
    await speaker.until('its route is here', () => speaker.best().includes('192.0.2.0/24'))
    expect(speaker.peer('dut').session).toMatchObject({ send: { as4: false }, receive: { as4: false } })
    await eventually('it has ours', async () => /23456|4200000001/.test(await daemon.routes(4)), cell)
  },
)

it('a path through BIRD with 2-octet AS numbers is whole again by AS4_PATH', async () => {
  await using cell = createCell()
  const far = 4_200_000_002
  const neighbors = [
    { ours: ours(1), theirs: theirs(1), ourAs: far },
    { ours: ours(2), theirs: theirs(2), ourAs: 64512, twoOctets: true },
  ]
  const description = { as: 64513, routerId: '10.0.0.2', transit: true, neighbors }
  await daemons.BIRD(cell.there, description, cell.dir, cell.signal)
  const [source, dut] = ([1, 2] as const).map((n) => {
    const one = peer({ key: 'dut', address: theirs(n), localAddress: ours(n), localAs: n === 1 ? far : 64512 })
    const listen = [{ family: 4, address: ours(n), port: 179 }] as const
    return startSpeaker(cell.here, { routerId: `10.0.0.${n}1`, peers: [one], listen }, cell)
  }) as [RunningSpeaker, RunningSpeaker]
  source.speaker.announce([{ prefix: '10.7.0.0/24', id: 'x', source: 'local', preference: 200, attributes: {} }])
  await dut.until('it is here', () => dut.best().includes('10.7.0.0/24'))
  const [path] = [...dut.speaker.paths(4, '10.7.0.0/24')]
  expect(dut.peer('dut').session?.receive.as4).toBe(false)
  expect(formatAsPath(path?.attributes.asPath ?? [])).toBe(`64513 ${far}`)
})
