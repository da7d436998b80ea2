import { isDatastoreError } from '@tortie/datastore'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestHost, node, type TestHost } from '../testing/host.ts'

let host: TestHost
let pods: TestNetns[]
beforeEach(async () => {
  host = await createTestHost('cni-host')
  pods = []
})
afterEach(() => {
  for (const pod of pods) pod[Symbol.dispose]()
  host[Symbol.dispose]()
})
const newPod = (): TestNetns => {
  const pod = createTestNetns('cni-pod')
  pods.push(pod)
  return pod
}
const call = { signal: new AbortController().signal }

interface Damage {
  readonly what: string
  readonly do: (pod: TestNetns) => void | Promise<void>
  readonly says: string
}

describe('CHECK', () => {
  const key = { kind: 'WorkloadEndpoint', namespace: 'default', name: 'node--1-cni-web1-eth0' } as const
  it.each<Damage>([
    { what: 'link down', do: (pod) => pod.ip('link set eth0 down'), says: 'eth0 is down' },
    { what: 'address gone', do: (pod) => pod.ip('addr flush dev eth0'), says: 'eth0 lacks address 10.65.' },
    {
      what: 'route gone',
      do: (pod) => pod.ip('route del default'),
      says: 'lacks the route to 0.0.0.0/0 via 169.254.1.1',
    },
    {
      what: 'IPv6 route gone',
      do: (pod) => pod.ip('route del ::/0'),
      says: 'lacks the route to ::/0 via fe80::ecee',
    },
    {
      what: 'MAC changed',
      do: (pod) => pod.ip('link set eth0 address 02:00:00:00:00:07'),
      says: 'eth0 has MAC 02:00:00:00:00:07',
    },
    {
      what: 'forwarding on',
      do: (pod) => void pod.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'),
      says: '/proc/sys/net/ipv4/ip_forward is 1, not 0',
    },
    {
      what: 'host route gone',
      do: () => host.netns.ip('route flush dev caliweb1'),
      says: 'the host has no route to 10.65.',
    },
    { what: 'host side down', do: () => host.netns.ip('link set caliweb1 down'), says: 'caliweb1 is down' },
    {
      what: 'host MAC changed',
      do: () => host.netns.ip('link set caliweb1 address 02:00:00:00:00:07'),
      says: 'caliweb1 has MAC',
    },
    {
      what: 'proxy ARP off',
      do: () => void host.netns.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/conf/caliweb1/proxy_arp'),
      says: 'proxy_arp is 0, not 1',
    },
    { what: 'link gone', do: () => host.netns.ip('link del caliweb1'), says: 'interface caliweb1 is not on the host' },
    {
      what: 'endpoint gone',
      do: async () => void (await host.store.delete(key, {}, call)),
      says: 'container web1 has no WorkloadEndpoint on node node-1',
    },
    {
      what: 'addresses released',
      do: async () => void (await host.run('DEL', { container: 'web1', program: 'calico-ipam' })),
      says: 'no address is allocated to net1.web1',
    },
  ])('$what', async ({ do: damage, says }) => {
    const pod = newPod()
    const { json: prevResult } = await host.run('ADD', { pod, container: 'web1' })
    const check = () => host.run('CHECK', { pod, container: 'web1', config: { prevResult } })
    expect(await check()).toMatchObject({ stdout: '', exitCode: 0 })
    await damage(pod)
    expect((await check()).json).toMatchObject({ code: 101, msg: expect.stringContaining(says) })
  })

  it('compares with what the runtime was told', async () => {
    const pod = newPod()
    await host.run('ADD', { pod })
    const prevResult = { cniVersion: '1.1.0', ips: [{ address: '10.65.9.9/32' }] }
    const { json } = await host.run('CHECK', { pod, config: { prevResult } })
    expect(json).toMatchObject({ code: 101, msg: expect.stringContaining('is not in prevResult') })
  })

  it('of another network than the container is in', async () => {
    const pod = newPod()
    await host.run('ADD', { pod })
    const { json } = await host.run('CHECK', { pod, config: { name: 'net9' } })
    expect(json).toMatchObject({ code: 101, msg: expect.stringContaining('not in network net9') })
  })
})

