import { describe, expect, it } from 'vitest'
import { WellKnownCommunity } from '../message/iana.ts'
import { defaultWireOptions } from '../message/options.ts'
import { localAs, path, RibLab, ribSession } from '../testing/rib-lab.ts'

const [one, two] = ['10.1.0.0/16', '10.2.0.0/16']

describe('graceful restart (RFC 4724)', () => {
  function restarted(): { lab: RibLab; peer: number } {
    const lab = new RibLab()
    const peer = lab.peer('192.0.2.2', 64513)
    lab.receive(peer, [one, two], path(64513))
    lab.receive(peer, ['fd00::/8'], path(64513))
    lab.settle().rib.close(peer, [4])
    return { lab, peer }
  }

  it('keeps the families that are to be kept, and goes on using them', () => {
    const { lab } = restarted()
    expect(lab.best(one)?.paths[0]?.stale).toBe(true)
    expect(lab.best('fd00::/8')).toBeUndefined()
  })

  it('forgets at End-of-RIB what was not sent again', () => {
    const { lab, peer } = restarted()
    lab.open(peer, ribSession(64513, '192.0.2.2'))
    lab.receive(peer, [one], path(64513))
    lab.rib.dropStale(peer, 4)
    expect(lab.best(one)?.paths[0]?.stale).toBe(false)
    expect(lab.best(two)).toBeUndefined()
  })

  it('does not keep a second time what waited already', () => {
    const { lab, peer } = restarted()
    lab.open(peer, ribSession(64513, '192.0.2.2'))
    lab.receive(peer, [one], path(64513))
    lab.rib.close(peer, [4])
    expect([lab.best(one)?.paths.length, lab.best(two)]).toEqual([1, undefined])
  })

  it('tells the owner nothing when nothing changes', () => {
    const { lab, peer } = restarted()
    lab.rib.takeBest(100)
    lab.open(peer, ribSession(64513, '192.0.2.2'))
    lab.receive(peer, [one, two], path(64513))
    lab.rib.dropStale(peer, 4)
    expect(lab.settle().rib.takeBest(100)).toEqual([])
  })
})

describe('long-lived graceful restart (RFC 9494)', () => {
  it('makes stale paths least preferred and marks them; NO_LLGR goes', () => {
    const lab = new RibLab()
    const [peer, other] = [lab.peer('192.0.2.2', 64513), lab.peer('192.0.2.3', 64514)]
    lab.receive(peer, [one], path(64513))
    lab.receive(peer, [two], { ...path(64513), communities: [WellKnownCommunity.NO_LLGR] })
    lab.receive(other, [one], path(64514, 1, 2, 3))
    lab.rib.close(peer, [4])
    lab.rib.markLongLivedStale(peer, 4)
    expect(lab.views(one).map(({ peer: from, status, lostAt }) => [from, status, lostAt])).toEqual([
      ['192.0.2.3', 'best', undefined],
      ['192.0.2.2', 'lost', 'llgr-stale'],
    ])
    expect(lab.views(one)[1]?.attributes.communities).toEqual([WellKnownCommunity.LLGR_STALE])
    expect(lab.views(two)).toEqual([])
  })

  it('ends with a new announcement', () => {
    const lab = new RibLab()
    const peer = lab.peer('192.0.2.2', 64513)
    lab.receive(peer, [one], path(64513))
    lab.rib.close(peer, [4])
    lab.rib.markLongLivedStale(peer, 4)
    lab.open(peer, ribSession(64513, '192.0.2.2'))
    lab.receive(peer, [one], path(64513))
    expect(lab.views(one)[0]).toMatchObject({ stale: false, attributes: lab.views(one)[0]?.received })
  })
})

describe('limits', () => {
  it('says when a family passes its limit, and takes no more', () => {
    const lab = new RibLab()
    const peer = lab.peer('192.0.2.2', 64513, { maxPrefixes: { 4: 2 } })
    expect(lab.receive(peer, [one, two], path(64513))).toBeUndefined()
    expect(lab.receive(peer, [one, two], path(64513, 5))).toBeUndefined()
    expect(lab.receive(peer, ['10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16'], path(64513))).toBe(4)
    expect(lab.rib.counts().paths[4]).toBe(3)
    expect(lab.receive(peer, ['fd00::/8'], path(64513))).toBeUndefined()
  })

  it('takes no routes of a family that the session does not carry', () => {
    const lab = new RibLab()
    const peer = lab.peer('192.0.2.2', 64513, {}, { families: [6] })
    lab.receive(peer, [one], path(64513))
    expect(lab.rib.counts().paths[4]).toBe(0)
    // End-of-RIB of IPv6 and nothing else.
    expect(lab.drain(peer).length).toBe(29)
  })
})

