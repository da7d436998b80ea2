import { linkNetns, probe, type TestNetns } from '@tortie/linux/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestHost, programOf, type TestHost, workload } from './testing/host.ts'

const call = { signal: new AbortController().signal }
let host: TestHost

beforeEach(() => {
  host = createTestHost()
})
afterEach(() => host[Symbol.dispose]())

async function reach(from: TestNetns, to: string): Promise<string> {
  return (await probe({ netns: from, protocol: 'icmp', to, timeoutMs: 2000 })).kind
}

describe('two hosts', () => {
  let other: TestHost
  beforeEach(() => {
    other = createTestHost()
    linkNetns(
      { netns: host.netns, interface: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
      { netns: other.netns, interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
    )
  })
  afterEach(() => other[Symbol.dispose]())
  const a = { a: workload('cali1', '10.65.0.1', 'fd65::1') }
  const b = { b: workload('cali1', '10.66.0.1', 'fd66::1') }

  it('on one subnet route to each other by their addresses', async () => {
    const podA = host.addPod('cali1', '10.65.0.1/32', 'fd65::1/128')
    other.addPod('cali1', '10.66.0.1/32', 'fd66::1/128')
    await using hostnetA = host.open()
    await using hostnetB = other.open()
    const route = (via: string, node: string) => ({ kind: 'no-encap', via, node }) as const
    await hostnetA.apply(
      programOf({
        workloads: a,
        node: { ipv4: '10.0.0.1', ipv6: 'fd00::1' },
        routes: { '10.66.0.0/26': route('10.0.0.2', 'b'), 'fd66::/122': route('fd00::2', 'b') },
      }),
      call,
    )
    await hostnetB.apply(
      programOf({
        workloads: b,
        node: { ipv4: '10.0.0.2', ipv6: 'fd00::2' },
        routes: { '10.65.0.0/26': route('10.0.0.1', 'a'), 'fd65::/122': route('fd00::1', 'a') },
      }),
      call,
    )
    expect(await reach(podA, '10.66.0.1')).toBe('reached')
    expect(await reach(podA, 'fd66::1')).toBe('reached')
  })

  it('reach each other through VXLAN, and the tunnel is removed when it is not wanted', async () => {
    const podA = host.addPod('cali1', '10.65.0.1/32', 'fd65::1/128')
    other.addPod('cali1', '10.66.0.1/32', 'fd66::1/128')
    const vtep = (node: string, mac: string, address: string, parent: string) => ({ node, mac, address, parent })
    const [a4, a6] = [
      vtep('a', '66:00:00:00:00:0a', '10.65.0.60', '10.0.0.1'),
      vtep('a', '66:00:00:00:06:0a', 'fd65::60', 'fd00::1'),
    ]
    const [b4, b6] = [
      vtep('b', '66:00:00:00:00:0b', '10.66.0.60', '10.0.0.2'),
      vtep('b', '66:00:00:00:06:0b', 'fd66::60', 'fd00::2'),
    ]
    const route = (via: string, node: string) => ({ kind: 'vxlan', via, node }) as const
    const programA = programOf({
      workloads: a,
      node: { ipv4: '10.0.0.1', ipv6: 'fd00::1', vxlan: a4, vxlanV6: a6 },
      vteps: [b4, b6],
      routes: { '10.66.0.0/26': route('10.66.0.60', 'b'), 'fd66::/122': route('fd66::60', 'b') },
    })
    const programB = programOf({
      workloads: b,
      node: { ipv4: '10.0.0.2', ipv6: 'fd00::2', vxlan: b4, vxlanV6: b6 },
      vteps: [a4, a6],
      routes: { '10.65.0.0/26': route('10.65.0.60', 'a'), 'fd65::/122': route('fd65::60', 'a') },
    })
    await using hostnetA = host.open()
    await using hostnetB = other.open()
    await hostnetA.apply(programA, call)
    await hostnetB.apply(programB, call)
    expect(await reach(podA, '10.66.0.1')).toBe('reached')
    expect(await reach(podA, 'fd66::1')).toBe('reached')
    expect(host.netns.run('ip', 'route')).toContain('10.66.0.0/26 via 10.66.0.60 dev vxlan.calico proto 80 onlink')
    const [device] = host.netns.ipJson('-d', 'link', 'show', 'vxlan.calico') as [
      { mtu: number; linkinfo: { info_data: object } },
    ]
    expect(device).toMatchObject({
      mtu: 1450,
      address: a4.mac,
      linkinfo: { info_data: { id: 4096, port: 4789, learning: false, local: '10.0.0.1', link: 'eth0' } },
    })
    // A second process finds all as it should be; a device of another tunnel is made anew.
    await using again = host.open()
    expect((await again.apply(programA, call)).changed).toBe(0)
    expect(await again.resync(call)).toMatchObject({ changed: 0, drift: [] })
    host.netns.ip('link del vxlan.calico', 'link add vxlan.calico type vxlan id 7 dstport 4789')
    expect((await again.resync(call)).drift).toContainEqual({ object: 'link vxlan.calico', found: 'changed' })
    expect(await reach(podA, '10.66.0.1')).toBe('reached')
    await again.apply(programOf({ workloads: a, node: { ipv4: '10.0.0.1' } }), call)
    expect(host.netns.run('ip', 'link')).not.toContain('vxlan')
  })
})