describe('many at once', () => {
  it('50 containers get 50 addresses of each family; GC keeps those that live', { timeout: 120_000 }, async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `web${i}`)
    const byId = new Map(ids.map((id) => [id, newPod()]))
    const replies = await Promise.all([...byId].map(([container, pod]) => host.run('ADD', { pod, container })))
    expect(replies.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
    const all = replies.flatMap(({ json }) => json.ips.map((ip: { address: string }) => ip.address))
    expect(new Set(all).size).toBe(100)

    const living = ids.slice(0, 10)
    const attachments = living.map((containerID) => ({ containerID, ifname: 'eth0' }))
    const gc = await host.run('GC', { config: { 'cni.dev/valid-attachments': attachments } })
    expect(gc).toMatchObject({ stdout: '', exitCode: 0 })
    const endpoints = await host.store.list({ kind: 'WorkloadEndpoint' }, call)
    expect(endpoints.items.map(({ spec }) => spec.containerID).sort()).toEqual([...living].sort())
    const links = host.netns.ipJson('link', 'show') as { ifname: string }[]
    expect(links.filter(({ ifname }) => ifname.startsWith('cali')).length).toBe(10)
    for (const [i, container] of living.entries()) {
      const config = { prevResult: replies[i]?.json }
      expect((await host.run('CHECK', { pod: byId.get(container)!, container, config })).stdout).toBe('')
    }

    expect((await host.run('GC', { config: { 'cni.dev/valid-attachments': [] } })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual([])
  })
})

describe('GC', () => {
  it('leaves other networks, other nodes and other orchestrators alone', async () => {
    const pod = newPod()
    await host.run('ADD', { pod, container: 'other', config: { name: 'net2' } })
    await host.run('ADD', { pod: newPod(), container: 'far', config: { nodename: 'node-2' } })
    const before = await host.leftovers()
    expect(before.length).toBeGreaterThan(0)
    expect((await host.run('GC', { config: { 'cni.dev/valid-attachments': [] } })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual(before)
  })

  it('frees addresses of an ADD that was killed half-way', async () => {
    await host.run('ADD', { container: 'killed', program: 'calico-ipam', pod: newPod() })
    expect(await host.leftovers()).not.toEqual([])
    expect((await host.run('GC', { config: { 'cni.dev/valid-attachments': [] } })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual([])
  })

  it('takes a container out of one network of two', async () => {
    const pod = newPod()
    await host.run('ADD', { pod, container: 'web1' })
    await host.run('ADD', { pod, container: 'web1', config: { name: 'net2' }, ifname: 'eth1' })
    const config = { name: 'net2', 'cni.dev/valid-attachments': [] }
    expect((await host.run('GC', { config })).exitCode).toBe(0)
    const [endpoint] = (await host.store.list({ kind: 'WorkloadEndpoint' }, call)).items
    expect(endpoint?.spec.profiles).toEqual(['net1'])
    expect((await host.run('CHECK', { pod, container: 'web1' })).exitCode).toBe(0)
  })

  it('goes on after an error, and tells it', async () => {
    for (const container of ['a1', 'b1']) await host.run('ADD', { pod: newPod(), container })
    const { openDatastore } = host.drivers
    let deletes = 0
    const drivers = {
      ...host.drivers,
      openDatastore: async (...given: Parameters<typeof openDatastore>) => {
        const store = await openDatastore(...given)
        const remove = store.delete.bind(store)
        store.delete = (async (...args: Parameters<typeof remove>) => {
          if (args[0].kind === 'WorkloadEndpoint' && deletes++ === 0) throw new Error('disk on fire')
          return await remove(...args)
        }) as typeof store.delete
        return store
      },
    }
    const { json } = await host.run('GC', { config: { 'cni.dev/valid-attachments': [] }, drivers })
    expect(json).toMatchObject({ code: 999, msg: expect.stringContaining('disk on fire') })
    const { items } = await host.store.list({ kind: 'WorkloadEndpoint' }, call)
    expect(items.map(({ spec }) => spec.containerID)).toEqual(['a1'])
  })
})

describe('STATUS', () => {
  it('is fine', async () => {
    expect(await host.run('STATUS')).toMatchObject({ stdout: '', exitCode: 0 })
  })

  it.each<readonly [string, object, string]>([
    ['no nodename file', { nodename_file_optional: false }, 'cannot read nodename_file'],
    ['no such IPAM plugin', { ipam: { type: 'dhcpx' } }, '"dhcpx" is in no directory'],
    ['a store that is none', { datastore_type: 'kubernetes' }, '"kubernetes" is not supported'],
  ])('%s', async (_, config, says) => {
    expect((await host.run('STATUS', { config })).json).toMatchObject({ code: 50, msg: expect.stringContaining(says) })
  })

  it('no pool of a family that is wanted', async () => {
    await host.store.delete({ kind: 'IPPool', name: 'pods6' }, {}, call)
    const { json } = await host.run('STATUS')
    expect(json).toMatchObject({ code: 50, msg: expect.stringContaining('no enabled IPv6 IPPool') })
  })
})

describe('calico-ipam', () => {
  it('gives and takes addresses by itself', async () => {
    const add = await host.run('ADD', { pod: newPod(), program: 'calico-ipam' })
    expect(add.json).toMatchObject({
      ips: [{ address: expect.stringMatching(/^10\.65\.\d+\.\d+\/26$/) }, { address: expect.stringMatching(/\/122$/) }],
    })
    const handle = { kind: 'IPAMHandle', name: 'net1.c1' } as const
    expect((await host.store.get(handle, call)).spec.handleID).toBe('net1.c1')
    const [block] = (await host.store.list({ kind: 'IPAMBlock' }, call)).items
    expect(block?.spec.attributes).toMatchObject([
      { handle_id: 'net1.c1', secondary: { node, timestamp: expect.stringMatching(/^\d{4}-.* \+0000 UTC$/) } },
    ])
    expect(
      await host.run('CHECK', { pod: newPod(), program: 'calico-ipam', config: { prevResult: add.json } }),
    ).toMatchObject({ stdout: '' })
    for (const _ of [1, 2]) expect(await host.run('DEL', { program: 'calico-ipam' })).toMatchObject({ stdout: '' })
    const gone = await host.store.get(handle, call).catch((error: unknown) => error)
    expect(isDatastoreError(gone, 'DoesNotExist')).toBe(true)
  })

  it('finds a lost allocation in CHECK', async () => {
    const prevResult = { cniVersion: '1.1.0', ips: [{ address: '10.65.1.1/26' }] }
    const { json } = await host.run('CHECK', { pod: newPod(), program: 'calico-ipam', config: { prevResult } })
    expect(json).toMatchObject({ code: 101 })
  })

  it('keeps nothing when one family of two is short', async () => {
    await host.store.delete({ kind: 'IPPool', name: 'pods6' }, {}, call)
    const pool = { kind: 'IPPool', apiVersion: 'projectcalico.org/v3', metadata: { name: 'tiny6' } } as const
    await host.store.create({ ...pool, spec: { cidr: 'fd66::/127', blockSize: 127, nodeSelector: 'all()' } }, call)
    for (const container of ['a', 'b'])
      expect((await host.run('ADD', { pod: newPod(), container, program: 'calico-ipam' })).exitCode).toBe(0)
    const { json } = await host.run('ADD', { pod: newPod(), container: 'c', program: 'calico-ipam' })
    expect(json).toMatchObject({
      code: 999,
      msg: expect.stringContaining('failed to request IPv6 addresses: Assigned 0 out of 1'),
    })
    const handles = await host.store.list({ kind: 'IPAMHandle' }, call)
    expect(handles.items.map(({ metadata }) => metadata.name).sort()).toEqual(['net1.a', 'net1.b'])
  })
})
