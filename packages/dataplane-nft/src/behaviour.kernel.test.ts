import type { NatProgram, PolicyDataplane } from '@tortie/dataplane'
import { openFlow, openResponder, type ProbeResult, probe, type Responder } from '@tortie/linux/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NftConfig } from './index.ts'
import {
  createPodHost,
  follower,
  hostAddress,
  outsideAddress,
  type Pod,
  type PodHost,
  podProgram,
  uplinkAddress,
} from './testing/pod-host.ts'

let host: PodHost
let one: Pod
let two: Pod
const responders: Responder[] = []
const opened: PolicyDataplane[] = []

beforeAll(() => {
  host = createPodHost()
  ;[one, two] = host.pods
  for (const netns of [host.netns, host.outside, ...host.pods.map((pod) => pod.netns)])
    for (const protocol of ['tcp', 'udp'] as const)
      for (const address of ['0.0.0.0', '::']) responders.push(openResponder({ netns, protocol, address, port: 5000 }))
})
afterEach(async () => {
  for (const dataplane of opened.splice(0)) await dataplane[Symbol.asyncDispose]()
  host.netns.run('nft', 'flush', 'ruleset')
})
afterAll(() => {
  for (const responder of responders) responder[Symbol.dispose]()
  host[Symbol.dispose]()
})

function open(config: Partial<NftConfig> = {}): PolicyDataplane {
  const dataplane = host.open(config)
  opened.push(dataplane)
  return dataplane
}

const patience = { reached: 2000, silent: 150 }

/** What becomes of a flow that is expected to get through. */
async function reaches(from: Pod['netns'], to: string, protocol: 'tcp' | 'udp' | 'icmp' = 'tcp'): Promise<string> {
  return (await probe({ netns: from, protocol, to, port: 5000, timeoutMs: patience.reached })).kind
}

/** The same for one that is expected not to. */
async function fails(from: Pod['netns'], to: string, protocol: 'tcp' | 'udp' | 'icmp' = 'tcp'): Promise<string> {
  return (await probe({ netns: from, protocol, to, port: 5000, timeoutMs: patience.silent })).kind
}

const versions = ['v4', 'v6'] as const
const protocols = ['tcp', 'udp', 'icmp'] as const

describe.each(versions)('a pod and its neighbours, IP%s', (v) => {
  it.each(protocols)('%s between pods, from and to the outside', async (protocol) => {
    await follower(open())(podProgram(host.pods))
    expect(await reaches(one.netns, two[v], protocol)).toBe('reached')
    expect(await reaches(one.netns, outsideAddress[v], protocol)).toBe('reached')
    expect(await reaches(host.outside, one[v], protocol)).toBe('reached')
  })
  it.each(protocols)('%s denied by either end', async (protocol) => {
    const apply = follower(open())
    await apply(podProgram(host.pods, [{ egress: 'deny' }]))
    expect(await fails(one.netns, two[v], protocol)).toBe('timeout')
    expect(await reaches(two.netns, one[v], protocol)).toBe('reached')
    await apply(podProgram(host.pods, [{}, { ingress: 'deny' }]))
    expect(await fails(one.netns, two[v], protocol)).toBe('timeout')
    expect(await fails(host.outside, two[v], protocol)).toBe('timeout')
  })
})

describe.each(versions)('a pod and its own host, IP%s', (v) => {
  it('the host reaches its pods whatever their policy', async () => {
    await follower(open())(podProgram(host.pods, [{ ingress: 'deny', egress: 'deny' }]))
    for (const protocol of protocols) expect(await reaches(host.netns, one[v], protocol)).toBe('reached')
  })
  it('DefaultEndpointToHostAction drop: nothing but what answers', async () => {
    await follower(open())(podProgram(host.pods))
    for (const protocol of protocols) expect(await fails(one.netns, hostAddress[v], protocol)).toBe('timeout')
  })
  it.each(['accept', 'return'] as const)(
    'DefaultEndpointToHostAction %s: what egress policy allows',
    async (action) => {
      const apply = follower(open({ endpointToHost: action }))
      await apply(podProgram(host.pods))
      for (const protocol of protocols) expect(await reaches(one.netns, hostAddress[v], protocol)).toBe('reached')
      await apply(podProgram(host.pods, [{ egress: 'deny' }]))
      for (const protocol of protocols) expect(await fails(one.netns, hostAddress[v], protocol)).toBe('timeout')
    },
  )
})

