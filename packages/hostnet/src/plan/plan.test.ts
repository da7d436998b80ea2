import type { RoutingProgram } from '@tortie/dataplane'
import type { Link, ReadRoute, Route } from '@tortie/netlink'
import { recordingLog } from '@tortie/runtime/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultHostnetConfig as config, type HostnetConfig } from '../config.ts'
import { createSettings } from '../settings.ts'
import { programOf, workload } from '../testing/host.ts'
import { arbitraryRoutingProgram, uplink } from '../testing/programs.ts'
import { outsideChange } from '../watch.ts'
import { type KernelState, type Patience, planChanges, remember, sizeOf } from './changes.ts'
import { driftOf } from './drift.ts'
import { isOurs } from './ownership.ts'
import { requestsOf } from './requests.ts'
import { routeKey } from './route-key.ts'
import { createRouteMemo, desiredRoutes } from './routes.ts'
import { interfaceSettings } from './sysctls.ts'
import { type LinkView, linkView } from './view.ts'
import { planVxlan } from './vxlan.ts'

const link = (index: number, name: string, rest: Partial<Link> = {}): Link => ({
  index,
  name,
  type: 1,
  flags: 0x41,
  up: true,
  running: true,
  mtu: 1500,
  group: 0,
  operState: 6,
  ...rest,
})
const devices = [
  link(1, 'lo'),
  link(2, 'eth0'),
  link(3, 'vxlan.calico', { kind: 'vxlan' }),
  link(4, 'vxlan-v6.calico', { kind: 'vxlan' }),
  link(11, 'cali1'),
  link(12, 'cali2'),
  link(13, 'cali3'),
]
const addresses = [
  { ifindex: 2, address: `${uplink.ipv4}/24` },
  { ifindex: 2, address: `${uplink.ipv6}/64` },
]
const view = linkView(devices, addresses)
const now: Patience = { isKnown: () => false, graceEndsMs: () => undefined }
const empty = (over: LinkView): KernelState => ({
  view: over,
  routes: new Map(),
  foreign: new Map(),
  neighbours: new Map(),
  fdb: new Map(),
  doubles: [],
})
const apply = (state: KernelState, program: RoutingProgram, patience = now): KernelState => {
  const changes = planChanges(program, state, config, patience)
  const after = {
    ...state,
    routes: new Map(state.routes),
    neighbours: new Map(state.neighbours),
    fdb: new Map(state.fdb),
    doubles: [],
  }
  for (const change of changes.routes) remember(after.routes, change)
  for (const change of changes.neighbours) remember(after.neighbours, change)
  for (const change of changes.fdb) remember(after.fdb, change)
  return after
}

