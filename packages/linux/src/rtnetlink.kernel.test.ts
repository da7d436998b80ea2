/** rtnetlink on the kernel, with iproute2 as the other opinion. */
import {
  createRtnetlink,
  decodeEvents,
  fdb,
  interfaceAddresses,
  isRefusal,
  linkBy,
  links,
  NetlinkError,
  type NetlinkTransport,
  type NetworkEvent,
  NTF_PROXY,
  neighbours,
  type Request,
  type Route,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_LINK,
  type Rtnetlink,
  routes,
  rules,
} from '@tortie/netlink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMonitor, openNetlink } from './index.ts'
import { createTestNetns, type TestNetns } from './testing/index.ts'

let netns: TestNetns
let transport: NetlinkTransport
let rt: Rtnetlink
const call = { signal: new AbortController().signal }

beforeEach(() => {
  netns = createTestNetns('rtnl')
  transport = openNetlink({ protocol: 0, netns })
  rt = createRtnetlink(transport)
})
afterEach(() => {
  transport[Symbol.dispose]()
  netns[Symbol.dispose]()
})

const indexOf = (name: string): number => rt.findSync(linkBy({ name }))?.index ?? 0
const addBridge = (name: string): number => {
  const change = (rest: { up?: boolean; addrGenMode?: 'none' }): Request => ({
    kind: 'link',
    verb: 'change',
    change: { link: { name }, ...rest },
  })
  const add: Request = { kind: 'link', verb: 'add', link: { kind: 'bridge', name } }
  rt.runSync([add, change({ addrGenMode: 'none' }), change({ up: true })])
  return indexOf(name)
}
const addRoutes = (...all: Route[]): void =>
  rt.runSync(all.map((route) => ({ kind: 'route', verb: 'add', route }) as const))

describe('links', () => {
  it('a veth is born with its peer in another namespace', () => {
    using pod = createTestNetns('rtnl')
    using inPod = openNetlink({ protocol: 0, netns: pod })
    const podRt = createRtnetlink(inPod)
    const peer = { name: 'eth0', netnsFd: pod.fd, mtu: 1400, mac: '02:00:00:00:00:01' }
    rt.runSync([
      {
        kind: 'link',
        verb: 'add',
        link: { kind: 'veth', name: 'cali1', mac: 'ee:ee:ee:ee:ee:ee', mtu: 1400, up: true, peer },
      },
    ])
    expect(rt.findSync(linkBy({ name: 'cali1' }))).toMatchObject({
      kind: 'veth',
      mac: 'ee:ee:ee:ee:ee:ee',
      mtu: 1400,
      up: true,
      running: false,
    })
    expect(podRt.findSync(linkBy({ name: 'eth0' }))).toMatchObject({ mtu: 1400, mac: peer.mac, up: false })
    podRt.runSync([{ kind: 'link', verb: 'change', change: { link: { name: 'eth0' }, up: true } }])
    expect(rt.findSync(linkBy({ name: 'cali1' }))?.running).toBe(true)
    rt.runSync([{ kind: 'link', verb: 'delete', link: { name: 'cali1' } }])
    expect(podRt.findSync(linkBy({ name: 'eth0' }))).toBeUndefined()
  })

  it('a vxlan device has what ip says it has', () => {
    const link = addBridge('br0')
    const vxlan = { id: 4096, local: '10.0.0.1', link, port: 4789, learning: false }
    rt.runSync([
      { kind: 'address', verb: 'add', address: { ifindex: link, address: '10.0.0.1/24' } },
      {
        kind: 'link',
        verb: 'add',
        link: { kind: 'vxlan', name: 'vxlan.calico', mac: '66:00:00:00:00:01', mtu: 1450, vxlan },
      },
    ])
    expect(rt.findSync(linkBy({ name: 'vxlan.calico' }))).toMatchObject({ kind: 'vxlan', mtu: 1450, vxlan })
    const [seen] = netns.ipJson('-d', 'link', 'show', 'vxlan.calico') as [{ linkinfo: { info_data: object } }]
    expect(seen.linkinfo.info_data).toMatchObject({
      id: 4096,
      local: '10.0.0.1',
      link: 'br0',
      port: 4789,
      learning: false,
    })
  })

  it('are listed as ip lists them, changed, and deleted by group', async () => {
    const master = addBridge('br0')
    const add = (name: string): Request => ({
      kind: 'link',
      verb: 'add',
      link: { kind: 'veth', name, group: 77, peer: { name: `${name}p` } },
    })
    await rt.run([add('a1'), add('a2')], call)
    await rt.run(
      [{ kind: 'link', verb: 'change', change: { link: { name: 'a1' }, master, mtu: 1300, up: true } }],
      call,
    )
    const listed = await rt.read(links(), call)
    type IpLink = {
      ifindex: number
      ifname: string
      mtu: number
      address: string
      group: string
      flags: string[]
      master?: string
    }
    const expected = (netns.ipJson('link') as IpLink[]).map(
      ({ ifindex, ifname, mtu, address, group, flags, master }) => ({
        index: ifindex,
        name: ifname,
        mtu,
        mac: address,
        group: group === 'default' ? 0 : Number(group),
        up: flags.includes('UP'),
        master: master && indexOf(master),
      }),
    )
    expect(
      listed.map(({ index, name, mtu, mac, group, up, master }) => ({ index, name, mtu, mac, group, up, master })),
    ).toEqual(expected)
    await rt.run([{ kind: 'link', verb: 'delete', link: { group: 77 } }], call)
    expect((await rt.read(links(), call)).map(({ name }) => name)).toEqual(['lo', 'br0'])
  })
})

