import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  createMessageWriter,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  readAnswers,
} from '@tortie/netlink'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createMonitor,
  createNetns,
  createSysctl,
  deleteNetns,
  enterNetns,
  LinuxError,
  type Netns,
  openNetlink,
  openNetns,
} from './index.ts'

const RTM_NEWLINK = 16
const RTM_GETLINK = 18
const RTM_DELROUTE = 25
const name = `tortie-linux-${process.pid}-1`
let netns: Netns

beforeAll(() => {
  netns = createNetns(name)
})
afterAll(() => {
  netns[Symbol.dispose]()
  deleteNetns(name)
})

const netnsOfThread = (): string => readlinkSync('/proc/thread-self/ns/net')
const getLinks = () =>
  createMessageWriter()
    .begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7)
    .zeros(16)
    .end().bytes
const bringLoopbackUp = () =>
  createMessageWriter()
    .begin(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 9)
    .u32(0)
    .u32(1)
    .u32(1)
    .u32(1)
    .end().bytes

describe('network namespaces', () => {
  it('are entered and left, also by an exception and when nested', () => {
    const home = netnsOfThread()
    const inside = enterNetns(netns, netnsOfThread)
    expect(inside).not.toBe(home)
    expect(() =>
      enterNetns(netns, () => {
        throw new Error('thrown inside')
      }),
    ).toThrow('thrown inside')
    expect(netnsOfThread()).toBe(home)
    using current = openNetns('/proc/thread-self/ns/net')
    const seen = enterNetns(netns, () => [netnsOfThread(), enterNetns(current, netnsOfThread), netnsOfThread()])
    expect(seen).toEqual([inside, home, inside])
    expect(netnsOfThread()).toBe(home)
  })

  it('keep no thread of the pool, even one that work inside would have started', async () => {
    const home = netnsOfThread()
    await enterNetns(netns, () => ({ later: Promise.all(Array.from({ length: 8 }, () => stat('/'))) })).later
    const threads = readdirSync('/proc/self/task').map((id) => readlinkSync(`/proc/self/task/${id}/ns/net`))
    expect(new Set(threads)).toEqual(new Set([home]))
  })

  it('take only synchronous functions', () => {
    // @ts-expect-error a promise would go on outside of the namespace
    void enterNetns(netns, async () => 1)
  })

  it('say what is wrong with a path', () => {
    expect(() => openNetns(`${name}-none`)).toThrow(/tortie-linux.*-none: open: ENOENT; it does not exist/)
    using file = openNetns('/etc/passwd')
    expect(() => enterNetns(file, () => 1)).toThrow(/\/etc\/passwd.*no network namespace/)
    expect(() => createNetns(name)).toThrow(LinuxError)
    expect(() => createNetns('a/b')).toThrow(/must be a file name/)
    deleteNetns(`${name}-none`)
  })

  it('are removed by name and stay for those that have them open', () => {
    using open = createNetns(`${name}-gone`)
    deleteNetns(`${name}-gone`)
    expect(() => statSync(open.path)).toThrow('ENOENT')
    expect(enterNetns(open, netnsOfThread)).toMatch(/^net:/)
  })
})

