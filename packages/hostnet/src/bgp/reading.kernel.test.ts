import type { LocalRoute } from '@tortie/bgp'
import type { BgpSourcePolicy } from '@tortie/dataplane'
import { openBgpKernelPolicy as open } from '@tortie/dataplane'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BgpHost, best, createBgpHost, onLink } from '../testing/bgp-host.ts'
import { viaRouterMetric } from './resolve.ts'
import { PRIO_MAX } from './shape.ts'

const call = { signal: new AbortController().signal }
const policy: BgpSourcePolicy = {
  ignoredInterfaces: ['ign*'],
  interesting: ['10.65.0.0/16', '10.96.0.0/12', 'fd65::/48'],
  normalPriority: { 4: 1024, 6: 1024 },
}
let host: BgpHost

beforeEach(() => {
  host = createBgpHost()
})
afterEach(() => host[Symbol.dispose]())

const short = ({ prefix, source, interface: name, gateway, attributes }: LocalRoute): string =>
  [source, prefix, gateway && `via ${gateway}`, name && `dev ${name}`, PRIO_MAX - (attributes.localPref ?? 0)]
    .filter((word) => word !== undefined)
    .join(' ')

/** What the follower has been told so far, when it says something that makes `isSo`. */
async function told<T>(changes: AsyncIterable<T>, take: (change: T) => boolean): Promise<void> {
  for await (const change of changes) if (take(change)) return
}

