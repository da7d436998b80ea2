import { openFlow, openResponder, probe, type TestNetns } from '@tortie/linux/testing'
import { decodeEvents, neighbours, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, routes } from '@tortie/netlink'
import { virtualClock } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHostnet, defaultHostnetConfig } from './index.ts'
import { createTestHost, podMac, programOf, type TestHost, workload } from './testing/host.ts'

const call = { signal: new AbortController().signal }
let host: TestHost

beforeEach(() => {
  host = createTestHost()
})
afterEach(() => host[Symbol.dispose]())

const shown = (args = ''): string =>
  host.netns
    .run('ip', ...`-4 route show ${args}`.trim().split(' '))
    .replace(/ +\n/g, '\n')
    .replace(/^.*\bdev up0\b.*\n/gm, '')
const ourRoutes = (): string[] =>
  host.rt
    .readSync(routes({ table: 254 }))
    .filter(({ protocol, dst }) => protocol !== 2 && dst !== '0.0.0.0/0')
    .map(({ dst }) => dst)
    .sort()

async function reach(from: TestNetns, to: string, protocol: 'tcp' | 'udp' | 'icmp' = 'icmp'): Promise<string> {
  return (await probe({ netns: from, protocol, to, port: 80, timeoutMs: 2000 })).kind
}

describe('two pods on one host', () => {
  const program = programOf({
    workloads: {
      'default/a': workload('cali1', '10.65.0.1', 'fd65::1'),
      'default/b': workload('cali2', '10.65.0.2', 'fd65::2'),
    },
    routes: { '10.65.0.0/26': { kind: 'blackhole' }, 'fd65::/122': { kind: 'blackhole' } },
  })

  it('reach each other by TCP, UDP and ping, over IPv4 and IPv6', async () => {
    const a = host.addPod('cali1', '10.65.0.1/32', 'fd65::1/128')
    const b = host.addPod('cali2', '10.65.0.2/32', 'fd65::2/128')
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    expect(hostnet.readyInterfaces()).toEqual(new Set(['cali1', 'cali2']))
    for (const [any, to] of [
      ['0.0.0.0', '10.65.0.2'],
      ['::', 'fd65::2'],
    ] as const)
      for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
        using _ = protocol === 'icmp' ? undefined : openResponder({ netns: b, protocol, address: any, port: 80 })
        expect(await reach(a, to, protocol)).toBe('reached')
      }
    // What no workload holds of the own block is dropped on the host and not sent round in circles.
    expect(await probe({ netns: a, protocol: 'icmp', to: '10.65.0.3', timeoutMs: 50 })).toEqual({ kind: 'timeout' })
    expect(await probe({ netns: host.netns, protocol: 'icmp', to: '10.65.0.3', timeoutMs: 50 })).toEqual({
      kind: 'unreachable',
      errno: 'EINVAL',
    })
  })

  it('have the routes, neighbours and settings of the specification', async () => {
    host.addPod('cali1')
    host.addPod('cali2')
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    expect(shown()).toBe(
      'blackhole 10.65.0.0/26 proto 80\n' +
        '10.65.0.1 dev cali1 scope link metric 1024\n' +
        '10.65.0.2 dev cali2 scope link metric 1024\n',
    )
    const v6 = host.netns.run('ip', '-6', '-N', 'route', 'show')
    expect(v6).toMatch(/^fd65::1 dev cali1 metric 1024/)
    expect(v6).toMatch(/fd65::\/122 dev lo proto 80 metric 1024/)
    const permanent = host.rt.readSync(neighbours({ family: 4 })).filter(({ state = 0 }) => (state & 0x80) !== 0)
    expect(permanent.map(({ dst, mac }) => [dst, mac]).sort()).toEqual([
      ['10.65.0.1', podMac],
      ['10.65.0.2', podMac],
    ])
    const settings = Object.fromEntries(
      [
        'ipv6/conf/cali1/accept_ra',
        'ipv4/conf/cali1/route_localnet',
        'ipv4/neigh/cali1/proxy_delay',
        'ipv4/conf/cali1/proxy_arp',
        'ipv4/conf/cali1/forwarding',
        'ipv6/conf/cali1/proxy_ndp',
        'ipv6/conf/cali1/forwarding',
        'ipv4/ip_forward',
        'ipv6/conf/all/forwarding',
      ].map((key) => [key, host.sysctl.read(`net/${key}`)]),
    )
    expect(settings).toEqual({
      'ipv6/conf/cali1/accept_ra': '0',
      'ipv4/conf/cali1/route_localnet': '1',
      'ipv4/neigh/cali1/proxy_delay': '0',
      'ipv4/conf/cali1/proxy_arp': '1',
      'ipv4/conf/cali1/forwarding': '1',
      'ipv6/conf/cali1/proxy_ndp': '1',
      'ipv6/conf/cali1/forwarding': '1',
      'ipv4/ip_forward': '1',
      'ipv6/conf/all/forwarding': '1',
    })
  })

  it('are taken over by a second process without touching one equal route, while a flow goes on', async () => {
    const a = host.addPod('cali1', '10.65.0.1/32', 'fd65::1/128')
    const b = host.addPod('cali2', '10.65.0.2/32', 'fd65::2/128')
    using _ = openResponder({ netns: b, protocol: 'tcp', address: '0.0.0.0', port: 80 })
    {
      await using hostnet = host.open()
      await hostnet.apply(program, call)
    }
    using flow = await openFlow({ netns: a, to: '10.65.0.2', port: 80 })
    const stop = new AbortController()
    const announcements = host.monitor([RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE], stop)
    await using hostnet = host.open()
    expect((await hostnet.apply(program, call)).changed).toBe(0)
    expect((await hostnet.apply(program, call)).changed).toBe(0)
    expect((await hostnet.resync(call)).drift).toEqual([])
    expect(await flow.exchange()).toBe(true)
    // A route of our own marks the end of what there is to see.
    host.netns.ip('route add blackhole 10.99.0.0/16')
    const events = await readUntil(announcements, '10.99.0.0/16', stop)
    expect(events).toEqual(['10.99.0.0/16'])
  })
})