describe('a plan', () => {
  it('leads from any state to any program, and then has nothing left to say', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRoutingProgram, { minLength: 1, maxLength: 4 }), (programs) => {
        const last = programs.at(-1) as RoutingProgram
        const after = programs.reduce((state, program) => apply(state, program), empty(view))
        const direct = apply(empty(view), last)
        const sorted = (state: KernelState) => [state.routes, state.neighbours, state.fdb].map((map) => [...map].sort())
        expect(sorted(after)).toEqual(sorted(direct))
        const again = planChanges(last, after, config, now)
        expect(sizeOf(again)).toBe(0)
        expect(requestsOf(again)).toEqual([])
        expect(driftOf(again, after, view)).toEqual([])
      }),
    )
  })

  it('is the same with and without what was calculated before', () => {
    const views = fc.constantFrom(view, linkView(devices.slice(0, 3), addresses), linkView(devices, []))
    fc.assert(
      fc.property(fc.array(fc.tuple(arbitraryRoutingProgram, views), { minLength: 1, maxLength: 6 }), (rounds) => {
        const memo = createRouteMemo()
        for (const [program, seen] of rounds) {
          const fresh = desiredRoutes(program, seen, config)
          expect(desiredRoutes(program, seen, config, memo)).toEqual(fresh)
          expect(desiredRoutes(program, seen, config, memo)).toEqual(fresh)
        }
      }),
    )
  })

  it('never removes or replaces a route of others', () => {
    const foreign: ReadRoute = { dst: '10.66.0.0/26', type: 'unicast', table: 254, protocol: 4, oif: 2 }
    fc.assert(
      fc.property(arbitraryRoutingProgram, (program) => {
        const state = { ...empty(view), foreign: new Map([[routeKey(foreign), foreign]]) }
        for (const request of requestsOf(planChanges(program, state, config, now)))
          if (request.kind === 'route') expect(routeKey(request.route)).not.toBe(routeKey(foreign))
      }),
    )
  })

  it('leaves unknown routes on a new interface until its grace is over, but none that it wanted itself', () => {
    const route: Route = { dst: '10.65.0.9/32', oif: 11, protocol: 3, priority: 1024, scope: 253 }
    const state = { ...empty(view), routes: new Map([[routeKey(route), route]]) }
    const removed = (patience: Patience) => planChanges(programOf({}), state, config, patience)
    expect(removed({ isKnown: () => false, graceEndsMs: () => 700 })).toMatchObject({ routes: [], againAtMs: 700 })
    expect(removed({ isKnown: () => true, graceEndsMs: () => 700 }).routes).toMatchObject([{ op: 'remove' }])
    expect(removed(now).routes).toMatchObject([{ op: 'remove' }])
  })

  it('waits, and says for what', () => {
    const program = programOf({
      workloads: { a: workload('cali9', '10.65.0.1'), b: workload('cali1', '10.65.0.2') },
      routes: {
        '10.66.0.0/26': { kind: 'no-encap', via: '10.0.0.2', node: 'b' },
        '10.67.0.0/26': { kind: 'vxlan', via: '10.67.0.0', node: 'c' },
        'fd66::/122': { kind: 'no-encap', via: 'fd00::2', node: 'b' },
      },
      node: { ipv4: '10.0.0.77' },
    })
    const seen = linkView([link(11, 'cali1', { running: false })], [])
    const { pending, routes } = desiredRoutes(program, seen, config)
    expect(routes.size).toBe(0)
    expect(Object.fromEntries([...pending.values()].map(({ dst, why }) => [dst, why]))).toEqual({
      '10.65.0.1/32': 'interface cali9 is missing',
      '10.65.0.2/32': 'interface cali1 is down',
      '10.66.0.0/26': "no interface has this node's address 10.0.0.77",
      '10.67.0.0/26': 'interface vxlan.calico is missing',
      'fd66::/122': 'this node has no address of that family',
    })
  })

  it('keeps a route that waits for its own interface, and removes it from another', () => {
    const route: Route = { dst: '10.65.0.1/32', oif: 11, protocol: 3, priority: 1024, scope: 253 }
    const down = linkView([link(11, 'cali1', { running: false }), link(12, 'cali2', { running: false })], [])
    const state = { ...empty(down), routes: new Map([[routeKey(route), route]]) }
    const planned = (name: string) =>
      planChanges(programOf({ workloads: { a: workload(name, '10.65.0.1') } }), state, config, now)
    expect(planned('cali1').routes).toEqual([])
    expect(planned('cali2').routes).toMatchObject([{ op: 'remove' }])
  })

  it('has no IPv6 where that is off', () => {
    const v4Only: HostnetConfig = { ...config, ipv6: false }
    const program = programOf({
      workloads: { a: workload('cali1', '10.65.0.1', 'fd65::1') },
      routes: { 'fd66::/122': { kind: 'blackhole' } },
    })
    expect([...desiredRoutes(program, view, v4Only).routes.values()].map(({ dst }) => dst)).toEqual(['10.65.0.1/32'])
    const keys = interfaceSettings(workload('cali1'), '1', v4Only).map(({ key }) => key)
    expect(keys.filter((key) => key.startsWith('net/ipv6'))).toEqual(['net/ipv6/conf/cali1/accept_ra'])
  })
})

const read = (rest: Partial<ReadRoute>): ReadRoute => ({
  dst: '10.1.0.0/24',
  type: 'unicast',
  table: 254,
  protocol: 4,
  ...rest,
})
it.each<{ route: ReadRoute; ours: boolean; given: string; with?: Partial<HostnetConfig> }>([
  { given: 'protocol 80 anywhere', route: read({ protocol: 80, oif: 2 }), ours: true },
  { given: 'protocol 80 without device', route: read({ protocol: 80, type: 'blackhole' }), ours: true },
  { given: 'protocol 80 in another table', route: read({ protocol: 80, table: 100 }), ours: false },
  { given: 'anything on a workload interface', route: read({ oif: 11 }), ours: true },
  { given: 'what the kernel made on a workload interface', route: read({ oif: 11, protocol: 2 }), ours: false },
  { given: 'fe80::/64 on a workload interface', route: read({ dst: 'fe80::/64', oif: 11, protocol: 3 }), ours: false },
  { given: 'a local route on a workload interface', route: read({ oif: 11, type: 'local' }), ours: false },
  { given: 'anything on the tunnel', route: read({ oif: 3 }), ours: true },
  { given: 'a boot route elsewhere', route: read({ oif: 2, protocol: 3 }), ours: false },
  { given: 'a static route elsewhere', route: read({ oif: 2 }), ours: false },
  { given: "BIRD's route elsewhere", route: read({ oif: 2, protocol: 12 }), ours: false },
  {
    given: 'external on a workload interface, to be kept',
    route: read({ oif: 11 }),
    ours: false,
    with: { removeExternalRoutes: false },
  },
  {
    given: 'own on a workload interface, external kept',
    route: read({ oif: 11, protocol: 3 }),
    ours: true,
    with: { removeExternalRoutes: false },
  },
  {
    given: 'the own device protocol anywhere',
    route: read({ oif: 2, protocol: 90 }),
    ours: true,
    with: { deviceRouteProtocol: 90 },
  },
  {
    given: 'an interface of another prefix',
    route: read({ oif: 11 }),
    ours: false,
    with: { interfacePrefixes: ['tap'] },
  },
])('ownership: $given: $ours', ({ route, ours, with: changed }) => {
  expect(isOurs(route, view, { ...config, ...changed })).toBe(ours)
})

