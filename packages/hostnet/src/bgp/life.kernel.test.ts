import { openBgpKernelPolicy as open } from '@tortie/dataplane'
import { openNetlink } from '@tortie/linux'
import { createRtnetlink, type NetlinkMonitor, type NetlinkTransport, type Request } from '@tortie/netlink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBgpRoutes, createHostnet, defaultHostnetConfig } from '../index.ts'
import { type BgpHost, best, blackhole, createBgpHost, onLink } from '../testing/bgp-host.ts'
import { createTestHost, programOf, workload } from '../testing/host.ts'

const call = { signal: new AbortController().signal }
let host: BgpHost

beforeEach(() => {
  host = createBgpHost()
})
afterEach(() => host[Symbol.dispose]())

const a = best('10.65.0.0/26', onLink('10.0.0.2', 'up0'))
const b = best('10.65.0.64/26', onLink('10.1.0.3', 'up1'))
const shownA = '10.65.0.0/26 via 10.0.0.2 dev up0 proto 12 metric 1024'
const shownB = '10.65.0.64/26 via 10.1.0.3 dev up1 proto 12 metric 1024'

describe('a route of another program', () => {
  const theirs = '10.65.0.0/26 via 10.0.0.9 dev up0 proto 4 metric 1024'

  it('that stands where ours should be is left, and reported until it goes', async () => {
    host.netns.ip('route add 10.65.0.0/26 via 10.0.0.9 metric 1024 proto static')
    await using routes = host.open()
    await routes.apply([a, b], open, call)
    expect(host.shown()).toEqual([theirs, shownB])
    expect([...routes.problems()]).toEqual([
      { dst: '10.65.0.0/26', state: 'conflict', why: 'a route of another program (proto 4) is there' },
    ])
    expect(host.log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        event: 'hostnet.bgp.waiting',
        facts: expect.objectContaining({ count: 1 }),
      }),
    )
    expect((await routes.resync(call)).changed).toBe(0)
    host.netns.ip('route del 10.65.0.0/26 proto static metric 1024')
    await host.until(() => host.shown().includes(shownA))
    expect([...routes.problems()]).toEqual([])
  })

  it('that came unseen a moment before is not replaced', async () => {
    await using routes = host.open()
    await routes.apply([b], open, call)
    // In one turn of the event loop: its announcement cannot have been read.
    host.netns.ip('route add 10.65.0.0/26 via 10.0.0.9 metric 1024 proto static')
    await routes.apply([a], open, call)
    expect(host.shown()).toEqual([theirs, shownB])
    await routes.resync(call)
    expect([...routes.problems()].map(({ why }) => why)).toEqual(['a route of another program (proto 4) is there'])
  })

  it('that replaced ours is left, and ours comes back after it', async () => {
    await using routes = host.open()
    await routes.apply([a], open, call)
    host.netns.ip('route replace 10.65.0.0/26 via 10.0.0.9 metric 1024 proto static')
    await routes.resync(call)
    expect(host.shown()).toEqual([theirs])
    expect([...routes.problems()]).toHaveLength(1)
    await routes.apply([best(a.prefix, onLink('10.0.0.7', 'up0'))], open, call)
    expect(host.shown()).toEqual([theirs])
    host.netns.ip('route del 10.65.0.0/26 proto static')
    await host.until(() => host.shown().includes(shownA.replace('10.0.0.2', '10.0.0.7')))
  })

  it('with another metric stays beside ours, and when ours goes', async () => {
    host.netns.ip('route add 10.65.0.0/26 via 10.0.0.9 metric 20 proto static', 'route add blackhole 10.65.0.64/26')
    await using routes = host.open()
    const before = host.shown()
    await routes.apply([a, b], open, call)
    expect(host.shown()).toEqual(expect.arrayContaining([...before, shownA, shownB]))
    await routes.apply([best(a.prefix), best(b.prefix)], open, call)
    expect(host.shown()).toEqual(before)
  })
})