describe('closed endpoints', () => {
  it('an interface without a program is closed both ways, also for flows that run', async () => {
    const apply = follower(open())
    await apply(podProgram(host.pods))
    using flow = await openFlow({ netns: one.netns, to: two.v4, port: 5000 })
    expect(await flow.exchange()).toBe(true)
    await apply(podProgram(host.pods, [null]))
    expect(await flow.exchange(patience.silent)).toBe(false)
    for (const v of versions) {
      expect(await fails(one.netns, two[v])).toBe('timeout')
      expect(await fails(two.netns, one[v])).toBe('timeout')
    }
  })
  it('an endpoint that is down is closed both ways, also for flows that run', async () => {
    const apply = follower(open())
    await apply(podProgram(host.pods))
    using flow = await openFlow({ netns: two.netns, to: one.v4, port: 5000 })
    expect(await flow.exchange()).toBe(true)
    await apply(podProgram(host.pods, [{ endpoint: { active: false } }]))
    expect(await flow.exchange(patience.silent)).toBe(false)
    expect(await fails(one.netns, two.v4)).toBe('timeout')
    expect(await fails(two.netns, one.v6)).toBe('timeout')
  })
  it('of two endpoints with one interface the smaller id counts, and the other comes back', async () => {
    const apply = follower(open())
    const program = podProgram(host.pods)
    const shadow = podProgram(host.pods, [{ ingress: 'deny' }]).endpoints.get('prod/cali1')
    const both = { ...program, endpoints: new Map([...program.endpoints, ['a/first', shadow ?? raise()]]) }
    await apply(both)
    expect(await fails(two.netns, one.v4)).toBe('timeout')
    await apply(program)
    expect(await reaches(two.netns, one.v4)).toBe('reached')
  })
})

function raise(): never {
  throw new Error('missing')
}

describe('what a policy change does to running flows', () => {
  it('leaves them alone, as Calico does; new ones meet it', async () => {
    const dataplane = open()
    const apply = follower(dataplane)
    await apply(podProgram(host.pods))
    using flow = await openFlow({ netns: one.netns, to: two.v6, port: 5000 })
    expect(await flow.exchange()).toBe(true)
    await apply(podProgram(host.pods, [{ egress: 'deny' }, { ingress: 'deny' }]))
    expect(await flow.exchange()).toBe(true)
    expect(await fails(one.netns, two.v6)).toBe('timeout')
    host.netns.run('nft', 'flush', 'chain', 'inet', 'tortie', 'egress')
    await dataplane.resync({ signal: new AbortController().signal })
    expect(await flow.exchange()).toBe(true)
  })
})

describe('denyAction reject', () => {
  it.each(versions)('answers, IP%s', async (v) => {
    await follower(open({ denyAction: 'reject' }))(podProgram(host.pods, [{}, { ingress: 'deny' }]))
    // With patience: TCP may have its own socket locked when the first answer comes, and then heeds only the second.
    expect(await reaches(one.netns, two[v])).toBe('refused')
    expect(await reaches(host.outside, two[v], 'udp')).toBe('refused')
  })
})

describe('sources', () => {
  const seenFrom = async (from: string): Promise<boolean> => {
    const v6 = from.includes(':')
    using responder = openResponder({ netns: two.netns, protocol: 'udp', address: v6 ? '::' : '0.0.0.0', port: 5001 })
    const to = v6 ? two.v6 : two.v4
    await probe({
      netns: one.netns,
      protocol: 'udp',
      to,
      port: 5001,
      from: { address: from },
      spoof: true,
      timeoutMs: 80,
    })
    return responder.seen.some(({ address }) => address === from)
  }
  it('a pod sends only as itself', async () => {
    await follower(open())(podProgram(host.pods))
    for (const from of ['10.65.0.3', '203.0.113.5', 'fd00:65::3']) expect(await seenFrom(from), from).toBe(false)
    for (const from of [one.v4, one.v6]) expect(await seenFrom(from), from).toBe(true)
  })
  it('and from its spoofable prefixes, whatever the routes say', async () => {
    const spoofablePrefixes = ['203.0.113.0/24', 'fd00:65::3/128']
    await follower(open())(podProgram(host.pods, [{ endpoint: { spoofablePrefixes } }]))
    for (const from of ['203.0.113.5', 'fd00:65::3']) expect(await seenFrom(from), from).toBe(true)
    expect(await seenFrom('10.65.0.3')).toBe(false)
  })
  it('its own address must also be routed to it', async () => {
    const addresses = [`${one.v4}/32`, '10.65.0.77/32', `${one.v6}/128`]
    const program = podProgram(host.pods, [{ endpoint: { addresses } }])
    await follower(open())(program)
    expect(await seenFrom('10.65.0.77')).toBe(false)
    await opened.pop()?.[Symbol.asyncDispose]()
    await follower(open({ reversePathFilter: false }))(program)
    expect(await seenFrom('10.65.0.77')).toBe(true)
  })
})

