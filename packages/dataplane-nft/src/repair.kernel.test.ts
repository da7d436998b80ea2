import { once } from 'node:events'
import { type Drift, emptyDelta, emptyNat, type PolicyDataplane } from '@tortie/dataplane'
import { openNetlink } from '@tortie/linux'
import { openFlow, openResponder } from '@tortie/linux/testing'
import type { NetlinkTransport } from '@tortie/netlink'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNftDataplane, NftDataplaneError } from './index.ts'
import { createPodHost, follower, type PodHost, podProgram } from './testing/pod-host.ts'

const call = { signal: new AbortController().signal }
let host: PodHost
let dataplane: PolicyDataplane

beforeAll(() => {
  host = createPodHost()
})
beforeEach(() => {
  dataplane = host.open()
})
afterEach(async () => {
  await dataplane[Symbol.asyncDispose]()
  host.netns.run('nft', 'flush', 'ruleset')
})
afterAll(() => host[Symbol.dispose]())

const nft = (...words: string[]): string => host.netns.run('nft', ...words)
/** Without what counters count. */
const listing = (table: string): string => nft('list', 'table', 'inet', table).replace(/packets \d+ bytes \d+/g, '')

describe('whatever others do to the table is found, named and undone', () => {
  it.each<{ given: string; damage: string[][]; drift: Drift[] }>([
    {
      given: 'the table is gone',
      damage: [['delete', 'table', 'inet', 'tortie']],
      drift: [{ object: 'table inet tortie', found: 'missing' }],
    },
    {
      given: 'the whole ruleset is flushed',
      damage: [['flush', 'ruleset']],
      drift: [{ object: 'table inet tortie', found: 'missing' }],
    },
    {
      given: 'the table is put to sleep',
      damage: [['add', 'table', 'inet', 'tortie', '{ flags dormant; }']],
      drift: [{ object: 'table inet tortie', found: 'changed' }],
    },
    {
      given: 'a rule before ours',
      damage: [['insert', 'rule', 'inet', 'tortie', 'egress', 'accept']],
      drift: [{ object: 'chain egress', found: 'changed' }],
    },
    {
      given: 'a rule behind ours',
      damage: [['add', 'rule', 'inet', 'tortie', 'guard', 'drop']],
      drift: [{ object: 'chain guard', found: 'changed' }],
    },
    {
      given: 'a chain without its rules',
      damage: [['flush', 'chain', 'inet', 'tortie', 'source-check']],
      drift: [{ object: 'chain source-check', found: 'changed' }],
    },
    {
      given: 'our rules twice',
      damage: [['add', 'rule', 'inet', 'tortie', 'denied', 'counter', 'drop', 'comment', '"closed endpoint"']],
      drift: [{ object: 'chain denied', found: 'changed' }],
    },
    {
      given: 'a chain of theirs, hooked',
      damage: [
        ['add', 'chain', 'inet', 'tortie', 'theirs', '{ type filter hook forward priority -5; policy drop; }'],
        ['add', 'rule', 'inet', 'tortie', 'theirs', 'tcp', 'dport', '{ 1, 2 }', 'accept'],
      ],
      drift: [{ object: 'chain theirs', found: 'foreign' }],
    },
    {
      given: 'our chain with another policy',
      damage: [['add', 'chain', 'inet', 'tortie', 'ingress', '{ policy drop; }']],
      drift: [{ object: 'chain ingress', found: 'changed' }],
    },
    {
      given: 'a set of theirs, used in a rule of theirs in our chain',
      damage: [
        ['add', 'set', 'inet', 'tortie', 'theirs', '{ type ipv4_addr; flags interval; }'],
        ['insert', 'rule', 'inet', 'tortie', 'to-host', 'ip', 'saddr', '@theirs', 'accept'],
      ],
      drift: [
        { object: 'chain to-host', found: 'changed' },
        { object: 'set theirs', found: 'foreign' },
      ],
    },
    {
      given: 'elements more and less',
      damage: [
        ['add', 'element', 'inet', 'tortie', 'sources4', '{ "cali1" . 10.9.9.9 }'],
        ['delete', 'element', 'inet', 'tortie', 'guard', '{ "cali2" }'],
        ['delete', 'element', 'inet', 'tortie', 'ingress', '{ ipv4 . "cali1" }'],
        ['add', 'element', 'inet', 'tortie', 'ingress', '{ ipv4 . "cali1" : accept }'],
      ],
      drift: [
        { object: 'set guard', found: 'changed' },
        { object: 'set ingress', found: 'changed' },
        { object: 'set sources4', found: 'changed' },
      ],
    },
    {
      given: 'our set with other properties',
      damage: [
        ['flush', 'chain', 'inet', 'tortie', 'to-host-action'],
        ['delete', 'set', 'inet', 'tortie', 'workloads'],
        ['add', 'set', 'inet', 'tortie', 'workloads', '{ type ipv4_addr; }'],
      ],
      drift: [
        { object: 'chain to-host-action', found: 'changed' },
        { object: 'set workloads', found: 'changed' },
      ],
    },
  ])('$given', async ({ damage, drift }) => {
    await follower(dataplane)(podProgram(host.pods))
    const before = listing('tortie')
    for (const words of damage) nft(...words)
    const report = await dataplane.resync(call)
    const byObject = (a: Drift, b: Drift) => a.object.localeCompare(b.object)
    expect(report.drift.toSorted(byObject)).toEqual(drift)
    expect(sorted(listing('tortie'))).toEqual(sorted(before))
    expect(await dataplane.resync(call)).toMatchObject({ changed: 0, drift: [] })
  })
})