describe('ADD-PATH (RFC 7911)', () => {
  const send = { ...defaultWireOptions, peer: 'internal', addPath: { 4: true, 6: false } } as const
  function several(): { lab: RibLab; sources: number[]; target: number } {
    const lab = new RibLab()
    const sources = [2, 3].map((last) => lab.peer(`192.0.2.${last}`, 64511 + last))
    const target = lab.peer('192.0.2.9', localAs, {}, { send })
    for (const [i, source] of sources.entries())
      lab.receive(source, [one], { ...path(64512 + i + 1), nextHop: `192.0.2.${i + 2}` })
    return { lab, sources, target }
  }

  it('sends every path, and takes one away by its identifier', () => {
    const { lab, sources, target } = several()
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(2)
    lab.withdraw(sources[0] ?? 0, one)
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(1)
  })

  it('keeps the identifier of a path whose attributes change: a replacement, not a new path', () => {
    const { lab, sources, target } = several()
    lab.drain(target)
    lab.receive(sources[0] ?? 0, [one], { ...path(64513, 5), nextHop: '192.0.2.2' })
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(2)
  })

  it('does not give an identifier away while the peer still has to hear of its end', () => {
    const { lab, sources, target } = several()
    lab.drain(target)
    for (let i = 0; i < 50; i++) {
      lab.withdraw(sources[0] ?? 0, one)
      lab.settle()
      lab.receive(sources[0] ?? 0, [two], path(64513, i))
      lab.receive(sources[0] ?? 0, [one], path(64513, i))
      lab.settle()
      lab.withdraw(sources[0] ?? 0, two)
    }
    expect(lab.sent(target)).toEqual([one])
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(2)
  })

  it('sends one of several local routes that look the same', () => {
    const lab = new RibLab()
    const target = lab.peer('192.0.2.9', localAs, {}, { send })
    lab.rib.announce({ prefix: one, id: 'block', source: 'static', preference: 200, attributes: {} })
    lab.rib.announce({ prefix: one, id: 'kernel', source: 'kernel', preference: 10, attributes: {} })
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(1)
    lab.rib.withdrawLocal(one, 'block')
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(1)
  })
})

describe('local routes', () => {
  it('are told from each other by prefix and id, and may change', () => {
    const lab = new RibLab()
    const route = { prefix: one, source: 'static', preference: 200, attributes: {} } as const
    lab.rib.announce({ ...route, id: 'a' })
    lab.rib.announce({ ...route, id: 'b', preference: 240, gateway: '192.0.2.7', interface: 'eth0' })
    expect(lab.best(one)?.paths).toEqual([
      {
        source: 'static',
        preference: 240,
        localPref: 100,
        stale: false,
        nextHop: '192.0.2.7',
        resolution: { metric: 0, interface: 'eth0' },
        localRouteId: 'b',
      },
    ])
    lab.rib.announce({ ...route, id: 'b', preference: 10 })
    expect(lab.best(one)?.paths[0]?.localRouteId).toBe('a')
    lab.rib.withdrawLocal(one, 'a')
    lab.rib.withdrawLocal(one, 'none')
    expect(lab.best(one)?.paths[0]?.localRouteId).toBe('b')
    expect([...lab.rib.nextHops()]).toEqual([])
  })

  it('change nothing when announced again as they are', () => {
    const lab = new RibLab()
    const addPath = { ...defaultWireOptions, addPath: { 4: true, 6: true } }
    const target = lab.peer('192.0.2.9', localAs, {}, { send: addPath })
    const route = { prefix: one, id: 'a', source: 'static', preference: 200, attributes: { med: 1 } } as const
    lab.rib.announce(route)
    lab.drain(target)
    lab.rib.takeBest(10)
    lab.rib.announce({ ...route, attributes: { ...route.attributes } })
    expect([lab.drain(target).length, lab.rib.takeBest(10)]).toEqual([0, []])
    lab.rib.announce({ ...route, attributes: { med: 2 } })
    lab.drain(target)
    expect(lab.receiver(target).table(4).get(one)).toHaveLength(1)
  })

  it('are exported by what they are, not by what another was whose place they took', () => {
    const lab = new RibLab()
    const match = { interfaces: ['eth1'] }
    const exportFilter = { statements: [{ origin: 'eth1', match, verdict: 'reject' }], otherwise: 'accept' } as const
    const target = lab.peer('192.0.2.9', 64513, { exportFilter })
    const route = { id: 'a', source: 'kernel', preference: 10, attributes: {} } as const
    lab.rib.announce({ ...route, prefix: one, interface: 'eth1' })
    lab.rib.announce({ ...route, prefix: two })
    expect(lab.sent(target)).toEqual([two])
    lab.rib.withdrawLocal(one, 'a')
    lab.rib.announce({ ...route, prefix: one, interface: 'eth2' })
    expect(lab.sent(target)).toEqual([one, two])
  })

  it('are refused with values that nothing can carry', () => {
    const lab = new RibLab()
    const route = { prefix: one, id: 'a', source: 'static', preference: 200, attributes: {} } as const
    expect(() => lab.rib.announce({ ...route, preference: 70_000 })).toThrowError(/preference/)
    expect(() => lab.rib.announce({ ...route, preference: 1.5 })).toThrowError(/preference/)
    expect(() => lab.rib.announce({ ...route, gateway: 'nowhere' })).toThrowError()
    expect(() => lab.rib.announce({ ...route, prefix: '10.1.0.0/99' })).toThrowError()
    expect(() => lab.rib.announce({ ...route, attributes: { originatorId: 'x' } })).toThrowError()
    expect(lab.rib.counts()).toEqual({ prefixes: { 4: 0, 6: 0 }, paths: { 4: 0, 6: 0 }, attributeSets: 0 })
  })
})