describe('the tunnel device', () => {
  const own = { node: 'a', mac: '66:00:00:00:00:01', address: '10.65.0.60', parent: uplink.ipv4 }
  const vxlan = { id: 4096, port: 4789, local: uplink.ipv4, link: 2, learning: false }
  const device = link(3, 'vxlan.calico', { kind: 'vxlan', mac: own.mac, mtu: 1450, vxlan })
  const seen = (...more: Link[]): LinkView =>
    linkView([link(2, 'eth0'), ...more], [...addresses, { ifindex: 3, address: '10.65.0.60/32' }])
  const verbs = (over: LinkView, wanted: typeof own | undefined = own): string[] => {
    const plan = planVxlan(4, wanted, over, config)
    return plan.kind === 'change' ? plan.requests.map(({ kind, verb }) => `${verb} ${kind}`) : [plan.kind]
  }

  it.each([
    { given: 'missing', over: seen(), expected: ['add link'] },
    { given: 'as it should be', over: seen(device), expected: ['none'] },
    { given: 'down', over: seen({ ...device, up: false }), expected: ['change link'] },
    { given: 'of another MTU', over: seen({ ...device, mtu: 1500 }), expected: ['change link'] },
    {
      given: 'of another port',
      over: seen({ ...device, vxlan: { ...vxlan, port: 8472 } }),
      expected: ['delete link', 'add link'],
    },
    {
      given: 'of another parent',
      over: seen({ ...device, vxlan: { ...vxlan, link: 9 } }),
      expected: ['delete link', 'add link'],
    },
    { given: 'without parent', over: linkView([device], []), expected: ['wait'] },
    { given: 'without its address', over: linkView([link(2, 'eth0'), device], addresses), expected: ['add address'] },
  ])('$given: $expected', ({ over, expected }) => {
    expect(verbs(over)).toEqual(expected)
  })

  it('is removed when it is not wanted, and has one address only', () => {
    expect(planVxlan(4, undefined, seen(device), config)).toMatchObject({
      requests: [{ kind: 'link', verb: 'delete' }],
    })
    expect(planVxlan(4, undefined, seen(), config)).toEqual({ kind: 'none' })
    const stray = linkView(
      [link(2, 'eth0'), device],
      [
        ...addresses,
        { ifindex: 3, address: '10.65.0.60/32' },
        { ifindex: 3, address: '10.65.0.61/32' },
        { ifindex: 3, address: 'fe80::1/64' },
      ],
    )
    expect(planVxlan(4, own, stray, config)).toMatchObject({
      requests: [{ kind: 'address', verb: 'delete', address: { address: '10.65.0.61/32' } }],
    })
  })
})