describe('addresses and neighbours', () => {
  it('are what ip shows', () => {
    const ifindex = addBridge('br0')
    rt.runSync([
      { kind: 'address', verb: 'add', address: { ifindex, address: '10.0.0.1/24', scope: 253 } },
      { kind: 'address', verb: 'add', address: { ifindex, address: 'fd00::1/64', nodad: true } },
      { kind: 'neighbour', verb: 'replace', neighbour: { ifindex, dst: '10.0.0.9', mac: '02:00:00:00:00:09' } },
      { kind: 'neighbour', verb: 'replace', neighbour: { ifindex, dst: 'fd00::9', mac: '02:00:00:00:00:19' } },
      { kind: 'neighbour', verb: 'add', neighbour: { ifindex, dst: '10.0.0.10', flags: NTF_PROXY } },
    ])
    expect(rt.readSync(interfaceAddresses({ ifindex }))).toEqual([
      { ifindex, address: '10.0.0.1/24', scope: 253 },
      { ifindex, address: 'fd00::1/64', scope: 0, nodad: true },
    ])
    expect(rt.readSync(neighbours({ ifindex }))).toHaveLength(2)
    expect(rt.readSync(neighbours({ ifindex, proxy: true }))).toMatchObject([{ dst: '10.0.0.10' }])
    const shown = netns.ipJson('neigh', 'show', 'dev', 'br0') as { dst: string; lladdr: string; state: string[] }[]
    expect(shown.map(({ dst, lladdr, state }) => [dst, lladdr, ...state]).sort()).toEqual([
      ['10.0.0.9', '02:00:00:00:00:09', 'PERMANENT'],
      ['fd00::9', '02:00:00:00:00:19', 'PERMANENT'],
    ])
    rt.runSync([
      { kind: 'neighbour', verb: 'delete', neighbour: { ifindex, dst: '10.0.0.9' } },
      { kind: 'address', verb: 'delete', address: { ifindex, address: '10.0.0.1/24' } },
    ])
    expect(rt.readSync(neighbours({ ifindex, family: 4 }))).toEqual([])
    expect(rt.readSync(interfaceAddresses({ family: 4, ifindex }))).toEqual([])
  })

  it('a vxlan device forwards by MAC', () => {
    rt.runSync([
      {
        kind: 'link',
        verb: 'add',
        link: { kind: 'vxlan', name: 'vx', up: true, vxlan: { id: 7, local: '127.0.0.1' } },
      },
    ])
    const ifindex = indexOf('vx')
    const entry = { ifindex, mac: '66:00:00:00:00:02', dst: '10.0.0.2' }
    rt.runSync([{ kind: 'fdb', verb: 'replace', entry }])
    expect(rt.readSync(fdb({ ifindex }))).toMatchObject([entry])
    expect(netns.run('bridge', 'fdb', 'show', 'dev', 'vx')).toMatch(/66:00:00:00:00:02 dst 10.0.0.2 self permanent/)
    rt.runSync([{ kind: 'fdb', verb: 'delete', entry }])
    expect(rt.readSync(fdb({ ifindex }))).toEqual([])
  })
})