async function readUntil(
  announcements: AsyncIterable<unknown>,
  last: string,
  stop: AbortController,
): Promise<string[]> {
  const seen: string[] = []
  for await (const announcement of announcements as ReturnType<TestHost['monitor']>) {
    if (announcement.kind !== 'datagram') continue
    for (const event of decodeEvents(announcement.bytes)) if (event.kind === 'route') seen.push(event.route.dst)
    if (seen.includes(last)) break
  }
  stop.abort()
  return seen
}

describe('interfaces come and go', () => {
  const program = programOf({ workloads: { 'default/a': workload('cali1', '10.65.0.1') } })

  it('a route waits for its interface, and is written when that comes', async () => {
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    expect(ourRoutes()).toEqual([])
    expect(hostnet.readyInterfaces()).toEqual(new Set())
    expect(host.log.lines).toContainEqual(
      expect.objectContaining({
        event: 'hostnet.route.waiting',
        facts: { dst: '10.65.0.1/32', why: 'interface cali1 is missing' },
      }),
    )
    const stop = new AbortController()
    const changes = hostnet.changes({ signal: stop.signal })
    host.addPod('cali1')
    for await (const change of changes) {
      expect(change.why).toMatch(/interface cali1/)
      expect((await hostnet.resync(call)).drift).toEqual([])
      if (hostnet.readyInterfaces().has('cali1')) break
    }
    expect(ourRoutes()).toEqual(['10.65.0.1/32'])
    stop.abort()
  })

  it('an interface that goes down is not ready; up again, its route is back', async () => {
    host.addPod('cali1')
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    host.netns.ip('link set cali1 down')
    await hostnet.resync(call)
    expect([ourRoutes(), hostnet.readyInterfaces()]).toEqual([[], new Set()])
    const stop = new AbortController()
    const changes = hostnet.changes(stop)
    host.netns.ip('link set cali1 up')
    for await (const _ of changes) {
      await hostnet.apply(program, call)
      if (hostnet.readyInterfaces().size > 0) break
    }
    stop.abort()
    expect([ourRoutes(), hostnet.readyInterfaces()]).toEqual([['10.65.0.1/32'], new Set(['cali1'])])
  })

  it('an inactive workload has no route', async () => {
    host.addPod('cali1')
    await using hostnet = host.open()
    await hostnet.apply(programOf({ workloads: { a: { ...workload('cali1', '10.65.0.1'), active: false } } }), call)
    expect(ourRoutes()).toEqual([])
  })

  it('of two workloads with one address the lowest id has it, and the other when that goes', async () => {
    host.addPod('cali1')
    host.addPod('cali2')
    const [first, second] = [workload('cali1', '10.65.0.1'), workload('cali2', '10.65.0.1')]
    await using hostnet = host.open()
    await hostnet.apply(programOf({ workloads: { 'ns/b': second, 'ns/a': first } }), call)
    expect(shown()).toMatch(/10.65.0.1 dev cali1 /)
    await hostnet.apply(programOf({ workloads: { 'ns/b': second } }), call)
    expect(shown()).toMatch(/10.65.0.1 dev cali2 /)
  })
})