describe('netlink socket', () => {
  it('answers a dump of several messages, in the namespace it was opened in', async () => {
    using socket = openNetlink({ protocol: NETLINK_ROUTE, netns })
    expect(socket.portId).toBeGreaterThan(0)
    const count = (datagrams: Uint8Array[]): number => {
      let links = 0
      readAnswers(datagrams, () => links++)
      return links
    }
    const inside = count(socket.exchangeSync(getLinks()))
    expect(inside).toBeGreaterThanOrEqual(1)
    expect(count(await socket.exchange(getLinks(), { signal: AbortSignal.timeout(5000) }))).toBe(inside)
  })

  it('returns acknowledgements, and refusals with errno and the words of the kernel', () => {
    using socket = openNetlink({ protocol: NETLINK_ROUTE, netns })
    expect(readAnswers(socket.exchangeSync(bringLoopbackUp())).acknowledged).toEqual(new Set([9]))
    const bad = createMessageWriter()
      .begin(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, 11)
      .u8(77)
      .zeros(11)
      .attrU32(4, 99)
      .end()
    const { refusals } = readAnswers(socket.exchangeSync(bad.bytes))
    expect(refusals).toMatchObject([{ seq: 11 }])
    expect(refusals[0]?.errno).toBeGreaterThan(0)
  })

  it('never waits for an answer that does not come: a batch refused at its commit', () => {
    using socket = openNetlink({ protocol: NETLINK_NETFILTER, netns })
    const writer = createMessageWriter()
    writer.begin(0x10, NLM_F_REQUEST, 1).u8(0).u8(0).u16Be(10).attrU32Be(1, 0xdead).end()
    writer
      .begin(0xa00, NLM_F_REQUEST | 0x400, 2)
      .u8(1)
      .u8(0)
      .u16Be(0)
      .attrString(1, 'x')
      .end()
    writer.begin(0x11, NLM_F_REQUEST, 3).u8(0).u8(0).u16Be(10).end()
    const { refusals } = readAnswers(socket.exchangeSync(writer.bytes))
    expect(refusals.map(({ errno }) => errno)).toContain(85) // ERESTART: made for another generation
    // Nothing asked for an answer, and nothing is refused: no answer at all.
    const quiet = createMessageWriter().begin(RTM_NEWLINK, 0, 1).end()
    expect(socket.exchangeSync(quiet.bytes)).toEqual([])
  })

  it('does one request at a time, in order, and stops at abort', async () => {
    using socket = openNetlink({ protocol: NETLINK_ROUTE, netns })
    const call = { signal: AbortSignal.timeout(5000) }
    const many = Promise.all(Array.from({ length: 20 }, () => socket.exchange(getLinks(), call)))
    expect(() => socket.exchangeSync(getLinks())).toThrow(/asynchronous request is under way/)
    const aborted = socket.exchange(getLinks(), { signal: AbortSignal.abort(new Error('enough')) })
    await expect(aborted).rejects.toThrow('enough')
    for (const datagrams of await many) {
      const types: number[] = []
      for (const datagram of datagrams) types.push(new DataView(datagram.buffer).getUint16(4, true))
      expect(types.at(-1)).toBe(NLMSG_DONE)
    }
    socket[Symbol.dispose]()
    expect(() => socket.exchangeSync(getLinks())).toThrow(/closed/)
  })
})

it('a monitor announces what changes from the moment it is made', async () => {
  const stop = new AbortController()
  const monitor = createMonitor({ protocol: NETLINK_ROUTE, netns })([1], { signal: stop.signal })
  using socket = openNetlink({ protocol: NETLINK_ROUTE, netns })
  const down = createMessageWriter().begin(RTM_NEWLINK, NLM_F_REQUEST, 9).u32(0).u32(1).u32(0).u32(1).end()
  socket.exchangeSync(down.bytes)
  socket.exchangeSync(bringLoopbackUp())
  const flags: number[] = []
  const read = async (): Promise<void> => {
    for await (const announcement of monitor) {
      if (announcement.kind !== 'datagram') continue
      flags.push(new DataView(announcement.bytes.buffer).getUint32(24, true) & 1)
      if (flags.length === 2) stop.abort(new Error('seen'))
    }
  }
  await expect(read()).rejects.toThrow('seen')
  expect(flags).toEqual([0, 1])
})

it('sysctls are those of the namespace, and name the key that is missing', () => {
  const sysctl = createSysctl(netns)
  const before = createSysctl().read('net/ipv4/ip_default_ttl')
  sysctl.write('net/ipv4/ip_default_ttl', '77')
  expect(sysctl.read('net/ipv4/ip_default_ttl')).toBe('77')
  expect(createSysctl().read('net/ipv4/ip_default_ttl')).toBe(before)
  expect(() => sysctl.write('net/ipv4/conf/none/forwarding', '1')).toThrow(/sysctl net\/ipv4\/conf\/none.*ENOENT/)
})
