import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestNetns, linkNetns, openFlow, openResponder, probe, type TestNetns } from './index.ts'

let a: TestNetns
let b: TestNetns

beforeAll(() => {
  a = createTestNetns('probe')
  b = createTestNetns('probe')
  linkNetns(
    { netns: a, interface: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
    { netns: b, interface: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
  )
})
afterAll(() => {
  a[Symbol.dispose]()
  b[Symbol.dispose]()
})

describe.each([
  { family: 'IPv4', any: '0.0.0.0', from: '10.9.0.1', to: '10.9.0.2', nobody: '10.9.0.9', outside: '10.77.0.1' },
  { family: 'IPv6', any: '::', from: 'fd09::1', to: 'fd09::2', nobody: 'fd09::9', outside: 'fd77::1' },
])('$family', ({ any, from, to, nobody, outside }) => {
  it.each(['tcp', 'udp'] as const)('%s reaches a responder, which says as whom it saw us', async (protocol) => {
    using responder = openResponder({ netns: b, protocol, address: any, port: 5000 })
    const result = await probe({ netns: a, protocol, to, port: 5000, from: { port: 40000 } })
    expect(result).toMatchObject({ kind: 'reached', seenAs: { address: from, port: 40000 } })
    expect(responder.seen).toEqual([{ address: from, port: 40000 }])
  })

  it.each(['tcp', 'udp'] as const)('%s is refused where nobody listens', async (protocol) => {
    expect(await probe({ netns: a, protocol, to, port: 5001 })).toEqual({ kind: 'refused' })
  })

  it('ping is answered', async () => {
    expect(await probe({ netns: a, protocol: 'icmp', to })).toMatchObject({ kind: 'reached' })
  })

  it.each(['tcp', 'udp', 'icmp'] as const)('%s meets silence where a packet is dropped', async (protocol) => {
    const flow = { netns: a, protocol, to: nobody, port: 1, timeoutMs: 50 }
    expect(await probe(flow)).toEqual({ kind: 'timeout' })
    expect(await probe({ ...flow, to: outside })).toEqual({ kind: 'unreachable', errno: 'ENETUNREACH' })
  })

  it('a flow goes on until it is cut', async () => {
    const responder = openResponder({ netns: b, protocol: 'tcp', address: any, port: 5002 })
    using flow = await openFlow({ netns: a, to, port: 5002 })
    expect(flow.seenAs.address).toBe(from)
    for (let i = 0; i < 3; i++) expect(await flow.exchange()).toBe(true)
    responder[Symbol.dispose]()
    expect(await flow.exchange(100)).toBe(false)
  })

  it('a spoofed source is seen by the other side', async () => {
    using responder = openResponder({ netns: b, protocol: 'udp', address: any, port: 5003 })
    await probe({ netns: a, protocol: 'udp', to, port: 5003, from: { address: outside }, spoof: true, timeoutMs: 50 })
    expect(responder.seen.map(({ address }) => address)).toEqual([outside])
  })
})

it('many probes run at once', async () => {
  using _ = openResponder({ netns: b, protocol: 'tcp', address: '0.0.0.0', port: 5004 })
  const results = await Promise.all(
    Array.from({ length: 300 }, () =>
      probe({ netns: a, protocol: 'tcp', to: '10.9.0.2', port: 5004, timeoutMs: 5000 }),
    ),
  )
  expect(results.filter(({ kind }) => kind === 'reached')).toHaveLength(300)
})