describe('what others make', () => {
  const program = programOf({
    workloads: { 'default/a': workload('cali1', '10.65.0.1') },
    routes: { '10.65.0.0/26': { kind: 'blackhole' }, '10.66.0.0/26': { kind: 'no-encap', via: '10.0.0.2', node: 'b' } },
    node: { ipv4: '10.0.0.1' },
  })
  beforeEach(() => {
    host.netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
    host.addPod('cali1')
  })

  it('is left alone elsewhere, and removed where it is ours to say', async () => {
    const clock = virtualClock()
    const patient = createTestHost(clock)
    host[Symbol.dispose]()
    host = patient
    host.netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
    host.addPod('cali1')
    host.netns.ip(
      'route add 10.90.0.0/16 dev eth0',
      'route add 10.91.0.0/16 dev eth0 proto bird',
      'route add 10.92.0.0/16 dev eth0 proto 80',
      'route add blackhole 10.93.0.0/16 proto 80',
      'route add 10.94.0.0/16 dev cali1',
      'route add 10.95.0.0/16 dev eth0 table 77 proto 80',
      'route add fd94::/64 dev cali1',
    )
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    const kept = ['10.65.0.0/26', '10.65.0.1/32', '10.66.0.0/26', '10.90.0.0/16', '10.91.0.0/16']
    // A new interface has a grace: CNI may be ahead of the datastore.
    expect(ourRoutes()).toEqual([...kept, '10.94.0.0/16', 'fd94::/64'])
    const changes = hostnet.changes(call)[Symbol.asyncIterator]()
    const next = changes.next()
    await hostnet.apply(program, call)
    await clock.advance(10_001)
    expect((await next).value).toEqual({ why: 'the grace of a new interface is over' })
    await hostnet.resync(call)
    expect(ourRoutes()).toEqual(kept)
    expect(shown('table 77')).toContain('10.95.0.0/16')
  })

  it('is not overwritten when it is in the way: our route waits, and says so', async () => {
    host.netns.ip('route add 10.66.0.0/26 dev eth0 proto static')
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    expect(shown()).toContain('10.66.0.0/26 dev eth0 proto static')
    expect(host.log.lines.map(({ facts }) => facts)).toContainEqual({
      dst: '10.66.0.0/26',
      why: 'a route of another program (proto 4) is there',
    })
    host.netns.ip('route del 10.66.0.0/26 dev eth0 proto static')
    await hostnet.resync(call)
    expect(shown()).toContain('10.66.0.0/26 via 10.0.0.2 dev eth0 proto 80')
  })

  it('is drift: told, and put right', async () => {
    await using hostnet = host.open()
    await hostnet.apply(program, call)
    const stop = new AbortController()
    const changes = hostnet.changes({ signal: stop.signal })
    host.netns.ip(
      'route del 10.65.0.1 dev cali1',
      'route replace 10.66.0.0/26 via 10.0.0.9 proto 80',
      'route add blackhole 10.97.0.0/26 proto 80',
      'neigh del 10.65.0.1 dev cali1',
    )
    host.sysctl.write('net/ipv4/conf/cali1/proxy_arp', '0')
    for await (const { why } of changes) {
      expect(why).toMatch(/route to 10.65.0.1\/32 was removed/)
      break
    }
    stop.abort()
    const { drift, changed } = await hostnet.resync(call)
    expect([...drift].sort((a, b) => (a.object < b.object ? -1 : 1))).toEqual([
      { object: 'neighbour 10.65.0.1 dev cali1', found: 'missing' },
      { object: 'route 10.65.0.1/32 dev cali1 proto 3 metric 1024', found: 'missing' },
      { object: 'route 10.66.0.0/26 via 10.0.0.2 dev eth0 proto 80', found: 'changed' },
      { object: 'route blackhole 10.97.0.0/26 table 254 proto 80'.replace(' table 254', ''), found: 'foreign' },
      { object: 'sysctl net/ipv4/conf/cali1/proxy_arp', found: 'changed' },
    ])
    expect(changed).toBe(5)
    expect(await hostnet.resync(call)).toMatchObject({ changed: 0, drift: [] })
    expect(ourRoutes()).toEqual(['10.65.0.0/26', '10.65.0.1/32', '10.66.0.0/26'])
  })
})