/** Elements of hash sets and new chains come in any order. */
function sorted(text: string): string[] {
  return text
    .split(/[\n,]|elements = \{|\}/)
    .map((line) => line.trim())
    .filter(Boolean)
    .sort()
}

describe('what is not ours', () => {
  it('stays as it is, through everything', async () => {
    nft('add', 'table', 'inet', 'other')
    nft('add', 'chain', 'inet', 'other', 'forward', '{ type filter hook forward priority 5; }')
    nft('add', 'rule', 'inet', 'other', 'forward', 'ip', 'saddr', '{ 10.0.0.1, 10.0.0.2 }', 'counter', 'accept')
    nft('add', 'table', 'ip', 'tortie')
    const before = [listing('other'), nft('list', 'table', 'ip', 'tortie')]
    const apply = follower(dataplane)
    await apply(podProgram(host.pods))
    nft('delete', 'table', 'inet', 'tortie')
    await dataplane.resync(call)
    await apply(podProgram(host.pods, [null, null, null]))
    expect([listing('other'), nft('list', 'table', 'ip', 'tortie')]).toEqual(before)
  })
  it('changes without disturbing us, and what slipped into our table meanwhile is undone by the next apply', async () => {
    const apply = follower(dataplane)
    await apply(podProgram(host.pods))
    nft('add', 'table', 'inet', 'other')
    nft('insert', 'rule', 'inet', 'tortie', 'ingress', 'accept')
    await apply(podProgram(host.pods, [{ ingress: 'deny' }]))
    expect(await dataplane.resync(call)).toMatchObject({ changed: 0, drift: [] })
    expect(nft('list', 'chain', 'inet', 'tortie', 'ingress')).not.toContain('\taccept')
  })
})

describe('a namespace that others write to all the time', () => {
  it('is written to all the same', async () => {
    const loop = 'while nft add table inet noise && nft delete table inet noise; do :; done'
    const noise = host.netns.spawn('sh', ['-c', loop], { stdio: 'ignore' })
    const ended = once(noise, 'exit')
    try {
      const apply = follower(dataplane)
      for (let turn = 0; turn < 20; turn++)
        await apply(podProgram(host.pods, [{ ingress: turn % 2 === 0 ? 'deny' : 'allow' }]))
    } finally {
      noise.kill()
      await ended
    }
    expect(await dataplane.resync(call)).toMatchObject({ changed: 0, drift: [] })
  })
})

