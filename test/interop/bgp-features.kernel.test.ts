import type { PeerConfig } from '@tortie/bgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DaemonName, daemons, type Neighbor, type RoutingDaemon } from './bgp-daemons.ts'
import { type Cell, createCell, ours, peer, route, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, rows 3, 4, 6, 7, 16 and 21: what two OPENs may agree on, with a session for each. */
interface Feature {
  readonly n: number
  readonly key: string
  readonly neighbor?: Partial<Neighbor>
  readonly peer?: Partial<PeerConfig>
}

const bigAs = 4_200_000_001
const features: readonly Feature[] = [
  { n: 1, key: 'plain' },
  {
    n: 2,
    key: 'add-path',
    neighbor: { addPath: true },
    peer: { addPath: { send: true, receive: true } },
  },
  { n: 3, key: 'as4', neighbor: { ourAs: bigAs }, peer: { localAs: bigAs } },
  { n: 4, key: 'short messages', peer: { extendedMessage: false } },
  { n: 5, key: 'nothing optional', peer: { ...bare() } },
  {
    n: 6,
    key: 'everything',
    neighbor: { families: [4, 6], gracefulRestart: 30, addPath: true },
    peer: {
      families: [4, 6],
      addPath: { send: true, receive: true },
      extendedNextHop: true,
      gracefulRestart: { enabled: true, time: 30, notification: true },
      longLived: { staleTime: 600 },
      nextHopSelf: { 6: 'fd00::1' },
    },
  },
]

function bare(): Partial<PeerConfig> {
  return {
    extendedMessage: false,
    enhancedRouteRefresh: false,
    gracefulRestart: { enabled: false, time: 0, notification: false },
  }
}

/** Words for the daemon to ask for all of our routes again; GoBGP never asks. */
const refreshWords: Readonly<Partial<Record<DaemonName, readonly string[]>>> = {
  BIRD: ['reload', 'in', 'n0'],
  FRR: [`clear bgp ${ours(1)} soft in`],
  ExaBGP: [`neighbor ${ours(5)} announce route-refresh ipv4 unicast`],
}
/** How a large community and one of 32 bits are told. */
const communityTexts: Readonly<Record<DaemonName, readonly RegExp[]>> = {
  BIRD: [/\(64512,7\)/, /\(64512, 1, 2\)/],
  FRR: [/64512:7/, /64512:1:2/],
  GoBGP: [/4227858439/, /"LocalData1":1,"LocalData2":2|64512:1:2/],
  ExaBGP: [/\[64512,7\]/, /\[64512,1,2\]/],
}
/** The communities of the two paths of one prefix. */
const pathTexts: Readonly<Record<DaemonName, readonly [RegExp, RegExp]>> = {
  BIRD: [/\(64512,8704\)/, /\(64512,8705\)/],
  FRR: [/64512:8704/, /64512:8705/],
  GoBGP: [/4227867136/, /4227867137/],
  ExaBGP: [/\[64512,8704\]/, /\[64512,8705\]/],
}
const big = route('10.1.5.0/24', {
  attributes: { communities: Array.from({ length: 1500 }, (_, i) => 0xfc000100 + i) },
})
const twice = (['a', 'b'] as const).map((id, i) =>
  route('10.1.2.0/24', { id, attributes: { communities: [((64512 << 16) >>> 0) | (0x2200 + i)] } }),
)

describe.each(['BIRD', 'FRR', 'GoBGP', 'ExaBGP'] as const)('%s', (name) => {
  let cell: Cell
  let daemon: RoutingDaemon
  let speaker: RunningSpeaker
  const knows =
    (prefix: string, what: RegExp = /./) =>
    async (): Promise<boolean> => {
      const text = await about(prefix)
      return text !== '' && what.test(text)
    }

  /** What the daemon says of a prefix. */
  async function about(prefix: string): Promise<string> {
    if (name === 'BIRD') return daemon.command('show', 'route', prefix, 'all').catch(() => '')
    if (name === 'FRR') {
      const text = await daemon.command(`show bgp ipv4 unicast ${prefix} json`)
      return text.trim() === '{}' ? '' : text
    }
    if (name === 'GoBGP') return daemon.command('global', 'rib', '-a', 'ipv4', prefix, '-j').catch(() => '')
    const text = await daemon.routes(4)
    return text.includes(prefix) ? text : ''
  }

  beforeAll(async () => {
    cell = createCell()
    const neighbors = features.map(({ n, neighbor }) => ({
      ours: ours(n),
      theirs: theirs(n),
      ourAs: 64512,
      ...neighbor,
    }))
    const networks = ['192.0.2.0/24', ...(name === 'ExaBGP' ? [] : ['2001:db8:2::/48'])]
    daemon = await daemons[name](
      cell.there,
      { as: 64513, routerId: '10.0.0.2', networks, neighbors },
      cell.dir,
      cell.signal,
    )
    const peers = features.map(({ n, key, peer: given }) =>
      peer({ key, address: theirs(n), localAddress: ours(n), ...given }),
    )
    speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers }, cell)
    const tagged = route('10.1.1.0/24', {
      attributes: { communities: [0xfc000007], largeCommunities: [[64512, 1, 2]] },
    })
    speaker.speaker.announce([tagged, big, ...twice])
    await speaker.established(...features.map(({ key }) => key))
  })
  afterAll(() => cell[Symbol.asyncDispose]())

  it('takes communities and large communities from us', async () => {
    for (const text of communityTexts[name]) await eventually(String(text), knows('10.1.1.0/24', text), cell)
  })

  it('has both paths of a prefix by ADD-PATH, then the one that is left', async () => {
    expect(speaker.peer('add-path').session).toMatchObject({
      send: { addPath: { 4: true } },
      receive: { addPath: { 4: true } },
    })
    const [first, second] = pathTexts[name]
    await eventually(
      'both are there',
      async () => {
        const text = await about('10.1.2.0/24')
        return first.test(text) && second.test(text)
      },
      cell,
    )
    if (name === 'ExaBGP') return // it has no table: what was said stays said
    speaker.speaker.withdraw([{ prefix: '10.1.2.0/24', id: 'b' }])
    await eventually(
      'one is left',
      async () => {
        const text = await about('10.1.2.0/24')
        return first.test(text) && !second.test(text)
      },
      cell,
    )
  })

  it('sees our 4-octet AS', async () => {
    expect(speaker.peer('as4').session).toMatchObject({ send: { as4: true }, peer: 'external' })
    await eventually('it is in the path', knows('10.1.1.0/24', /4200000001|4294967295/), cell)
  })

  it('gets an UPDATE of over 4096 octets only where both sides can', async () => {
    const extended = speaker.peer('plain').session?.send.extendedMessage
    expect(speaker.peer('short messages').session?.send.extendedMessage).toBe(false)
    if (extended) await eventually('it has it', knows('10.1.5.0/24', /\bn0\b|10\.0\.0\.11\b/), cell)
    const short = /\bn3\b|10\.0\.0\.41\b/
    if (name !== 'ExaBGP') expect(await knows('10.1.5.0/24', short)()).toBe(false)
    expect(speaker.speaker.peers().map(({ flaps }) => flaps)).toEqual(features.map(() => 0))
  })

  it('is asked for its routes again, and asks us, without a loss', async () => {
    // ExaBGP 4.2 drops the session when it receives any ROUTE-REFRESH, so it only asks, where the answer has none.
    const key = name === 'ExaBGP' ? 'nothing optional' : 'plain'
    const { received, sent } = speaker.peer(key).messages.updates
    if (name !== 'ExaBGP') {
      speaker.speaker.refresh(key, 'in')
      await speaker.until('they came again', () => speaker.peer(key).messages.updates.received > received)
    }
    const words = refreshWords[name]
    if (words) {
      await daemon.command(...words)
      await speaker.until('ours went again', () => speaker.peer(key).messages.updates.sent > sent)
      const { session, messages } = speaker.peer(key)
      expect(messages.refreshes.received).toBeGreaterThan(0)
      // Our request alone, or also the beginning and the end of the answer (RFC 7313).
      expect(messages.refreshes.sent).toBe(name === 'ExaBGP' ? 0 : session?.enhancedRouteRefresh ? 3 : 1)
    }
    const { state, flaps } = speaker.peer(key)
    expect({ state, flaps }).toEqual({ state: 'Established', flaps: 0 })
  })

  it('opens with nothing optional, and with everything', () => {
    expect(speaker.peer('nothing optional').session).toMatchObject({ enhancedRouteRefresh: false })
    expect(speaker.peer('everything').session).toMatchObject({ families: [4, 6], routeRefresh: true })
  })
})