describe('routes', () => {
  it('of every kind are what ip shows, and are read as they were written', () => {
    const oif = addBridge('br0')
    rt.runSync([
      { kind: 'address', verb: 'add', address: { ifindex: oif, address: '10.0.0.1/24' } },
      { kind: 'address', verb: 'add', address: { ifindex: oif, address: 'fd00::1/64', nodad: true } },
    ])
    const written: (Route & { type: string; table: number; protocol: number })[] = [
      { dst: '10.1.0.1/32', type: 'unicast', oif, scope: 253, protocol: 3, table: 254, priority: 1024 },
      { dst: '10.1.1.0/26', type: 'unicast', gateway: '10.0.0.2', oif, protocol: 80, table: 254, scope: 0 },
      {
        dst: '10.1.2.0/26',
        type: 'unicast',
        gateway: '10.77.0.2',
        oif,
        onlink: true,
        protocol: 80,
        table: 254,
        scope: 0,
      },
      { dst: '10.1.3.0/26', type: 'blackhole', protocol: 80, table: 254, scope: 0 },
      { dst: '10.1.4.0/26', type: 'throw', protocol: 80, table: 1000, scope: 0 },
      { dst: '10.1.5.0/26', type: 'unicast', gateway: 'fd00::2', oif, protocol: 80, table: 254, scope: 0 },
      {
        dst: '10.1.6.0/26',
        type: 'unicast',
        oif,
        prefsrc: '10.0.0.1',
        mtu: 1300,
        protocol: 80,
        table: 254,
        scope: 253,
      },
      { dst: 'fd01::1/128', type: 'unicast', oif, protocol: 3, table: 254, priority: 1024, scope: 0 },
      { dst: 'fd01:1::/64', type: 'unicast', gateway: 'fd00::2', oif, protocol: 80, table: 254, priority: 5, scope: 0 },
      { dst: 'fd01:2::/64', type: 'blackhole', protocol: 80, table: 254, priority: 1024, scope: 0 },
      {
        dst: '10.1.7.0/26',
        type: 'unicast',
        protocol: 80,
        table: 254,
        scope: 0,
        multipath: [
          { oif, gateway: '10.0.0.2', weight: 1 },
          { oif, gateway: '10.0.0.3', weight: 3 },
        ],
      },
    ]
    addRoutes(...written)
    const read = rt.readSync(routes())
    for (const route of written) {
      const found = read.find(({ dst, table }) => dst === route.dst && table === route.table)
      // The kernel says lo for IPv6 blackholes.
      expect({ ...found, ...(route.type === 'blackhole' ? { oif: undefined } : {}) }).toEqual(route)
    }
    type IpRoute = {
      type?: string
      dst: string
      gateway?: string
      via?: { host: string }
      flags: string[]
      table?: string
      metric?: number
    }
    const shown = netns.ipJson('-4', '-d', 'route', 'show', 'table', 'all', 'proto', '80') as IpRoute[]
    expect(shown.map(({ type, dst }) => `${type} ${dst}`).sort()).toEqual(
      read
        .filter(({ protocol, dst }) => protocol === 80 && !dst.includes(':'))
        .map(({ type, dst }) => `${type} ${dst}`)
        .sort(),
    )
    expect(shown.find(({ dst }) => dst === '10.1.2.0/26')).toMatchObject({ gateway: '10.77.0.2', flags: ['onlink'] })
    expect(shown.find(({ dst }) => dst === '10.1.5.0/26')).toMatchObject({ via: { host: 'fd00::2' } })
  })

  it('are filtered by the kernel', () => {
    const oif = addBridge('br0')
    addRoutes(
      { dst: '10.1.0.1/32', oif, scope: 253, protocol: 80 },
      { dst: '10.1.0.2/32', oif, scope: 253, protocol: 3 },
      { dst: '10.1.0.3/32', oif, scope: 253, protocol: 80, table: 500 },
      { dst: '10.1.0.4/32', type: 'blackhole', protocol: 80 },
    )
    const found = (filter: Parameters<typeof routes>[0]) =>
      rt.readSync(routes(filter)).map(({ dst }) => dst.slice(0, 8))
    expect(found({ family: 4, protocol: 80 }).sort()).toEqual(['10.1.0.1', '10.1.0.3', '10.1.0.4'])
    expect(found({ family: 4, table: 500 })).toEqual(['10.1.0.3'])
    expect(found({ family: 4, type: 'blackhole' })).toEqual(['10.1.0.4'])
    expect(found({ family: 4, oif, table: 254 })).toEqual(['10.1.0.1', '10.1.0.2'])
  })

  it('are removed by what is known of them', () => {
    const oif = addBridge('br0')
    addRoutes(
      { dst: '10.1.0.1/32', oif, scope: 253, protocol: 3, priority: 5 },
      { dst: '10.1.0.1/32', oif, scope: 253, protocol: 80, priority: 6 },
      { dst: 'fd01::1/128', oif, protocol: 3 },
    )
    rt.runSync([
      { kind: 'route', verb: 'delete', route: { dst: '10.1.0.1/32', priority: 6 } },
      { kind: 'route', verb: 'delete', route: { dst: 'fd01::1/128' } },
    ])
    expect(rt.readSync(routes({ oif, table: 254 })).map(({ dst }) => dst)).toEqual(['10.1.0.1/32'])
    const again: Request = { kind: 'route', verb: 'delete', route: { dst: '10.1.0.1/32', priority: 6 } }
    const [refusal] = rt.attemptSync([again])
    expect(isRefusal(refusal, 'ESRCH')).toBe(true)
  })

  it('that are refused are named, with the words of the kernel, and stop none of the others', async () => {
    const oif = addBridge('br0')
    const route = (dst: string, extra: Partial<Route> = {}): Request => ({
      kind: 'route',
      verb: 'add',
      route: { dst, oif, scope: 253, ...extra },
    })
    const requests = [
      route('10.1.0.1/32'),
      route('10.1.0.2/32', { gateway: '10.99.0.1', scope: 0 }),
      route('10.1.0.3/32'),
      route('10.1.0.1/32'),
    ]
    const refusals = await rt.attempt(requests, call)
    expect(refusals.map(({ message }) => message)).toEqual([
      `add route 10.1.0.2/32 via 10.99.0.1 dev #${oif}: ENETUNREACH (kernel: Nexthop has invalid gateway)`,
      `add route 10.1.0.1/32 dev #${oif}: EEXIST`,
    ])
    expect(refusals.map(({ facts }) => facts.index)).toEqual([1, 3])
    expect(rt.readSync(routes({ family: 4, oif }))).toHaveLength(2)
    await expect(rt.run([route('10.1.0.1/32')], call)).rejects.toThrow(NetlinkError)
  })
})