describe('a restart', () => {
  it('keeps every route; after recovery those that nobody wants go, and equal ones are never touched', async () => {
    {
      await using routes = host.open()
      await routes.apply(
        [a, b, best('10.65.1.0/26', blackhole), best('fd65::/122', onLink('fd00::2', 'up0'))],
        open,
        call,
      )
    }
    const before = [...host.shown(), ...host.shown('-6')]
    expect(before).toContain(shownA)
    await using routes = host.open()
    const moved = best(b.prefix, onLink('10.1.0.4', 'up1'))
    const fresh = best('10.65.2.0/26', onLink('10.0.0.2', 'up0'))
    expect((await routes.apply([a, moved, best(b.prefix), moved, fresh], open, call)).changed).toBe(1)
    expect([...host.shown(), ...host.shown('-6')]).toEqual(expect.arrayContaining(before))
    // Before recovery a withdrawal means nothing either: others may still bring the route.
    await routes.apply([best('10.65.1.0/26')], open, call)
    expect(host.shown()).toContain('blackhole 10.65.1.0/26 proto 12')
    expect((await routes.recovered(call)).changed).toBe(3)
    expect(host.shown()).toEqual([
      shownA,
      shownB.replace('10.1.0.3', '10.1.0.4'),
      shownA.replace('10.65.0.0', '10.65.2.0'),
    ])
    expect(host.shown('-6').filter((line) => line.includes('proto 12'))).toEqual([])
    expect(await routes.resync(call)).toMatchObject({ changed: 0, drift: [] })
  })

  it('removes what is there twice, after recovery', async () => {
    host.netns.ip(
      'route add 10.65.0.0/26 via 10.0.0.2 proto 12 metric 1024',
      'route append 10.65.0.0/26 via 10.0.0.8 proto 12 metric 1024',
      'route add 10.65.0.0/26 via 10.0.0.2 proto 12 metric 77',
    )
    await using routes = host.open()
    await routes.apply([a], open, call)
    expect(host.shown()).toHaveLength(3)
    await routes.recovered(call)
    expect(host.shown()).toEqual([shownA])
  })
})

describe('links', () => {
  it('that go down take their routes; they come back with the link', async () => {
    await using routes = host.open()
    const both = best('10.65.0.128/26', onLink('10.0.0.2', 'up0'), onLink('10.1.0.3', 'up1'))
    await routes.apply([a, b, both], open, call)
    await routes.recovered(call)
    const whole = host.shown()
    host.netns.ip('link set up0 down')
    await host.until(() => host.shown().includes('10.65.0.128/26 via 10.1.0.3 dev up1 proto 12 metric 1024'))
    expect(host.shown()).not.toContain(shownA)
    expect([...routes.problems()]).toEqual([{ dst: a.prefix, state: 'waiting', why: 'interface up0 is down' }])
    host.netns.ip('link set up0 up')
    await host.until(() => host.shown().join() === whole.join())
    expect([...routes.problems()]).toEqual([])
    expect((await routes.resync(call)).drift).toEqual([])
  })

  it('that are made anew get their routes again', async () => {
    await using routes = host.open()
    await routes.apply([a, b], open, call)
    host.netns.ip('link del up0')
    await host.until(() => [...routes.problems()].some(({ why }) => why === 'interface up0 is missing'))
    host.netns.ip('link add up0 type bridge', 'addr add 10.0.0.1/24 dev up0', 'link set up0 up')
    await host.until(() => host.shown().includes(shownA))
  })

  it('without an address for the gateway make a route wait for it', async () => {
    host.netns.ip('addr del 10.0.0.1/24 dev up0')
    await using routes = host.open()
    await routes.apply([a, b], open, call)
    expect(host.shown()).toEqual([shownB])
    expect([...routes.problems()]).toMatchObject([{ dst: a.prefix, state: 'refused' }])
    host.netns.ip('addr add 10.0.0.1/24 dev up0')
    await host.until(() => host.shown().includes(shownA))
  })
})

