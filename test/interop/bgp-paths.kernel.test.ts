import { bfdPaths, createBfd } from '@tortie/bgp'
import { createUdp } from '@tortie/linux'
import { createTestNetns, linkNetns } from '@tortie/linux/testing'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { describe, expect, it } from 'vitest'
import { daemons, type Neighbor } from './bgp-daemons.ts'
import { createCell, ours, peer, route, tcpCounter, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { startSpeaker } from './speaker.ts'

/** What depends on the path between two speakers: BFD, hops, families of next hops, passwords. */
describe.concurrent('with BIRD', () => {
  it('BFD ends the session long before its hold time does', async () => {
    await using cell = createCell()
    const neighbors = [{ ours: ours(1), theirs: theirs(1), ourAs: 64512, more: 'bfd on;' }]
    const more = 'protocol bfd { multihop { min rx interval 50 ms; min tx interval 50 ms; multiplier 3; }; }'
    const description = { as: 64513, routerId: '10.0.0.2', networks: ['192.0.2.0/24'], neighbors, more }
    await daemons.BIRD(cell.there, description, cell.dir, cell.signal)
    using bfd = createBfd({ clock: systemClock, random: systemRandom, transport: createUdp({ netns: cell.here }) })
    const timers = { minTx: 50, minRx: 50, multiplier: 3, multihop: true }
    const dut = peer({ key: 'dut', address: theirs(1), localAddress: ours(1), holdTime: 90, bfd: timers })
    let up = false
    const watched = {
      open: (options: Parameters<typeof bfd.open>[0]) =>
        bfd.open({
          ...options,
          onChange: (...told) => {
            up ||= told[0].state === 'Up'
            options.onChange?.(...told)
          },
        }),
    }
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [dut] }, cell, { bfd: bfdPaths(watched) })
    await speaker.until('its route is here', () => speaker.best().length === 1)
    await speaker.until('the path is watched', () => up)
    cell.there.ip('link set eth0 down')
    await speaker.until('it is down', () => speaker.peer('dut').state !== 'Established', 5000)
    expect(speaker.peer('dut').lastError).toBe('sent cease/bfdDown')
    expect(speaker.best()).toEqual([])
    cell.there.ip('link set eth0 up')
    await speaker.until('it is back', () => speaker.best().length === 1)
  })

  it('GTSM over one router takes two hops, and not one', async () => {
    await using cell = createCell()
    using far = createTestNetns('bgp-far')
    linkNetns(
      { netns: cell.there, interface: 'eth1', addresses: ['10.5.0.1/24'] },
      { netns: far, interface: 'eth0', addresses: ['10.5.0.2/24'] },
    )
    cell.there.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    cell.here.ip('route add 10.5.0.0/24 via 10.0.0.2')
    far.ip('route add 10.0.0.0/24 via 10.5.0.1')
    far.ip('addr add 10.5.0.3/24 dev eth0')
    const hops = (n: number, theirAddress: string): Neighbor => ({
      ours: ours(n),
      theirs: theirAddress,
      ourAs: 64512,
      hops: 2,
    })
    const neighbors = [hops(1, '10.5.0.2'), hops(2, '10.5.0.3')]
    const description = { as: 64513, routerId: '10.5.0.2', networks: ['192.0.2.0/24'], neighbors }
    await daemons.BIRD(far, description, cell.dir, cell.signal)
    const peers = [
      peer({ key: 'two', address: '10.5.0.2', localAddress: ours(1), ttlSecurity: 2 }),
      peer({ key: 'one', address: '10.5.0.3', localAddress: ours(2), ttlSecurity: 1 }),
    ]
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers }, cell)
    await speaker.established('two')
    await eventually('packets from too far are dropped', () => tcpCounter(cell.here, 'TCPMinTTLDrop') > 2, cell)
    expect(speaker.peer('one')).toMatchObject({ flaps: 0, messages: { received: 0 } })
  })

  it('dynamic neighbours dial us, with one password for their prefix', async () => {
    await using cell = createCell()
    const neighbors = [1, 2].map((n) => ({
      ours: ours(9),
      theirs: theirs(n),
      ourAs: 64512,
      password: 'rack',
      more: 'strict bind on;',
    }))
    const [first, second] = neighbors as [Neighbor, Neighbor]
    const describeOne = (neighbor: Neighbor, routerId: string) => ({
      as: 64513,
      routerId,
      networks: ['192.0.2.0/24'],
      neighbors: [neighbor],
    })
    await daemons.BIRD(cell.there, describeOne(first, '10.0.0.2'), `${cell.dir}/1`, cell.signal)
    await daemons.BIRD(cell.there, describeOne(second, '10.0.0.3'), `${cell.dir}/2`, cell.signal)
    const { address: _, key: __, passive: ___, ...any } = peer({ address: '10.0.0.0', password: 'rack' })
    const dynamic = [{ prefix: '10.0.0.0/24', limit: 10, peer: any }]
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [], dynamic }, cell)
    const keys = [1, 2].map((n) => `Dynamic_${theirs(n).replaceAll('.', '_')}`)
    await speaker.until(
      'both are up',
      () => speaker.speaker.peers().filter(({ accepted }) => accepted === 1).length === 2,
    )
    expect(speaker.speaker.peers().map(({ key }) => key)).toEqual(keys)
  })
})