it('rules are what ip shows', () => {
  rt.runSync([
    { kind: 'rule', verb: 'add', rule: { family: 4, priority: 99, table: 7, mark: 0x100, mask: 0x100, invert: true } },
    { kind: 'rule', verb: 'add', rule: { family: 6, priority: 98, table: 1000, src: 'fd00::/64', iif: 'lo' } },
    {
      kind: 'rule',
      verb: 'add',
      rule: { family: 4, priority: 97, table: 254, suppressPrefixLength: 0, dst: '10.0.0.0/8' },
    },
  ])
  const read = rt.readSync(rules())
  expect(read.find(({ priority }) => priority === 99)).toMatchObject({
    table: 7,
    mark: 0x100,
    mask: 0x100,
    invert: true,
  })
  expect(read.find(({ priority }) => priority === 98)).toMatchObject({
    family: 6,
    table: 1000,
    src: 'fd00::/64',
    iif: 'lo',
  })
  const shown = netns.run('ip', 'rule')
  expect(shown).toContain('99:	not from all fwmark 0x100/0x100 lookup 7')
  expect(shown).toContain('97:	from all to 10.0.0.0/8 lookup main suppress_prefixlength 0')
  for (const rule of read.filter(({ priority }) => priority > 90 && priority < 100))
    rt.runSync([{ kind: 'rule', verb: 'delete', rule }])
  expect(rt.readSync(rules()).every(({ priority }) => priority === 0 || priority > 1000)).toBe(true)
})

it('a monitor sees what ip does', async () => {
  const stop = new AbortController()
  const monitor = createMonitor({ protocol: 0, netns })([RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE], stop)
  netns.ip('link add br7 type bridge', 'link set br7 up', 'route add 10.5.0.0/16 dev br7', 'link delete br7')
  const events: NetworkEvent[] = []
  const read = async (): Promise<void> => {
    for await (const announcement of monitor) {
      if (announcement.kind === 'datagram') events.push(...decodeEvents(announcement.bytes))
      if (events.some(({ kind, gone }) => kind === 'link' && gone)) stop.abort(new Error('seen'))
    }
  }
  await expect(read()).rejects.toThrow('seen')
  expect(events.find((event) => event.kind === 'route' && !event.gone)).toMatchObject({
    route: { dst: '10.5.0.0/16', scope: 253, protocol: 3 },
  })
  expect(events.at(-1)).toMatchObject({ kind: 'link', gone: true, link: { name: 'br7', kind: 'bridge' } })
})

it('a monitor may leave out what one socket did', async () => {
  const oif = addBridge('br0')
  const monitor = createMonitor({ protocol: 0, netns, except: transport.portId })([RTNLGRP_IPV4_ROUTE], call)
  addRoutes({ dst: '10.1.0.1/32', oif, scope: 253 })
  netns.ip('route add 10.2.0.1/32 dev br0')
  for await (const announcement of monitor) {
    const events = announcement.kind === 'datagram' ? decodeEvents(announcement.bytes) : []
    expect(events).toMatchObject([{ kind: 'route', route: { dst: '10.2.0.1/32' } }])
    break
  }
})

it('a monitor that is too slow is told that it missed something', async () => {
  const monitor = createMonitor({ protocol: 0, netns, bufferBytes: 4096 })([RTNLGRP_IPV4_ROUTE], call)
  const oif = addBridge('br0')
  addRoutes(...Array.from({ length: 200 }, (_, i) => ({ dst: `10.1.0.${i}/32`, oif, scope: 253 })))
  const kinds: string[] = []
  for await (const { kind } of monitor) if (kinds.push(kind) && kind === 'overrun') break
  expect(kinds.length).toBeLessThan(200)
})
