import { createConntrack, NETLINK_NETFILTER, type NetlinkTransport } from '@tortie/netlink'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openNetlink } from './index.ts'
import { createTestNetns, linkNetns, openResponder, probe, type Responder, type TestNetns } from './testing/index.ts'

/** Two pods behind one router that tracks what it forwards. */
let pods: TestNetns[]
let router: TestNetns
let transport: NetlinkTransport
let responders: Responder[]
const call = { signal: new AbortController().signal }
const address = (pod: number, v6: boolean): string => (v6 ? `fd00:${pod}::2` : `10.${pod}.0.2`)

beforeEach(() => {
  router = createTestNetns('ct')
  transport = openNetlink({ protocol: NETLINK_NETFILTER, netns: router })
  router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
  router.run(
    'nft',
    'add table inet t; add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state new accept',
  )
  pods = [1, 2].map((pod) => {
    const netns = createTestNetns('ct')
    linkNetns(
      { netns: router, interface: `p${pod}`, addresses: [`10.${pod}.0.1/24`, `fd00:${pod}::1/64`] },
      { netns, interface: 'eth0', addresses: [`${address(pod, false)}/24`, `${address(pod, true)}/64`] },
    )
    netns.ip(`route add default via 10.${pod}.0.1`, `route add ::/0 via fd00:${pod}::1`)
    return netns
  })
  responders = ['0.0.0.0', '::'].flatMap((any) =>
    (['tcp', 'udp'] as const).map((protocol) => openResponder({ netns: pods[1]!, protocol, address: any, port: 80 })),
  )
})
afterEach(() => {
  for (const responder of responders) responder[Symbol.dispose]()
  transport[Symbol.dispose]()
  for (const netns of [...pods, router]) netns[Symbol.dispose]()
})

const makeFlows = async (v6: boolean): Promise<void> => {
  for (const protocol of ['tcp', 'udp', 'icmp'] as const)
    expect(await probe({ netns: pods[0]!, protocol, to: address(2, v6), port: 80 })).toMatchObject({ kind: 'reached' })
}

it.each([
  { family: 4 as const, v6: false },
  { family: 6 as const, v6: true },
])('IPv$family: flows are read, and forgotten by the address that started or answers them', async ({ family, v6 }) => {
  const conntrack = createConntrack(transport)
  const protocols = async (): Promise<number[]> =>
    (await conntrack.read(family, call))
      .filter(({ orig }) => orig.src === address(1, v6))
      .map(({ orig }) => orig.protocol)
      .sort((a, b) => a - b)
  const all = v6 ? [6, 17, 58] : [1, 6, 17]
  await makeFlows(v6)
  expect(await protocols()).toEqual(all)
  const udp = (await conntrack.read(family, call)).find(({ orig }) => orig.protocol === 17)
  expect(udp).toMatchObject({
    orig: { src: address(1, v6), dst: address(2, v6), dstPort: 80 },
    reply: { src: address(2, v6), dst: address(1, v6), srcPort: 80 },
    mark: 0,
  })

  await conntrack.forget([v6 ? 'fd00:9::9' : '10.9.0.9'], call)
  expect(await protocols()).toEqual(all)
  await conntrack.forget([address(1, v6)], call)
  expect(await protocols()).toEqual([])
  await makeFlows(v6)
  await conntrack.forget([address(2, v6)], call)
  expect(await protocols()).toEqual([])

  // Many addresses at once go the other way, by dump.
  await makeFlows(v6)
  const others = Array.from({ length: 10 }, (_, i) => (v6 ? `fd00:9::${i + 1}` : `10.9.0.${i}`))
  await conntrack.forget(others, call)
  expect(await protocols()).toEqual(all)
  await conntrack.forget([...others, address(2, v6)], call)
  expect(await protocols()).toEqual([])
})