describe.concurrent.each(['BIRD', 'FRR', 'GoBGP'] as const)('with %s', (name) => {
  it('IPv4 routes have IPv6 next hops over an IPv6 session (RFC 8950)', async () => {
    await using cell = createCell()
    const words = {
      BIRD: '',
      FRR: `neighbor ${ours(1, 6)} capability extended-nexthop`,
      GoBGP: '',
    }
    const neighbor: Neighbor = {
      ours: ours(1, 6),
      theirs: theirs(1, 6),
      ourAs: 64512,
      families: [4],
      more: words[name],
      ...(name === 'BIRD' && { channel: 'extended next hop on;' }),
    }
    // GoBGP announces with the next hop it is given.
    const networks = name === 'GoBGP' ? [] : ['192.0.2.0/24']
    const daemon = await daemons[name](
      cell.there,
      { as: 64513, routerId: '10.0.0.2', networks, neighbors: [neighbor] },
      cell.dir,
      cell.signal,
    )
    if (name === 'GoBGP')
      await daemon.command('global', 'rib', 'add', '-a', 'ipv4', '192.0.2.0/24', 'nexthop', theirs(1, 6))
    const dut = peer({
      key: 'dut',
      address: theirs(1, 6),
      localAddress: ours(1, 6),
      families: [4],
      extendedNextHop: true,
    })
    const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [dut] }, cell)
    speaker.speaker.announce([route('10.1.0.0/24')])
    await speaker.until('its route is here', () => speaker.best().includes('192.0.2.0/24'))
    const best = [...speaker.speaker.best(4)].find(({ prefix }) => prefix === '192.0.2.0/24')
    expect(best?.paths[0]?.nextHop).toMatch(/:/)
    await eventually('it has ours', async () => (await daemon.routes(4)).includes('10.1.0.0/24'), cell)
  })
})

it('two of ours change their password, and the session knows nothing of it', async () => {
  await using cell = createCell()
  const config = (password: string, n: 1 | 2) => {
    const [own, other] = n === 1 ? [ours(1), theirs(1)] : [theirs(1), ours(1)]
    const dut = peer({
      key: 'dut',
      address: other,
      localAddress: own,
      localAs: 64512,
      remoteAs: 64512,
      password,
      holdTime: 3,
    })
    return { routerId: own, peers: [dut], listen: [{ family: 4, port: 179 }] as const, recoveryTime: 30, maxPaths: 16 }
  }
  const one = startSpeaker(cell.here, config('before', 1), cell)
  const two = startSpeaker(cell.there, config('before', 2), cell)
  await Promise.all([one.established('dut'), two.established('dut')])
  one.speaker.configure(config('after', 1))
  two.speaker.configure(config('after', 2))
  // Two hold times long it lives on what goes with the new one.
  const received = one.peer('dut').messages.received
  await one.until('keepalives come', () => one.peer('dut').messages.received > received + 6)
  expect([one.peer('dut').flaps, two.peer('dut').flaps]).toEqual([0, 0])
  // A new connection needs it too.
  one.speaker.reset('dut')
  await one.until('it is up again', () => one.peer('dut').flaps === 1 && one.peer('dut').state === 'Established')
})
