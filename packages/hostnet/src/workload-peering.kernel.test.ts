import { probe, type TestNetns } from '@tortie/linux/testing'
import { interfaceAddresses, routes } from '@tortie/netlink'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestHost, programOf, type TestHost, workload } from './testing/host.ts'

const call = { signal: new AbortController().signal }
let host: TestHost

beforeEach(() => {
  host = createTestHost()
})
afterEach(() => host[Symbol.dispose]())

const ourRoutes = (): string[] =>
  host.rt
    .readSync(routes({ table: 254 }))
    .filter(({ protocol, dst }) => protocol !== 2 && dst !== '0.0.0.0/0')
    .map(({ dst }) => dst)
    .sort()
const reach = async (from: TestNetns, to: string): Promise<string> =>
  (await probe({ netns: from, protocol: 'icmp', to, timeoutMs: 2000 })).kind

it('a BGP neighbour finds the host on its side of the interface, for as long as it is one', async () => {
  const pod = host.addPod('cali1', '10.65.0.1/32', 'fd65::1/128')
  host.addPod('cali2', '10.65.0.2/32')
  const plain = { 'default/a': workload('cali1', '10.65.0.1', 'fd65::1'), 'default/b': workload('cali2', '10.65.0.2') }
  const hostAddresses = ['169.254.9.1/32', 'fd00:9::1/128']
  const peering = programOf({ workloads: { ...plain, 'default/a': { ...plain['default/a'], hostAddresses } } })
  const addresses = (): string[] =>
    host.rt
      .readSync(interfaceAddresses())
      .map(({ address }) => address)
      .filter((address) => hostAddresses.includes(address))
      .sort()
  await using hostnet = host.open()
  await hostnet.apply(peering, call)
  expect(addresses()).toEqual(hostAddresses)
  // The kernel joins the groups of IPv6 in the background.
  for (const to of ['169.254.9.1', 'fd00:9::1'])
    await expect.poll(() => reach(pod, to), { timeout: 20_000 }).toBe('reached')
  expect(await hostnet.apply(peering, call)).toMatchObject({ changed: 0 })
  host.netns.ip('addr del 169.254.9.1/32 dev cali1', 'addr add 10.9.9.9/32 dev cali2')
  const { drift } = await hostnet.resync(call)
  expect(drift).toContainEqual({ object: 'address 169.254.9.1/32 dev cali1', found: 'missing' })
  expect(drift).toContainEqual({ object: 'address 10.9.9.9/32 dev cali2', found: 'foreign' })
  expect(addresses()).toEqual(hostAddresses)
  // Another process takes it over, and takes it back.
  await using next = host.open()
  expect(await next.apply(peering, call)).toMatchObject({ changed: 0 })
  await next.apply(programOf({ workloads: plain }), call)
  expect(addresses()).toEqual([])
  // With the address the kernel took routes and neighbours of the interface: they are back.
  expect(ourRoutes()).toEqual(['10.65.0.1/32', '10.65.0.2/32', 'fd65::1/128'])
  for (const to of ['10.65.0.1', '10.65.0.2', 'fd65::1'])
    await expect.poll(() => reach(host.netns, to), { timeout: 20_000 }).toBe('reached')
})
