import { type BgpKernelPolicy, openBgpKernelPolicy } from '@tortie/dataplane'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BgpHost, best, bgpPath, blackhole, createBgpHost, onLink } from '../testing/bgp-host.ts'

const call = { signal: new AbortController().signal }
const open = openBgpKernelPolicy
let host: BgpHost

beforeEach(() => {
  host = createBgpHost()
})
afterEach(() => host[Symbol.dispose]())

describe('learned routes in the kernel', () => {
  it('have the shapes of the specification', async () => {
    await using routes = host.open()
    const far = bgpPath({
      nextHop: '10.9.9.9',
      resolution: { metric: 1, interface: 'up1', gateway: '10.1.0.254' },
    })
    const { changed } = await routes.apply(
      [
        best('10.65.0.0/26', onLink('10.0.0.2', 'up0')),
        best('10.65.0.64/26', far),
        best('10.65.0.128/26', onLink('10.0.0.2', 'up0'), onLink('10.1.0.3', 'up1'), onLink('10.0.0.2', 'up0')),
        best('10.65.1.0/26', onLink('10.0.0.2', 'up0', { localPref: 2147483647 - 512 })),
        best('10.65.2.0/26', onLink('10.0.0.2', 'up0', { localPref: 100 })),
        best('10.65.3.0/26', onLink('10.0.0.2', 'up0', { localPref: 4294967295 })),
        best('10.65.4.0/26', blackhole),
        best('10.0.0.0/24', { ...blackhole, source: 'direct' }),
        best('0.0.0.0/0', onLink('10.0.0.254', 'up0')),
        best('fd65::/122', onLink('fd00::2', 'up0')),
        best('fd65::40/122', onLink('fd00::2', 'up0'), onLink('fd01::3', 'up1')),
        best('fd65::80/122', blackhole),
      ],
      open,
      call,
    )
    expect(changed).toBe(11)
    expect(host.shown()).toEqual([
      'default via 10.0.0.254 dev up0 proto 12 metric 1024',
      '10.65.0.0/26 via 10.0.0.2 dev up0 proto 12 metric 1024',
      '10.65.0.64/26 via 10.1.0.254 dev up1 proto 12 metric 1024',
      '10.65.0.128/26 proto 12 metric 1024',
      'nexthop via 10.0.0.2 dev up0 weight 1',
      'nexthop via 10.1.0.3 dev up1 weight 1',
      '10.65.1.0/26 via 10.0.0.2 dev up0 proto 12 metric 512',
      '10.65.2.0/26 via 10.0.0.2 dev up0 proto 12 metric 2147483547',
      '10.65.3.0/26 via 10.0.0.2 dev up0 proto 12 metric 1',
      'blackhole 10.65.4.0/26 proto 12',
    ])
    expect(host.shown('-6').filter((line) => !line.startsWith('fe80'))).toEqual([
      'fd65::/122 via fd00::2 dev up0 proto 12 metric 1024 pref medium',
      'fd65::40/122 proto 12 metric 1024 pref medium',
      'nexthop via fd00::2 dev up0 weight 1',
      'nexthop via fd01::3 dev up1 weight 1',
      'blackhole fd65::80/122 dev lo proto 12 metric 1024 pref medium',
    ])
    expect((await routes.resync(call)).drift).toEqual([])
    expect(routes.counts()).toEqual({ wanted: 11, held: 11, waiting: 0 })
  })

  it('spread over 16 next hops at most', async () => {
    await using routes = host.open()
    const paths = Array.from({ length: 20 }, (_, i) => onLink(`10.0.0.${i + 10}`, 'up0'))
    await routes.apply([best('10.65.0.0/26', ...paths)], open, call)
    expect(host.shown().filter((line) => line.startsWith('nexthop'))).toHaveLength(16)
    expect((await routes.resync(call)).changed).toBe(0)
  })

  for (const [family, prefix, hops] of [
    ['IPv4', '10.65.0.0/26', ['10.0.0.2', '10.1.0.3', '10.0.0.4']],
    ['IPv6', 'fd65::/122', ['fd00::2', 'fd01::3', 'fd00::4']],
  ] as const)
    it(`change from any shape to any other, and go (${family})`, async () => {
      await using routes = host.open()
      const [a = '', b = '', c = ''] = hops
      const [pa, pb, pc] = [onLink(a, 'up0'), onLink(b, 'up1'), onLink(c, 'up0')]
      const elevated = { localPref: 2147483647 - 512 }
      const shapes = [
        [pa],
        [pb],
        [pa, pb],
        [pb, pc],
        [pa, pb, pc],
        [blackhole],
        [{ ...pa, ...elevated }],
        [
          { ...pa, ...elevated },
          { ...pb, ...elevated },
        ],
      ]
      for (const from of shapes)
        for (const to of shapes) {
          await routes.apply([best(prefix, ...from)], open, call)
          await routes.apply([best(prefix, ...to)], open, call)
          const report = await routes.resync(call)
          expect(report).toMatchObject({ changed: 0, drift: [] })
          expect(routes.counts()).toEqual({ wanted: 1, held: 1, waiting: 0 })
          const all = host.shown(...(family === 'IPv6' ? ['-6'] : [])).filter((line) => line.includes('proto 12'))
          expect(all).toHaveLength(1)
          for (const { nextHop } of to)
            if (nextHop !== undefined)
              expect(host.shown(...(family === 'IPv6' ? ['-6'] : [])).join()).toContain(nextHop)
        }
      await routes.apply([best(prefix)], open, call)
      expect(host.shown(...(family === 'IPv6' ? ['-6'] : [])).filter((line) => line.includes('proto 12'))).toEqual([])
      expect(routes.counts()).toEqual({ wanted: 0, held: 0, waiting: 0 })
    })
})