describe('settings', () => {
  const files = (values: Record<string, string>, broken: ReadonlySet<string> = new Set()) => ({
    read: (key: string) => {
      const value = values[key]
      if (value === undefined) throw Object.assign(new Error(`no ${key}`), { code: 'linux/missing' })
      return value
    },
    write: (key: string, value: string) => {
      if (broken.has(key)) throw new Error('refused')
      values[key] = value
    },
  })
  const all = (): Record<string, string> => ({
    'net/ipv4/conf/default/rp_filter': '2',
    'net/ipv4/ip_forward': '0',
    ...Object.fromEntries(interfaceSettings(workload('cali1'), '0', config).map(({ key }) => [key, 'x'])),
  })

  it('are written once for each device, and the reverse path filter is what new interfaces get', () => {
    const values = all()
    const settings = createSettings({ sysctl: files(values), log: recordingLog() }, config)
    const program = programOf({ workloads: { a: workload('cali1', '10.65.0.1') } })
    expect(settings.apply(program, view, false)).toMatchObject({ changed: 9, drifted: [], failed: new Set() })
    expect(values['net/ipv4/conf/cali1/rp_filter']).toBe('2')
    values['net/ipv4/conf/cali1/proxy_arp'] = '0'
    expect(settings.apply(program, view, false).changed).toBe(0)
    expect(settings.apply(program, view, true).drifted).toEqual(['net/ipv4/conf/cali1/proxy_arp'])
    const spoofs = programOf({ workloads: { a: { ...workload('cali1'), spoofablePrefixes: ['10.7.0.0/16'] } } })
    expect(settings.apply(spoofs, view, false).changed).toBe(1)
    expect(values['net/ipv4/conf/cali1/rp_filter']).toBe('0')
  })

  it('that cannot be written keep the interface from being ready, and are tried again', () => {
    const broken = new Set(['net/ipv4/conf/cali1/proxy_arp', 'net/ipv4/neigh/cali1/proxy_delay'])
    const log = recordingLog()
    const settings = createSettings({ sysctl: files(all(), broken), log }, config)
    const program = programOf({ workloads: { a: workload('cali1', '10.65.0.1') } })
    expect(settings.apply(program, view, false).failed).toEqual(new Set(['cali1']))
    expect(log.lines.map(({ facts }) => facts.key)).toEqual(expect.arrayContaining([...broken]))
    broken.delete('net/ipv4/conf/cali1/proxy_arp')
    expect(settings.apply(program, view, false)).toMatchObject({ changed: 1, failed: new Set() })
  })
})

describe('announcements', () => {
  const route: Route = { dst: '10.66.0.0/26', oif: 2, gateway: '10.0.0.2', protocol: 80 }
  const program = programOf({ node: uplink })
  const state = { ...empty(view), routes: new Map([[routeKey(route), route]]) }
  const told = (event: Parameters<typeof outsideChange>[0]): string | undefined =>
    outsideChange(event, { state, program }, config)?.why
  const asRead = (rest: Partial<ReadRoute> = {}): ReadRoute => ({ ...read({ ...route, protocol: 80 }), ...rest })

  it.each<{ given: string; event: Parameters<typeof outsideChange>[0]; why: string | undefined }>([
    { given: 'our own route', event: { kind: 'route', gone: false, route: asRead() }, why: undefined },
    {
      given: 'our route gone',
      event: { kind: 'route', gone: true, route: asRead() },
      why: 'route to 10.66.0.0/26 was removed',
    },
    {
      given: 'our route changed',
      event: { kind: 'route', gone: false, route: asRead({ gateway: '10.0.0.9' }) },
      why: 'route to 10.66.0.0/26 was changed',
    },
    {
      given: 'what we replaced gone',
      event: { kind: 'route', gone: true, route: asRead({ gateway: '10.0.0.9' }) },
      why: undefined,
    },
    { given: 'a route of others', event: { kind: 'route', gone: false, route: read({ oif: 2 }) }, why: undefined },
    {
      given: 'an unknown route of ours',
      event: { kind: 'route', gone: false, route: read({ protocol: 80 }) },
      why: 'route to 10.1.0.0/24 was added',
    },
    { given: 'an unchanged interface', event: { kind: 'link', gone: false, link: link(11, 'cali1') }, why: undefined },
    {
      given: 'a workload interface down',
      event: { kind: 'link', gone: false, link: link(11, 'cali1', { running: false }) },
      why: 'interface cali1 changed',
    },
    {
      given: 'a new workload interface',
      event: { kind: 'link', gone: false, link: link(99, 'cali9') },
      why: 'interface cali9 came',
    },
    { given: 'some other interface', event: { kind: 'link', gone: false, link: link(98, 'docker0') }, why: undefined },
    {
      given: 'the parent gone',
      event: { kind: 'link', gone: true, link: link(2, 'eth0') },
      why: 'interface eth0 went',
    },
    {
      given: "the node's address gone",
      event: { kind: 'address', gone: true, address: { ifindex: 2, address: '10.0.0.1/24' } },
      why: 'address 10.0.0.1 went',
    },
    {
      given: 'another address',
      event: { kind: 'address', gone: false, address: { ifindex: 2, address: '10.0.0.9/24' } },
      why: undefined,
    },
  ])('$given: $why', ({ event, why }) => {
    expect(told(event)).toBe(why)
  })

  it('while the kernel is being read, mean that it must be read again', () => {
    const event = { kind: 'link', gone: false, link: link(98, 'docker0') } as const
    expect(outsideChange(event, { state: undefined, program }, config)?.why).toMatch(/while the kernel was read/)
    expect(outsideChange(event, { state: undefined, program: undefined }, config)).toBeUndefined()
  })
})