describe('candidates', () => {
  async function first(): Promise<string[]> {
    await using routes = host.open()
    routes.sources.configure(policy)
    for await (const { announce } of routes.sources.follow(call)) return announce.map(short).sort()
    return []
  }

  it('are the subnets of addresses, but not those of workloads, services, ignored interfaces, loopback and link', async () => {
    host.netns.ip(
      ...['cali1', 'kube-ipvs0', 'ign0', 'down0'].map((name) => `link add ${name} type bridge`),
      ...['cali1', 'kube-ipvs0', 'ign0'].map((name) => `link set ${name} up`),
      'addr add 10.65.9.1/32 dev cali1',
      'addr add 10.96.0.10/32 dev kube-ipvs0',
      'addr add 10.7.0.1/24 dev ign0',
      'addr add 10.8.0.1/24 dev down0',
      'addr add 10.9.9.9/32 dev lo',
      'addr add 169.254.7.1/24 dev up0',
    )
    expect(await first()).toEqual([
      'direct 10.0.0.0/24 dev up0 1024',
      'direct 10.1.0.0/24 dev up1 1024',
      'direct 10.9.9.9/32 dev lo 1024',
      'direct fd00::/64 dev up0 1024',
      'direct fd01::/64 dev up1 1024',
    ])
  })

  it("are others' routes inside what is interesting, of each prefix the one with the lowest metric", async () => {
    host.netns.ip(
      'link add vxlan.calico type bridge',
      'link set vxlan.calico up',
      // Workloads, also elevated.
      'route add 10.65.0.1/32 dev up0 scope link metric 1024',
      'route add 10.65.0.2/32 dev up0 scope link metric 512',
      'route add 10.65.0.2/32 dev up1 scope link metric 1024',
      'route add 10.65.1.0/24 via 10.0.0.7 proto static',
      'route add blackhole 10.65.0.0/26 proto 80',
      'route add 10.65.8.0/26 via 10.0.0.8 dev vxlan.calico onlink proto 80',
      // Another node's block without encapsulation: the export filter knows it by its gateway (spec 05 trap 29).
      'route add 10.65.9.0/26 via 10.0.0.9 proto 80',
      'route add 10.65.10.0/26 via 10.0.0.9 proto bird',
      'route add 172.16.0.0/16 via 10.0.0.7',
      'route add default via 10.0.0.254',
      'route add 10.65.11.0/24 nexthop via 10.0.0.3 nexthop via 10.1.0.3',
      'route add 10.65.12.0/24 via 10.0.0.7 table 100',
      'route add fd65::1/128 dev up1 metric 1024',
    )
    const kernel = (await first()).filter((line) => line.startsWith('kernel'))
    expect(kernel).toEqual([
      'kernel 10.65.0.0/26 1024',
      'kernel 10.65.0.1/32 dev up0 1024',
      'kernel 10.65.0.2/32 dev up0 512',
      'kernel 10.65.1.0/24 via 10.0.0.7 dev up0 1024',
      'kernel 10.65.11.0/24 via 10.0.0.3 dev up0 1024',
      'kernel 10.65.8.0/26 via 10.0.0.8 dev vxlan.calico 1024',
      'kernel 10.65.9.0/26 via 10.0.0.9 dev up0 1024',
      'kernel fd65::1/128 dev up1 1024',
    ])
  })

  it('are announced and withdrawn as they come, change and go', async () => {
    await using routes = host.open()
    const have = new Map<string, string>()
    const changes = routes.sources.follow(call)[Symbol.asyncIterator]()
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) {
        const { value } = await changes.next()
        for (const { prefix, id } of value.withdraw) expect(have.delete(`${prefix} ${id}`)).toBe(true)
        for (const route of value.announce) have.set(`${route.prefix} ${route.id}`, short(route))
      }
    }
    const has = (line: string) => (): boolean => [...have.values()].includes(line)
    routes.sources.configure(policy)
    await until(has('direct 10.0.0.0/24 dev up0 1024'))
    host.netns.ip('route add 10.65.0.1/32 dev up0 scope link metric 1024')
    await until(has('kernel 10.65.0.1/32 dev up0 1024'))
    host.netns.ip('route add 10.65.0.1/32 dev up1 scope link metric 512')
    await until(has('kernel 10.65.0.1/32 dev up1 512'))
    host.netns.ip('route del 10.65.0.1/32 dev up1')
    await until(has('kernel 10.65.0.1/32 dev up0 1024'))
    host.netns.ip('route replace 10.65.0.1/32 via 10.0.0.5 metric 1024 proto static')
    await until(has('kernel 10.65.0.1/32 via 10.0.0.5 dev up0 1024'))
    host.netns.ip('addr add 10.2.0.1/24 dev up1')
    await until(has('direct 10.2.0.0/24 dev up1 1024'))
    // The kernel does not say which IPv4 routes it drops with the link.
    host.netns.ip('link set up0 down')
    await until(() => ![...have.values()].some((line) => line.includes('up0')))
    expect([...have.values()].sort()).toEqual([
      'direct 10.1.0.0/24 dev up1 1024',
      'direct 10.2.0.0/24 dev up1 1024',
      'direct fd01::/64 dev up1 1024',
    ])
    routes.sources.configure({ ...policy, ignoredInterfaces: ['up*'] })
    await until(() => have.size === 0)
  })

  it('are never what BGP itself wrote', async () => {
    await using routes = host.open()
    routes.sources.configure(policy)
    const changes = routes.sources.follow(call)[Symbol.asyncIterator]()
    await changes.next()
    await routes.apply([best('10.65.0.0/26', onLink('10.0.0.2', 'up0'))], open, call)
    host.netns.ip('route add blackhole 10.65.7.0/26')
    expect((await changes.next()).value.announce.map(short)).toEqual(['kernel 10.65.7.0/26 1024'])
  })
})

