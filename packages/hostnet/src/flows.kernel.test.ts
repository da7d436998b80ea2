import { openResponder, probe } from '@tortie/linux/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestHost, programOf, type TestHost, workload } from './testing/host.ts'

const call = { signal: new AbortController().signal }
let host: TestHost

beforeEach(() => {
  host = createTestHost()
})
afterEach(() => host[Symbol.dispose]())

it('an address that moves takes no flow along', async () => {
  host.netns.run(
    'nft',
    'add table inet t; add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state new accept',
  )
  const a = host.addPod('cali1', '10.65.0.1/32')
  const b = host.addPod('cali2', '10.65.0.2/32')
  using _ = openResponder({ netns: b, protocol: 'udp', address: '0.0.0.0', port: 80 })
  const workloads = { a: workload('cali1', '10.65.0.1'), b: workload('cali2', '10.65.0.2') }
  await using hostnet = host.open()
  await hostnet.apply(programOf({ workloads }), call)
  expect((await probe({ netns: a, protocol: 'udp', to: '10.65.0.2', port: 80 })).kind).toBe('reached')
  const tracked = (): string => host.netns.run('cat', '/proc/net/nf_conntrack')
  expect(tracked()).toContain('src=10.65.0.1 dst=10.65.0.2')
  host.addPod('cali3', '10.65.0.2/32')
  await hostnet.apply(programOf({ workloads: { ...workloads, b: workload('cali3', '10.65.0.2') } }), call)
  expect(tracked()).not.toContain('10.65.0.2')
})

it('flows of an address that went while no process watched are forgotten, too', async () => {
  const { netns } = host
  netns.run(
    'nft',
    'add table inet t; add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state new accept',
  )
  const a = host.addPod('cali1', '10.65.0.1/32')
  const b = host.addPod('cali2', '10.65.0.2/32')
  using _ = openResponder({ netns: b, protocol: 'udp', address: '0.0.0.0', port: 80 })
  const workloads = { a: workload('cali1', '10.65.0.1'), b: workload('cali2', '10.65.0.2') }
  {
    await using hostnet = host.open()
    await hostnet.apply(programOf({ workloads }), call)
    expect((await probe({ netns: a, protocol: 'udp', to: '10.65.0.2', port: 80 })).kind).toBe('reached')
  }
  await using hostnet = host.open({ newInterfaceGraceMs: 0 })
  await hostnet.apply(programOf({ workloads: { a: workloads.a } }), call)
  await hostnet[Symbol.asyncDispose]()
  expect(netns.run('cat', '/proc/net/nf_conntrack')).not.toContain('10.65.0.2')
})