it('a program that changes leads from each state to the next', async () => {
  host.addPod('cali1')
  host.addPod('cali2')
  host.netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
  const node = { ipv4: '10.0.0.1' }
  const remote = (via: string) => ({ kind: 'no-encap', via, node: 'b' }) as const
  await using hostnet = host.open()
  await hostnet.apply(programOf({ node, routes: { '10.66.0.0/26': remote('10.0.0.2') } }), call)
  await hostnet.apply(programOf({ node, routes: { '10.66.0.0/26': remote('10.0.0.3') } }), call)
  expect(shown('proto 80')).toBe('10.66.0.0/26 via 10.0.0.3 dev eth0\n')
  await hostnet.apply(programOf({ node, routes: { '10.66.0.0/26': { kind: 'blackhole' } } }), call)
  expect(shown('proto 80')).toBe('blackhole 10.66.0.0/26\n')
  await hostnet.apply(programOf({ workloads: { a: workload('cali1', '10.65.0.1') } }), call)
  await hostnet.apply(programOf({ workloads: { a: workload('cali2', '10.65.0.1') } }), call)
  expect(shown('proto boot')).toBe('10.65.0.1 dev cali2 scope link metric 1024\n')
  await hostnet.apply(programOf({}), call)
  expect(ourRoutes()).toEqual([])
})

it('tells changes of others from the echo of its own', async () => {
  host.netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
  host.addPod('cali1')
  const node = { ipv4: '10.0.0.1' }
  const vtep = (node: string, n: number) => ({
    node,
    mac: `66:00:00:00:00:0${n}`,
    address: `10.6${n}.0.60`,
    parent: `10.0.0.${n}`,
  })
  const bare = programOf({ node: { ...node, vxlan: vtep('a', 1) } })
  const full = programOf({
    node: { ...node, vxlan: vtep('a', 1) },
    workloads: { a: workload('cali1', '10.65.0.1', 'fd65::1') },
    vteps: [vtep('b', 2)],
    routes: {
      '10.66.0.0/26': { kind: 'no-encap', via: '10.0.0.2', node: 'b' },
      '10.67.0.0/26': { kind: 'vxlan', via: '10.62.0.60', node: 'b' },
      'fd65::/122': { kind: 'blackhole' },
    },
  })
  await using hostnet = host.open()
  await hostnet.apply(bare, call)
  const stop = new AbortController()
  const changes = hostnet.changes(stop)
  for (let round = 0; round < 5; round++) {
    await hostnet.apply(full, call)
    await hostnet.apply(bare, call)
  }
  host.netns.ip('route add blackhole 10.99.0.0/16', 'route add blackhole 10.98.0.0/16 proto 80')
  for await (const { why } of changes) {
    expect(why).toBe('route to 10.98.0.0/16 was added')
    break
  }
  stop.abort()
})

it('an overrun of the monitor is a change', async () => {
  await using hostnet = host.open()
  await hostnet.apply(programOf({}), call)
  const lost = createHostnet(
    {
      ...host.ports,
      monitor: async function* () {
        yield { kind: 'overrun' }
      },
    },
    defaultHostnetConfig,
  )
  for await (const { why } of lost.changes(call)) {
    expect(why).toMatch(/were lost/)
    break
  }
})

it('says which route the kernel refuses, and writes the others', async () => {
  host.netns.ip('link add eth0 type bridge', 'link set eth0 up', 'addr add 10.0.0.1/24 dev eth0')
  host.addPod('cali1')
  const node = { ipv4: '10.0.0.1' }
  await using hostnet = host.open({ deviceRouteSource: { ipv4: '10.200.0.1' } })
  const routes = {
    '10.66.0.0/26': { kind: 'no-encap', via: '10.77.0.2', node: 'b' },
    '10.67.0.0/26': { kind: 'blackhole' },
  } as const
  const program = programOf({ node, routes, workloads: { a: workload('cali1', '10.65.0.1') } })
  await expect(hostnet.apply(program, call)).rejects.toMatchObject({
    code: 'hostnet/refused',
    message: expect.stringMatching(
      /refused a change of its routing: add route 10.65.0.1\/32 dev #\d+ proto 3 metric 1024: EINVAL/,
    ),
  })
  expect(ourRoutes()).toEqual(['10.67.0.0/26'])
  // A gateway that is not on the link is waited for: an address may come.
  expect(host.log.lines.map(({ facts }) => facts)).toContainEqual({
    dst: '10.66.0.0/26',
    why: expect.stringMatching(/ENETUNREACH \(kernel: Nexthop has invalid gateway\)/),
  })
})