describe('other hands', () => {
  it('that remove or add routes of BGP are told of and undone', async () => {
    await using routes = host.open()
    await routes.apply([a, b], open, call)
    await routes.recovered(call)
    // Before an announcement of it can be read.
    host.netns.ip('route del 10.65.0.0/26 proto 12', 'route add 10.99.0.0/26 via 10.0.0.2 proto 12 metric 5')
    host.netns.ip('route change 10.65.0.64/26 via 10.1.0.9 proto 12 metric 1024')
    const { drift } = await routes.resync(call)
    expect(drift.map(({ object, found }) => `${found} ${object.split(' ')[1]}`).sort()).toEqual([
      'changed 10.65.0.64/26',
      'foreign 10.99.0.0/26',
      'missing 10.65.0.0/26',
    ])
    expect(host.shown()).toEqual([shownA, shownB])
  })

  it('are undone without being asked', async () => {
    await using routes = host.open()
    await routes.apply([a, b], open, call)
    await routes.recovered(call)
    host.netns.ip('route del 10.65.0.0/26 proto 12')
    await host.until(() => host.shown().includes(shownA))
    host.netns.ip('route change 10.65.0.64/26 via 10.1.0.9 proto 12 metric 1024')
    await host.until(() => host.shown().includes(shownB))
  })

  it('are found by the audit, even if nothing was announced', async () => {
    const deaf: NetlinkMonitor = (_, { signal }) =>
      (async function* (): AsyncGenerator<never> {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      })()
    await using routes = host.open({ monitor: deaf }, { auditMs: 20 })
    await routes.apply([a, b], open, call)
    await routes.recovered(call)
    host.netns.ip('route del 10.65.0.0/26 proto 12')
    await host.until(() => host.shown().includes(shownA))
    await routes.resync(call)
    expect(host.log.lines).toContainEqual({
      level: 'warn',
      event: 'hostnet.bgp.drift',
      facts: { count: 1, first: expect.objectContaining({ found: 'missing' }) },
    })
  })

  it('or a kernel that cannot be read for a while lose no route that is wanted', async () => {
    let broken = true
    const failing: NetlinkTransport = {
      ...host.ports.route,
      exchange: (request, asking) =>
        broken ? Promise.reject(new Error('no answer')) : host.ports.route.exchange(request, asking),
    }
    await using routes = host.open({ route: failing })
    await expect(routes.apply([a, b], open, call)).rejects.toThrow('no answer')
    broken = false
    await host.until(() => host.shown().length === 2)
    expect(host.shown()).toEqual([shownA, shownB])
  })

  it('are not lost when the kernel drops its announcements', async () => {
    using small = createBgpHost(2048)
    await using routes = small.open()
    await routes.apply([a, b], open, call)
    await routes.recovered(call)
    using socket = openNetlink({ protocol: 0, netns: small.netns })
    const others = Array.from({ length: 3000 }, (_, i): Request => {
      const dst = `20.0.${i >> 8}.${i & 255}/32`
      return { kind: 'route', verb: 'add', route: { dst, type: 'blackhole', protocol: 4 } }
    })
    const removal: Request = { kind: 'route', verb: 'delete', route: { dst: a.prefix, protocol: 12, priority: 1024 } }
    // In one turn of the event loop, so that nothing of it is read in between.
    createRtnetlink(socket).runSync([...others, removal])
    await small.until(() => small.shown().includes(shownA))
    routes.sources.configure({
      ignoredInterfaces: [],
      interesting: ['20.0.0.0/8'],
      normalPriority: { 4: 1024, 6: 1024 },
    })
    for await (const { announce } of routes.sources.follow(call)) {
      expect(announce.filter(({ source }) => source === 'kernel')).toHaveLength(3000)
      break
    }
  })
})