describe('tunnels from workloads', () => {
  const vxlan = async (): Promise<boolean> => {
    using responder = openResponder({ netns: two.netns, protocol: 'udp', address: '0.0.0.0', port: 4789 })
    await probe({ netns: one.netns, protocol: 'udp', to: two.v4, port: 4789, timeoutMs: 80 })
    return responder.seen.length > 0
  }
  it('VXLAN is dropped unless allowed', async () => {
    await follower(open())(podProgram(host.pods))
    expect(await vxlan()).toBe(false)
    await opened.pop()?.[Symbol.asyncDispose]()
    await follower(open({ allowVxlanFromWorkloads: true }))(podProgram(host.pods))
    expect(await vxlan()).toBe(true)
  })
})

describe('Log', () => {
  it('is counted and passed on, with its prefix and within its limit', async () => {
    const logLimit = { packets: 5, per: 'second', burst: 7 } as const
    await follower(open({ logPrefix: 'seen %k %n in %t', logLimit }))(podProgram(host.pods, [{ egress: 'log' }]))
    expect(await reaches(one.netns, two.v4)).toBe('reached')
    const rules = host.netns.run('nft', 'list', 'table', 'inet', 'tortie').split('\n')
    const [log = ''] = rules.filter((line) => /packets [1-9]/.test(line) && line.includes('gnp/log egress[0]'))
    expect(log).toContain('limit rate 5/second burst 7 packets log prefix "seen gnp log in default: "')
  })
})

describe('natOutgoing', () => {
  const pools = { masqueradePools: ['10.65.0.0/24', 'fd00:65::/64'], allPools: ['10.65.0.0/16', 'fd00:65::/48'] }
  const nat: NatProgram = { ...pools, hosts: [`${outsideAddress.v4}/32`] }
  const seenAs = (result: ProbeResult) => (result.kind === 'reached' ? result.seenAs : undefined)
  const ask = async (to: string, port?: number) =>
    seenAs(
      await probe({
        netns: one.netns,
        protocol: 'tcp',
        to,
        port: 5000,
        timeoutMs: patience.reached,
        ...(port === undefined ? {} : { from: { port } }),
      }),
    )
  it.each(versions)('what leaves all pools is masqueraded, IP%s', async (v) => {
    await follower(open())(podProgram(host.pods), nat)
    expect((await ask(outsideAddress[v]))?.address).toBe(uplinkAddress[v])
    expect((await ask(two[v]))?.address).toBe(one[v])
  })
  it('not to other hosts with NATOutgoingExclusions=IPPoolsAndHostIPs', async () => {
    await follower(open({ nat: { excludeHosts: true, portRange: undefined, address: undefined } }))(
      podProgram(host.pods),
      nat,
    )
    expect((await ask(outsideAddress.v4))?.address).toBe(one.v4)
    expect((await ask(outsideAddress.v6))?.address).toBe(uplinkAddress.v6)
  })
  it('with NATPortRange from those ports, with NATOutgoingAddress from that address', async () => {
    host.netns.ip('addr add 192.0.2.77/32 dev eth0')
    const config = { excludeHosts: false, portRange: { first: 7000, last: 7003 }, address: '192.0.2.77' }
    await follower(open({ nat: config }))(podProgram(host.pods), nat)
    const seen = await ask(outsideAddress.v4, 45_000)
    expect(seen?.address).toBe('192.0.2.77')
    expect(seen?.port).toBeGreaterThanOrEqual(7000)
    expect(seen?.port).toBeLessThanOrEqual(7003)
  })
})