it('explains between a change and its decision too', () => {
  const lab = new RibLab()
  const [from, to] = [lab.peer('192.0.2.2', 64513), lab.peer('192.0.2.3', 64514)]
  lab.receive(from, [one], path(64513))
  lab.rib.announce({ prefix: one, id: 'a', source: 'kernel', preference: 10, attributes: {} })
  lab.settle()
  lab.withdraw(from, one)
  expect(lab.rib.explainExport(to, one)).toMatchObject([{ sent: false, because: 'no path is best' }])
  expect([...lab.rib.best(4)].map(({ paths }) => paths[0]?.localRouteId)).toEqual(['a'])
})

it('tells what was decided, not what a next hop does meanwhile', () => {
  const lab = new RibLab()
  const peer = lab.peer('192.0.2.2', 64513)
  lab.rib.resolveNextHop('192.0.2.2', undefined)
  lab.rib.announce({ prefix: one, id: 'a', source: 'kernel', preference: 10, attributes: {} })
  lab.receive(peer, [one], path(64513))
  lab.settle().rib.resolveNextHop('192.0.2.2', { metric: 0 })
  expect(lab.rib.takeBest(10).map(({ paths }) => paths[0]?.source)).toEqual(['bgp'])
  lab.rib.resolveNextHop('192.0.2.2', undefined)
  expect(
    lab
      .settle()
      .rib.takeBest(10)
      .map(({ paths }) => paths[0]?.source),
  ).toEqual(['kernel'])
})

it('knows no peer that is not there', () => {
  const { rib } = new RibLab()
  expect(() => rib.removePeer(3)).toThrowError(/there is none of number 3/)
})

it('tells each change of a best route once, and the end of it', () => {
  const lab = new RibLab()
  const peer = lab.peer('192.0.2.2', 64513)
  lab.receive(peer, [one], path(64513))
  lab.receive(peer, [one], path(64513, 1))
  lab.settle()
  expect(lab.rib.takeBest(10).map(({ prefix, paths }) => [prefix, paths.length])).toEqual([[one, 1]])
  expect(lab.rib.takeBest(10)).toEqual([])
  lab.withdraw(peer, one)
  lab.settle()
  expect(lab.rib.takeBest(10)).toEqual([{ family: 4, prefix: one, paths: [] }])
})

it('tells nobody what was skipped, and leaves nothing behind', () => {
  const lab = new RibLab()
  const peer = lab.peer('192.0.2.2', 64513)
  lab.receive(peer, [one, two], path(64513))
  lab.settle()
  expect(lab.rib.skipBest(1)).toBe(true)
  expect(lab.rib.takeBest(10).map(({ prefix }) => prefix)).toHaveLength(1)
  lab.withdraw(peer, one, two)
  lab.settle()
  expect(lab.rib.skipBest(10)).toBe(false)
  expect(lab.rib.takeBest(10)).toEqual([])
  expect(lab.rib.counts().prefixes[4]).toBe(0)
})