describe('the kernel policy', () => {
  const paths = (nextHop = '10.0.0.2') => onLink(nextHop, 'up0')
  const all = [
    best('10.65.0.0/26', paths()),
    best('10.66.0.0/26', paths()),
    best('10.96.0.7/32', paths()),
    best('10.67.0.0/26', paths('10.0.0.9')),
    best('10.65.0.64/26', blackhole),
    best('10.66.0.64/26', blackhole),
    best('192.0.2.0/24', paths()),
  ]
  const policy: BgpKernelPolicy = {
    rejected: ['10.96.0.0/12'],
    pools: [
      { prefix: '10.65.0.0/16', program: true },
      { prefix: '10.66.0.0/16', program: false },
    ],
    wireguardNextHops: ['10.0.0.9'],
  }
  const destinations = (): string[] => host.shown().map((line) => line.replace('blackhole ', '').split(' ')[0] ?? '')

  it('decides which are written, and a new one takes routes back and brings others', async () => {
    await using routes = host.open()
    await routes.apply(all, policy, call)
    expect(destinations()).toEqual(['10.65.0.0/26', '10.65.0.64/26', '192.0.2.0/24'])
    await routes.apply([], { ...policy, pools: [{ prefix: '10.64.0.0/14', program: false }], rejected: [] }, call)
    expect(destinations()).toEqual(['10.96.0.7', '192.0.2.0/24'])
    await routes.apply([], open, call)
    expect(destinations().sort()).toEqual(all.map(({ prefix }) => prefix.replace('/32', '')).sort())
  })

  it('sends routes of IPIP pools through tunl0 to the next hop itself', async () => {
    await using routes = host.open()
    const far = bgpPath({ nextHop: '10.9.9.9', resolution: { metric: 1, interface: 'up1', gateway: '10.1.0.254' } })
    const near = paths()
    const given = [best('10.65.0.0/26', far), best('10.65.0.64/26', near), best('10.65.0.128/26', far, near)]
    const pool = (ipip: 'always' | 'cross-subnet'): BgpKernelPolicy => ({
      ...open,
      pools: [{ prefix: '10.65.0.0/16', program: true, ipip }],
      subnet: '10.0.0.0/24',
    })
    await routes.apply(given, pool('always'), call)
    expect(host.shown()).toEqual([])
    expect([...routes.problems()].map(({ why }) => why)).toEqual(given.map(() => 'interface tunl0 is missing'))
    // This kernel may have no IPIP: the device's kind makes no difference to a route.
    host.netns.ip('link add tunl0 type bridge', 'link set tunl0 up')
    await host.until(() => host.shown().length === 5)
    expect(host.shown()).toEqual([
      '10.65.0.0/26 via 10.9.9.9 dev tunl0 proto 12 metric 1024 onlink',
      '10.65.0.64/26 via 10.0.0.2 dev tunl0 proto 12 metric 1024 onlink',
      '10.65.0.128/26 proto 12 metric 1024',
      'nexthop via 10.9.9.9 dev tunl0 weight 1 onlink',
      'nexthop via 10.0.0.2 dev tunl0 weight 1 onlink',
    ])
    await routes.apply([], pool('cross-subnet'), call)
    expect(host.shown()).toEqual([
      '10.65.0.0/26 via 10.9.9.9 dev tunl0 proto 12 metric 1024 onlink',
      '10.65.0.64/26 via 10.0.0.2 dev up0 proto 12 metric 1024',
      '10.65.0.128/26 proto 12 metric 1024',
      'nexthop via 10.9.9.9 dev tunl0 weight 1 onlink',
      'nexthop via 10.0.0.2 dev up0 weight 1',
    ])
    expect(await routes.resync(call)).toMatchObject({ changed: 0, drift: [] })
  })
})