describe('next hops', () => {
  const onUp0 = { metric: 0, interface: 'up0' }

  it('are reached by the longest prefix of what others wrote, the default route included', async () => {
    host.netns.ip(
      'route add default via 10.0.0.254',
      'route add 172.16.0.0/16 via 10.1.0.7 metric 50',
      'route add 172.16.0.0/16 via 10.0.0.7 metric 20',
      'route add unreachable 172.16.9.0/24',
      // Of BGP itself: spec 05 trap 26.
      'route add 172.16.0.0/24 via 10.1.0.9 proto bird',
      'route add throw 172.16.8.0/24',
    )
    await using routes = host.open()
    const watched = ['10.0.0.2', '172.16.0.1', '172.16.8.1', '172.16.9.1', '8.8.8.8', '10.0.0.1', 'fd01::9', 'fd99::1']
    routes.nextHops.watch(watched)
    for await (const changes of routes.nextHops.follow(call)) {
      expect(Object.fromEntries(changes.map(({ address, resolution }) => [address, resolution]))).toEqual({
        '10.0.0.2': onUp0,
        '172.16.0.1': { metric: viaRouterMetric, interface: 'up0', gateway: '10.0.0.7' },
        '172.16.8.1': { metric: viaRouterMetric, interface: 'up0', gateway: '10.0.0.7' },
        '172.16.9.1': undefined,
        '8.8.8.8': { metric: viaRouterMetric, interface: 'up0', gateway: '10.0.0.254' },
        // Its own address leads nowhere.
        '10.0.0.1': undefined,
        'fd01::9': { metric: 0, interface: 'up1' },
        'fd99::1': undefined,
      })
      return
    }
  })

  it('are told again when, and only when, their answer changes', async () => {
    await using routes = host.open()
    routes.nextHops.watch(['10.0.0.2', '10.1.0.2', '172.16.0.1'])
    const answers = new Map<string, unknown>()
    const lines: string[] = []
    const until = (isSo: () => boolean): Promise<void> =>
      told(routes.nextHops.follow(call), (changes) => {
        for (const { address, resolution } of changes) {
          answers.set(address, resolution)
          lines.push(`${address} ${resolution?.gateway ?? resolution?.interface}`)
        }
        step()
        return isSo()
      })
    const steps = [
      'route add 172.16.0.0/16 via 10.0.0.7',
      'route add 10.77.0.0/16 via 10.0.0.7',
      'link set up0 down',
      'link set up0 up',
      'route add 10.0.0.2/32 via 10.1.0.9 proto static',
    ]
    const step = (): void => {
      const next = steps.shift()
      // The second changes no answer, so the third has to follow by itself.
      if (next) host.netns.ip(next, ...(next.startsWith('route add 172') ? [steps.shift() ?? ''] : []))
    }
    await until(() => steps.length === 0 && lines.includes('10.0.0.2 10.1.0.9'))
    expect(lines).toEqual([
      '10.0.0.2 up0',
      '10.1.0.2 up1',
      '172.16.0.1 undefined',
      '172.16.0.1 10.0.0.7',
      '10.0.0.2 undefined',
      '172.16.0.1 undefined',
      '10.0.0.2 up0',
      '10.0.0.2 10.1.0.9',
    ])
  })

  it('are told again when they are watched again', async () => {
    await using routes = host.open()
    const changes = routes.nextHops.follow(call)[Symbol.asyncIterator]()
    expect((await changes.next()).value).toEqual([])
    const answer = [{ address: '10.0.0.2', resolution: onUp0 }]
    routes.nextHops.watch(['10.0.0.2'])
    expect((await changes.next()).value).toEqual(answer)
    routes.nextHops.unwatch(['10.0.0.2'])
    routes.nextHops.watch(['10.0.0.2'])
    expect((await changes.next()).value).toEqual(answer)
    expect(() => routes.nextHops.watch(['10.0.0.x'])).toThrow(/10\.0\.0\.x/)
  })

  it('are reached through a static route of BGP itself, and not through what it learned', async () => {
    await using routes = host.open()
    const reachableBy = {
      source: 'static' as const,
      nextHop: '10.0.0.7',
      preference: 200,
      localPref: 0,
      stale: false,
    }
    await routes.apply(
      [best('172.16.0.1/32', reachableBy), best('172.16.0.0/24', onLink('10.1.0.3', 'up1'))],
      open,
      call,
    )
    expect(host.shown()).toContain('172.16.0.1 via 10.0.0.7 dev up0 proto 12')
    expect(routes.nextHops.resolve('172.16.0.1')).toEqual({
      metric: viaRouterMetric,
      interface: 'up0',
      gateway: '10.0.0.7',
    })
    expect(routes.nextHops.resolve('172.16.0.2')).toBeUndefined()
    host.netns.ip('route add 10.0.0.7/32 via 10.1.0.8')
    await host.until(() => host.shown().includes('172.16.0.1 via 10.1.0.8 dev up1 proto 12'))
    await routes.apply([best('172.16.0.1/32')], open, call)
    expect(routes.nextHops.resolve('172.16.0.1')).toBeUndefined()
  })
})