it('a route of hostnet that waited for one of BGP is written when that goes', async () => {
  using both = createTestHost()
  both.addPod('cali1', '10.65.0.1/32')
  using socket = openNetlink({ protocol: 0, netns: both.netns })
  await using bgp = createBgpRoutes({ ...both.ports, route: socket })
  await using hostnet = createHostnet(both.ports, defaultHostnetConfig)
  // Still where another node had the address.
  const learned = best('10.65.0.1/32', onLink('192.0.2.7', 'up0'))
  await bgp.apply([learned], open, call)
  const changes = hostnet.changes(call)[Symbol.asyncIterator]()
  const change = changes.next()
  await hostnet.apply(programOf({ workloads: { a: workload('cali1', '10.65.0.1') } }), call)
  expect(both.netns.run('ip', '-4', '-N', 'route')).toMatch(/10\.65\.0\.1 via 192\.0\.2\.7 dev up0 proto 12/)
  expect(hostnet.readyInterfaces()).toEqual(new Set())
  await bgp.apply([best(learned.prefix)], open, call)
  for (let { value } = await change; !value.why.includes('another program'); ) value = (await changes.next()).value
  await hostnet.resync(call)
  expect(both.netns.run('ip', '-4', '-N', 'route')).toMatch(/10\.65\.0\.1 dev cali1 scope 253 metric 1024/)
  expect(hostnet.readyInterfaces()).toEqual(new Set(['cali1']))
})

it('hostnet and BGP leave each other alone', async () => {
  using both = createTestHost()
  both.addPod('cali1', '10.65.0.1/32')
  both.addPod('cali2', '10.65.0.2/32')
  both.netns.ip('link add eth0 type bridge', 'addr add 10.0.0.1/24 dev eth0', 'link set eth0 up')
  const program = programOf({
    workloads: { a: workload('cali1', '10.65.0.1'), b: workload('cali2', '10.65.0.2') },
    routes: { '10.65.0.0/26': { kind: 'blackhole' }, '10.66.0.0/26': { kind: 'no-encap', via: '10.0.0.3', node: 'c' } },
    node: { ipv4: '10.0.0.1' },
  })
  using socket = openNetlink({ protocol: 0, netns: both.netns })
  await using hostnet = createHostnet(both.ports, { ...defaultHostnetConfig, newInterfaceGraceMs: 0 })
  await using bgp = createBgpRoutes({ ...both.ports, route: socket })
  const learned = [
    best('10.67.0.0/26', onLink('10.0.0.2', 'eth0')),
    // Of a pod that speaks BGP itself.
    best('10.99.0.0/24', onLink('10.65.0.1', 'cali1')),
    best('10.66.0.0/26', onLink('10.0.0.9', 'eth0')),
  ]
  await hostnet.apply(program, call)
  await bgp.apply(learned, open, call)
  await bgp.recovered(call)
  const lines = (): string[] => both.netns.run('ip', '-4', '-N', 'route').split('\n')
  const whole = lines()
  expect(whole.filter((line) => line.includes('proto 12'))).toHaveLength(3)
  expect(whole.filter((line) => line.includes('proto 80'))).toHaveLength(2)
  expect(await hostnet.resync(call)).toMatchObject({ changed: 0, drift: [] })
  expect(await bgp.resync(call)).toMatchObject({ changed: 0, drift: [] })
  await bgp.apply(
    learned.map(({ prefix }) => best(prefix)),
    open,
    call,
  )
  expect(lines()).toEqual(whole.filter((line) => !line.includes('proto 12')))
  await bgp.apply(learned.slice(0, 1), open, call)
  await hostnet.apply(programOf({ node: { ipv4: '10.0.0.1' } }), call)
  expect(lines().filter((line) => line.includes('proto 12'))).toHaveLength(1)
  expect(lines().filter((line) => line.includes('proto 80') || line.includes('cali'))).toEqual([])
})
