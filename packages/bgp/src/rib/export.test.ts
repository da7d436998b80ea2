import { describe, expect, it } from 'vitest'
import { rejectAll } from '../filter/filter.ts'
import { WellKnownCommunity } from '../message/iana.ts'
import { defaultWireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { localAs, path, RibLab } from '../testing/rib-lab.ts'
import type { PeerIndex, RibPeer } from './contract.ts'

const prefix = '10.1.0.0/16'
const prefix6 = 'fd00:1::/64'
const internal = localAs
const external = 64513

/** What the peer is sent of the prefix; undefined for nothing. */
function exported(lab: RibLab, to: PeerIndex, of = prefix): PathAttributes | undefined {
  lab.drain(to)
  return lab.rib.explainExport(to, of).find(({ sent }) => sent)?.attributes
}

/** A route from one peer, seen by another. */
function pass(
  from: number,
  to: number,
  attributes: PathAttributes = {},
  peers: { readonly from?: Partial<RibPeer>; readonly to?: Partial<RibPeer> } = {},
): PathAttributes | undefined {
  const lab = new RibLab()
  const source = lab.peer('192.0.2.2', from, peers.from)
  const target = lab.peer('192.0.2.3', to, peers.to)
  lab.receive(source, [prefix], { ...path(64513), ...attributes })
  const view = exported(lab, target)
  expect(lab.sent(target)).toEqual(view ? [prefix] : [])
  return view
}

describe('the next hop (spec 05 A5)', () => {
  const [self, gateway, learned, linkLocal] = ['192.0.2.1', '192.0.2.77', '192.0.2.2', '169.254.0.5']
  const modes = ['iBGP auto', 'eBGP auto', 'self', 'keep'] as const
  const rows: readonly (readonly [what: string, gateway: string | undefined, expected: readonly string[]])[] = [
    ['no gateway', undefined, [self, self, self, self]],
    ['a gateway', gateway, [gateway, self, self, gateway]],
    ['a link-local gateway', linkLocal, [self, self, self, self]],
  ]
  const to = { 'iBGP auto': internal, 'eBGP auto': external, self: internal, keep: external } as const
  const nextHop = { 'iBGP auto': 'auto', 'eBGP auto': 'auto', self: 'self', keep: 'keep' } as const

  for (const [what, via, expected] of rows)
    for (const [i, mode] of modes.entries())
      it(`of a local route with ${what}, ${mode}`, () => {
        const lab = new RibLab()
        const target = lab.peer('192.0.2.3', to[mode], { nextHop: nextHop[mode] })
        lab.rib.announce({
          prefix,
          id: 'a',
          source: 'static',
          preference: 200,
          attributes: {},
          ...(via && { gateway: via }),
        })
        expect(exported(lab, target)?.nextHop).toBe(expected[i])
      })

  for (const [i, mode] of modes.entries())
    it(`of a BGP route, ${mode}`, () => {
      const got = pass(64514, to[mode], {}, { to: { nextHop: nextHop[mode] } })
      expect(got?.nextHop).toBe([learned, self, self, learned][i])
    })

  it('of IPv6 is in MP_REACH_NLRI, and a link-local one is not passed on', () => {
    const lab = new RibLab()
    const [source, target] = [lab.peer('192.0.2.2', external), lab.peer('192.0.2.3', internal)]
    lab.receive(source, [prefix6], { ...path(64513), nextHop: 'fe80::2' })
    lab.drain(target)
    expect([...lab.receiver(target).table(6).values()].flat()[0]).toMatch(/^2001:db8::1 /)
  })

  it('of a peer without an address of the family is none: the route is not sent', () => {
    const lab = new RibLab()
    const [source, target] = [
      lab.peer('192.0.2.2', external),
      lab.peer('192.0.2.3', 64514, { localAddress: { 4: '192.0.2.1' } }),
    ]
    lab.receive(source, [prefix6], path(64513))
    expect(lab.sent(target, 6)).toEqual([])
    expect(lab.rib.explainExport(target, prefix6)[0]?.because).toContain('no next hop')
  })

  it('of IPv4 may be IPv6 where RFC 8950 was negotiated', () => {
    for (const extendedNextHop of [true, false]) {
      const lab = new RibLab()
      const send = { ...defaultWireOptions, peer: 'external', extendedNextHop } as const
      const only6 = { localAddress: { 6: '2001:db8::1' } }
      const [source, target] = [lab.peer('192.0.2.2', external), lab.peer('2001:db8::3', 64514, only6, { send })]
      lab.receive(source, [prefix], path(64513))
      expect(lab.sent(target)).toEqual(extendedNextHop ? [prefix] : [])
      if (extendedNextHop) expect(lab.receiver(target).table(4).get(prefix)?.[0]).toMatch(/^2001:db8::1 /)
    }
  })
})

describe('attributes', () => {
  it('get our AS towards external peers only', () => {
    expect(pass(64514, external)?.asPath).toEqual([{ type: 2, asns: [localAs, 64513] }])
    expect(pass(64514, internal)?.asPath).toEqual([{ type: 2, asns: [64513] }])
  })

  it('have MED 0 towards another AS when one came, and as it came inside', () => {
    expect([pass(64514, external, { med: 7 })?.med, pass(64514, external)?.med]).toEqual([0, undefined])
    expect(pass(64514, internal, { med: 7 })?.med).toBe(7)
  })

  it('have LOCAL_PREF inside only, 100 when none came', () => {
    expect(pass(64514, internal)?.localPref).toBe(100)
    expect(pass(internal, external, { localPref: 7 })?.localPref).toBeUndefined()
  })

  it('leave out across an AS border what is for the inside', () => {
    const inside = { aigp: 5n, extendedCommunities: [0x4002_0000_0000_0001n, 0x0002_fc00_0000_0001n] }
    const got = pass(internal, external, { ...inside, originatorId: '1.1.1.1', clusterList: ['2.2.2.2'] })
    expect(got).toMatchObject({ extendedCommunities: [0x0002_fc00_0000_0001n] })
    expect(Object.keys(got ?? {})).not.toContain('aigp')
    expect([got?.originatorId, got?.clusterList]).toEqual([undefined, undefined])
    expect(pass(64514, internal, inside)).toMatchObject(inside)
  })

  it('are sent with communities in order, each once', () => {
    const got = pass(64514, internal, {
      communities: [9, 3, 9],
      largeCommunities: [
        [2, 1, 1],
        [1, 1, 1],
        [2, 1, 1],
      ],
    })
    expect(got?.communities).toEqual([3, 9])
    expect(got?.largeCommunities).toEqual([
      [1, 1, 1],
      [2, 1, 1],
    ])
  })

  it('of local routes: ORIGIN IGP, an empty path, MED as given', () => {
    const lab = new RibLab()
    const target = lab.peer('192.0.2.3', external)
    lab.rib.announce({ prefix, id: 'a', source: 'static', preference: 200, attributes: { med: 4 } })
    expect(exported(lab, target)).toEqual({
      origin: 0,
      asPath: [{ type: 2, asns: [localAs] }],
      med: 4,
      nextHop: '192.0.2.1',
    })
  })
})

describe('well-known communities', () => {
  const { NO_ADVERTISE, NO_EXPORT, NO_EXPORT_SUBCONFED, LLGR_STALE, NO_PEER } = WellKnownCommunity
  const rows = [
    ['NO_ADVERTISE', NO_ADVERTISE, false, false],
    ['NO_EXPORT', NO_EXPORT, true, false],
    ['NO_EXPORT_SUBCONFED', NO_EXPORT_SUBCONFED, true, false],
    ['NO_PEER', NO_PEER, true, true],
    ['LLGR_STALE', LLGR_STALE, false, false],
  ] as const
  for (const [name, community, inside, outside] of rows)
    it(`${name} of a BGP route`, () => {
      expect(pass(64514, internal, { communities: [community] }) !== undefined).toBe(inside)
      expect(pass(64514, external, { communities: [community] }) !== undefined).toBe(outside)
    })

  it('on a local route are only sent', () => {
    const lab = new RibLab()
    const target = lab.peer('192.0.2.3', external)
    lab.rib.announce({
      prefix,
      id: 'a',
      source: 'static',
      preference: 200,
      attributes: { communities: [NO_ADVERTISE] },
    })
    expect(exported(lab, target)?.communities).toEqual([NO_ADVERTISE])
  })

  it('LLGR_STALE goes to peers that know it (RFC 9494)', () => {
    const lab = new RibLab()
    const [source, target] = [lab.peer('192.0.2.2', external), lab.peer('192.0.2.3', 64514, {}, { longLived: [] })]
    lab.receive(source, [prefix], { ...path(64513), communities: [LLGR_STALE] })
    expect(lab.sent(target)).toEqual([prefix])
  })
})

describe('reflection (RFC 4456)', () => {
  const client = { client: true, clusterId: '9.9.9.9' }
  it('passes internal routes only from and to clients', () => {
    expect(pass(internal, internal)).toBeUndefined()
    expect(pass(internal, internal, {}, { from: client })).toBeDefined()
    expect(pass(internal, internal, {}, { to: client })).toBeDefined()
    expect(pass(internal, external)).toBeDefined()
    expect(pass(64514, internal)).toBeDefined()
  })

  it('adds ORIGINATOR_ID once and its cluster each time', () => {
    expect(pass(internal, internal, {}, { from: client })).toMatchObject({
      originatorId: '192.0.2.2',
      clusterList: ['9.9.9.9'],
    })
    const came = { originatorId: '1.1.1.1', clusterList: ['3.3.3.3'] }
    expect(pass(internal, internal, came, { to: client })).toMatchObject({
      originatorId: '1.1.1.1',
      clusterList: ['9.9.9.9', '3.3.3.3'],
    })
  })

  it('adds nothing to external routes', () => {
    expect(pass(64514, internal, {}, { to: client })?.clusterList).toBeUndefined()
  })

  it('does not send to a client what was in its cluster', () => {
    expect(pass(internal, internal, { clusterList: ['9.9.9.9'] }, { to: client })).toBeUndefined()
  })
})

describe('roles (RFC 9234 §5)', () => {
  const [provider, server, serverClient, customer, peer] = [0, 1, 2, 3, 4]
  it('OTC is set towards customers, peers and clients of a route server', () => {
    for (const [role, otc] of [
      [provider, localAs],
      [server, localAs],
      [peer, localAs],
      [customer, undefined],
      [serverClient, undefined],
    ] as const)
      expect(pass(64514, external, {}, { to: { role } })?.otc).toBe(otc)
  })

  it('a route with OTC goes to nobody but customers and clients', () => {
    for (const [role, sent] of [
      [provider, true],
      [server, true],
      [peer, false],
      [customer, false],
      [serverClient, false],
    ] as const)
      expect(pass(64514, external, { otc: 5 }, { to: { role } })?.otc).toBe(sent ? 5 : undefined)
  })
})

it('never sends a route back to the session it came from', () => {
  const lab = new RibLab()
  const source = lab.peer('192.0.2.2', external)
  lab.receive(source, [prefix], path(64513))
  expect(lab.sent(source)).toEqual([])
  expect(lab.rib.explainExport(source, prefix)[0]?.because).toContain('split horizon')
})

it('explains what the filter decided', () => {
  const lab = new RibLab()
  const [source, target] = [
    lab.peer('192.0.2.2', external),
    lab.peer('192.0.2.3', external, { exportFilter: rejectAll }),
  ]
  lab.receive(source, [prefix], path(64513))
  expect(lab.sent(target)).toEqual([])
  expect(lab.rib.explainExport(target, prefix)).toEqual([
    { peer: '192.0.2.3', prefix, sent: false, because: 'no statement of the export filter decides: reject' },
  ])
  expect(lab.rib.explainExport(target, '10.2.0.0/16')[0]?.because).toBe('there is no path')
})