describe('counters and flows', () => {
  it('survive a restart and changes elsewhere', async () => {
    const [one, two] = host.pods
    using _ = openResponder({ netns: two.netns, protocol: 'tcp', address: '::', port: 5000 })
    const apply = follower(dataplane)
    await apply(podProgram(host.pods))
    using flow = await openFlow({ netns: one.netns, to: two.v6, port: 5000 })
    const counted = (): string[] => nft('list', 'table', 'inet', 'tortie').match(/packets [1-9]\d*.*allow.*/g) ?? []
    expect(counted()).toHaveLength(2)
    const before = counted()
    await apply(podProgram(host.pods, [{}, {}, { ingress: 'deny', egress: 'deny' }]))
    await using restarted = host.open()
    expect(await follower(restarted)(podProgram(host.pods, [{}, {}, { ingress: 'deny', egress: 'deny' }]))).toBe(0)
    expect(counted()).toEqual(before)
    expect(await flow.exchange()).toBe(true)
  })
})

describe('a restart with another configuration', () => {
  it('leaves what that configuration wants, there and back', async () => {
    const program = podProgram(host.pods)
    await follower(dataplane)(program)
    const before = sorted(listing('tortie'))
    const other = { endpointToHost: 'accept', denyAction: 'reject', interfacePrefixes: ['cali', 'tap'] } as const
    await using changed = host.open({ ...other, dropInvalid: false, counters: false })
    await follower(changed)(program)
    expect(listing('tortie')).toContain('iifname "tap*"')
    expect(listing('tortie')).not.toContain('to-host-action')
    await using back = host.open()
    await follower(back)(program)
    expect(sorted(listing('tortie'))).toEqual(before)
  })
})

describe('when the kernel or the transport fails', () => {
  /** A transport whose next exchanges fail, before or after they reached the kernel. */
  function unreliable(): { transport: NetlinkTransport; fail: (how: 'before' | 'after', times: number) => void } {
    const real = openNetlink({ protocol: 12, netns: host.netns })
    let left = 0
    let how: 'before' | 'after' = 'before'
    const attempt = <T>(send: () => T): T => {
      if (left === 0) return send()
      left--
      if (how === 'after') send()
      throw new Error('the wire is cut')
    }
    return {
      transport: {
        portId: real.portId,
        exchangeSync: (request) => attempt(() => real.exchangeSync(request)),
        exchange: async (request, call) => attempt(() => real.exchange(request, call)),
        [Symbol.dispose]: () => real[Symbol.dispose](),
      },
      fail(kind, times) {
        how = kind
        left = times
      },
    }
  }
  it.each(['before', 'after'] as const)('%s it was sent: the next call makes all good', async (how) => {
    const { transport, fail } = unreliable()
    await using failing = createNftDataplane({ transport, clock: systemClock, log: silentLog, meter: silentMeter })
    const apply = follower(failing)
    await apply(podProgram(host.pods))
    fail(how, 1)
    await expect(apply(podProgram(host.pods, [{ ingress: 'deny' }]))).rejects.toThrow('the wire is cut')
    await failing.apply(emptyDelta, emptyNat, call)
    const check = follower(dataplane)
    expect(await check(podProgram(host.pods, [{ ingress: 'deny' }]))).toBe(0)
  })
  it('refuses what is unsound before it begins, and is none the worse for it', async () => {
    const apply = follower(dataplane)
    await apply(podProgram(host.pods))
    const before = listing('tortie')
    const [pod] = host.pods
    const broken = podProgram([{ ...pod, interface: 'cali-that-is-too-long' }])
    await expect(apply(broken)).rejects.toThrow('endpoint prod/cali-that-is-too-long')
    expect(listing('tortie')).toBe(before)
    await apply(podProgram(host.pods, [{ ingress: 'deny' }]))
    await using another = host.open()
    expect(await follower(another)(podProgram(host.pods, [{ ingress: 'deny' }]))).toBe(0)
  })
  it('is closed when it is closed', async () => {
    await dataplane[Symbol.asyncDispose]()
    await expect(dataplane.resync(call)).rejects.toBeInstanceOf(NftDataplaneError)
  })
})
