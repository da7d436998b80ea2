import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DaemonName, daemons, type RoutingDaemon } from './bgp-daemons.ts'
import { type Cell, createCell, ours, peer, route, tcpCounter, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, row 1 (and 13 for GTSM): a session of each kind with each daemon, all at once. */
const kinds = [
  { n: 1, name: 'eBGP over IPv4', family: 4, internal: false },
  { n: 2, name: 'iBGP over IPv4', family: 4, internal: true },
  { n: 3, name: 'eBGP over IPv6', family: 6, internal: false },
  { n: 4, name: 'iBGP over IPv6', family: 6, internal: true },
  { n: 5, name: 'eBGP over IPv4 with TCP-MD5', family: 4, internal: false, password: 'interop' },
  { n: 6, name: 'eBGP over IPv6 with TCP-MD5', family: 6, internal: false, password: 'interop' },
  { n: 7, name: 'eBGP with GTSM', family: 4, internal: false, hops: 1 },
  { n: 8, name: 'eBGP that the daemon only waits for', family: 4, internal: false, passive: true },
] as const
const wrong = 9
/** ExaBGP dials and never listens, unless told to. */
const kindsOf = (name: DaemonName) => kinds.filter((kind) => name !== 'ExaBGP' || !('passive' in kind))

describe.each(['BIRD', 'FRR', 'GoBGP', 'ExaBGP'] as const)('%s', (name: DaemonName) => {
  let cell: Cell
  let daemon: RoutingDaemon
  let speaker: RunningSpeaker

  beforeAll(async () => {
    cell = createCell()
    const networks = ['192.0.2.0/24', '2001:db8:2::/48']
    const neighbors = kindsOf(name).map((kind) => ({
      ours: ours(kind.n, kind.family),
      theirs: theirs(kind.n, kind.family),
      ourAs: kind.internal ? 64513 : 64512,
      ...('password' in kind && { password: kind.password }),
      ...('hops' in kind && { hops: kind.hops }),
      ...('passive' in kind && { passive: true }),
    }))
    const stranger = { ours: ours(wrong), theirs: theirs(wrong), ourAs: 64512, password: 'theirs' }
    const description = { as: 64513, routerId: '10.0.0.2', networks, neighbors: [...neighbors, stranger] }
    daemon = await daemons[name](cell.there, description, cell.dir, cell.signal)
    const peers = kindsOf(name).map((kind) =>
      peer({
        key: kind.name,
        address: theirs(kind.n, kind.family),
        localAddress: ours(kind.n, kind.family),
        localAs: kind.internal ? 64513 : 64512,
        ...('password' in kind && { password: kind.password }),
        ...('hops' in kind && { ttlSecurity: kind.hops }),
      }),
    )
    const mistaken = peer({ key: 'wrong', address: theirs(wrong), localAddress: ours(wrong), password: 'ours' })
    speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [...peers, mistaken] }, cell)
    speaker.speaker.announce([route('10.1.0.0/24'), route('2001:db8:1::/48')])
  })
  afterAll(() => cell[Symbol.asyncDispose]())

  it.each(kindsOf(name))('$name: established, routes both ways', async ({ name: key, family, n }) => {
    await speaker.established(key)
    await speaker.until('its route is here', () => speaker.peer(key).accepted > 0)
    await speaker.until('ours went out', () => speaker.peer(key).sent > 0)
    const heard = async (): Promise<boolean> => {
      const text = await daemon.routes(family)
      return text.includes(family === 4 ? '10.1.0.0/24' : '2001:db8:1::/48')
    }
    await eventually('our route is there', heard, cell)
    await eventually('it says so too', () => daemon.established(ours(n, family)), cell)
  })

  it('with another password it never comes up, and nothing breaks', async () => {
    // ExaBGP only dials, so it is refused here; the others may be refused there first.
    const refused = () => [cell.here, cell.there].some((netns) => tcpCounter(netns, 'TCPMD5Failure') > 0)
    await eventually('a kernel refuses it', refused, cell)
    expect(speaker.peer('wrong')).toMatchObject({ flaps: 0, messages: { received: 0, sent: 0 } })
    expect(speaker.peer('wrong').state).not.toBe('Established')
    expect(speaker.speaker.peers().filter(({ flaps }) => flaps > 0)).toEqual([])
  })
})
