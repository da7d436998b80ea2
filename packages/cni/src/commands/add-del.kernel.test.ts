import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestNetns, openResponder, probe, type TestNetns } from '@tortie/linux/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestHost, node, type TestHost } from '../testing/host.ts'

let host: TestHost
let pod: TestNetns
beforeEach(async () => {
  host = await createTestHost('cni-host')
  pod = createTestNetns('cni-pod')
})
afterEach(() => {
  pod[Symbol.dispose]()
  host[Symbol.dispose]()
})
const call = { signal: new AbortController().signal }
const addresses = (json: { ips: { address: string }[] }): string[] =>
  json.ips.map(({ address }) => address.split('/')[0] ?? '')

describe('ADD', () => {
  it('gives both families, and says what it made', async () => {
    const { json, exitCode, stderr } = await host.run('ADD', { pod, container: 'web1' })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const [link] = pod.ipJson('addr', 'show', 'dev', 'eth0') as {
      address: string
      mtu: number
      addr_info: { local: string; prefixlen: number; scope: string }[]
    }[]
    expect(json).toEqual({
      cniVersion: '1.1.0',
      interfaces: [{ name: 'caliweb1' }, { name: 'eth0', mac: link?.address, sandbox: pod.path }],
      ips: [
        { interface: 1, address: expect.stringMatching(/^10\.65\.\d+\.\d+\/32$/) },
        { interface: 1, address: expect.stringMatching(/^fd65::[0-9a-f:]*\/128$/) },
      ],
      routes: [
        { dst: expect.stringMatching(/^10\.65\.\d+\.\d+\/26$/) },
        { dst: expect.stringMatching(/^fd65::[0-9a-f:]*\/122$/) },
      ],
    })
    const global = link?.addr_info.filter(({ scope }) => scope === 'global')
    expect(global?.map(({ local, prefixlen }) => `${local}/${prefixlen}`)).toEqual(
      json.ips.map((ip: { address: string }) => ip.address),
    )
  })

  it('makes host and container reach each other, by both families', async () => {
    const { json } = await host.run('ADD', { pod })
    for (const to of addresses(json))
      expect(await probe({ netns: host.netns, protocol: 'icmp', to }), to).toMatchObject({ kind: 'reached' })
    for (const [to, any] of [
      ['172.31.0.1', '0.0.0.0'],
      ['fd31::1', '::'],
    ] as const) {
      using _ = openResponder({ netns: host.netns, protocol: 'tcp', address: any, port: 5000 })
      const seen = await probe({ netns: pod, protocol: 'tcp', to, port: 5000 })
      expect(seen).toMatchObject({ kind: 'reached', seenAs: { address: addresses(json)[to.includes(':') ? 1 : 0] } })
    }
  })

  it('loses not even the first packet', async () => {
    for (let round = 0; round < 20; round++) {
      const { json } = await host.run('ADD', { pod })
      for (const to of addresses(json))
        expect(await probe({ netns: host.netns, protocol: 'icmp', to }), `${round} ${to}`).toMatchObject({
          kind: 'reached',
        })
      await host.run('DEL', { pod })
    }
  })

  it('routes as Calico does', async () => {
    await host.run('ADD', { pod, container: 'web1' })
    const [v4, v6] = (['-4', '-6'] as const).map((family) => pod.ipJson(family, 'route', 'show') as object[])
    expect(v4).toMatchObject([
      { dst: 'default', gateway: '169.254.1.1', dev: 'eth0' },
      { dst: '169.254.1.1', dev: 'eth0', scope: 'link' },
    ])
    expect(v6).toContainEqual(
      expect.objectContaining({ dst: 'default', gateway: 'fe80::ecee:eeff:feee:eeee', dev: 'eth0' }),
    )
    const outer = host.netns.ipJson('addr', 'show', 'dev', 'caliweb1') as {
      address: string
      addr_info: { local: string }[]
    }[]
    expect(outer).toMatchObject([{ address: 'ee:ee:ee:ee:ee:ee', addr_info: [{ local: 'fe80::ecee:eeff:feee:eeee' }] }])
    expect(host.netns.ipJson('-4', 'route', 'show', 'dev', 'caliweb1')).toMatchObject([{ scope: 'link' }])
    const read = (key: string): string => host.netns.run('cat', `/proc/sys/net/${key}`).trim()
    expect(
      ['ipv4/conf/caliweb1/proxy_arp', 'ipv4/conf/caliweb1/forwarding', 'ipv6/conf/caliweb1/proxy_ndp'].map(read),
    ).toEqual(['1', '1', '1'])
    expect(read('ipv4/neigh/caliweb1/proxy_delay')).toBe('0')
  })

  it('stores the endpoint, and the profile of the network', async () => {
    const labels = [
      { key: 'app', value: 'web' },
      { key: 'projectcalico.org/namespace', value: 'prod' },
    ]
    const args = { 'org.apache.mesos': { network_info: { labels: { labels } } } }
    const { json } = await host.run('ADD', { pod, container: 'web-1', config: { args } })
    const key = { kind: 'WorkloadEndpoint', namespace: 'prod', name: `node--1-cni-web--1-eth0` } as const
    expect(await host.store.get(key, call)).toMatchObject({
      metadata: {
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        creationTimestamp: expect.any(String),
        labels: { app: 'web', 'projectcalico.org/namespace': 'prod', 'projectcalico.org/orchestrator': 'cni' },
      },
      spec: {
        orchestrator: 'cni',
        node,
        containerID: 'web-1',
        endpoint: 'eth0',
        profiles: ['net1'],
        interfaceName: json.interfaces[0].name,
        mac: json.interfaces[1].mac,
        ipNetworks: json.ips.map((ip: { address: string }) => ip.address),
      },
    })
    expect(await host.store.get({ kind: 'Profile', name: 'net1' }, call)).toMatchObject({
      spec: {
        egress: [{ action: 'Allow' }],
        ingress: [{ action: 'Allow', source: { selector: 'has(net1)' } }],
        labelsToApply: { net1: '' },
      },
    })
    expect((await host.run('DEL', { pod, container: 'web-1', config: { args } })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual([])
  })

  it.each(['k8s', 'none'])('makes no profile with policy.type %s', async (type) => {
    expect((await host.run('ADD', { pod, config: { policy: { type } } })).exitCode).toBe(0)
    const profiles = await host.store.list({ kind: 'Profile' }, call)
    expect(profiles.items.filter(({ metadata }) => metadata.name === 'net1')).toEqual([])
  })

  it('sets MTU, queues and forwarding', async () => {
    const config = { mtu: 1400, num_queues: 2, container_settings: { allow_ip_forwarding: true } }
    const { json } = await host.run('ADD', { pod, container: 'web1', config })
    expect(json.interfaces[1].mtu).toBe(1400)
    for (const [netns, name] of [
      [pod, 'eth0'],
      [host.netns, 'caliweb1'],
    ] as const)
      expect(netns.ipJson('-d', 'link', 'show', name)).toMatchObject([
        { mtu: 1400, num_tx_queues: 2, num_rx_queues: 2 },
      ])
    expect(pod.run('cat', '/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding')).toBe('1\n1\n')
  })

  it('writes forwarding off, too', async () => {
    pod.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
    await host.run('ADD', { pod })
    expect(pod.run('cat', '/proc/sys/net/ipv4/ip_forward')).toBe('0\n')
  })

  it('brings IPv6 where the container has it turned off', async () => {
    pod.run('sh', '-c', 'for i in all default; do echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done')
    const { json } = await host.run('ADD', { pod })
    expect(await probe({ netns: host.netns, protocol: 'icmp', to: addresses(json)[1] ?? '' })).toMatchObject({
      kind: 'reached',
    })
  })

  it.each([
    [{ assign_ipv6: 'false' }, ['10.65.']],
    [{ assign_ipv4: 'false', assign_ipv6: 'true' }, ['fd65::']],
    [{ assign_ipv4: 'False' }, ['10.65.']],
    [{ ipv4_pools: ['pods4'] }, ['10.65.']],
    [{ ipv4_pools: ['10.65.0.0/16'] }, ['10.65.']],
  ])('ipam %o', async (ipam, starts) => {
    const { json } = await host.run('ADD', { pod, config: { ipam: { type: 'calico-ipam', ...ipam } } })
    expect(addresses(json).map((address, i) => address.slice(0, starts[i]?.length))).toEqual(starts)
    expect(
      (await host.run('CHECK', { pod, config: { ipam: { type: 'calico-ipam', ...ipam }, prevResult: json } })).stdout,
    ).toBe('')
  })

  it('takes the address that is asked for, once', async () => {
    using other = createTestNetns('cni-pod')
    const env = { CNI_ARGS: 'IP=10.65.7.7' }
    const { json } = await host.run('ADD', { pod, env })
    expect(json).toMatchObject({ ips: [{ address: '10.65.7.7/32' }], routes: [{ dst: '10.65.7.7/32' }] })
    const second = await host.run('ADD', { pod: other, container: 'c2', env })
    expect(second.json).toMatchObject({ code: 999, msg: expect.stringContaining('10.65.7.7') })
    expect((await host.run('CHECK', { pod, env, config: { prevResult: json } })).exitCode).toBe(0)
  })

  it('replaces a link that is left over under its name', async () => {
    host.netns.ip('link add caliweb1 type veth peer name stale0')
    expect((await host.run('ADD', { pod, container: 'web1' })).exitCode).toBe(0)
    expect(host.netns.ipJson('link', 'show')).toHaveLength(2)
  })

  it('accepts the same route of the agent, and names the owner of another', async () => {
    host.netns.ip('link add other type veth peer name other1', 'link set other up', 'route add 10.65.7.7/32 dev other')
    const { json } = await host.run('ADD', { pod, env: { CNI_ARGS: 'IP=10.65.7.7' } })
    expect(json).toMatchObject({ code: 999, msg: 'the host has a route to 10.65.7.7/32 already, by other; remove it' })
    expect(await host.leftovers()).toEqual([])
  })

  it('begins anew for a container that a crash of the host left in the store', async () => {
    const first = await host.run('ADD', { pod, container: 'web1' })
    using again = createTestNetns('cni-pod')
    const second = await host.run('ADD', { pod: again, container: 'web1' })
    expect(second.exitCode).toBe(0)
    expect(second.json.interfaces[1].sandbox).toBe(again.path)
    expect(
      await host.run('CHECK', { pod: again, container: 'web1', config: { prevResult: second.json } }),
    ).toMatchObject({ stdout: '' })
    // The same ADD once more is told what is there.
    expect((await host.run('ADD', { pod: again, container: 'web1' })).json.ips).toEqual(second.json.ips)
    expect(first.json.ips).not.toEqual(second.json.ips)
    await host.run('DEL', { pod: again, container: 'web1' })
    expect(await host.leftovers()).toEqual([])
  })

  it('does not wait for addresses of IPv6 where only IPv4 is wanted', async () => {
    pod.run('sh', '-c', 'echo 600 > /proc/sys/net/ipv6/conf/default/dad_transmits')
    await host.run('ADD', { pod, config: { ipam: { type: 'calico-ipam' } } })
    const [link] = pod.ipJson('-6', 'addr', 'show', 'dev', 'eth0') as { addr_info: { tentative?: boolean }[] }[]
    expect(link?.addr_info.map(({ tentative }) => tentative)).toEqual([true])
  })

  it('adds a second network to a container as a profile, and removes nothing with that alone', async () => {
    const first = await host.run('ADD', { pod, container: 'web1' })
    const second = { pod, container: 'web1', ifname: 'net1', config: { name: 'net2' } }
    const joined = await host.run('ADD', second)
    expect(joined.json).toMatchObject({ ips: first.json.ips, interfaces: first.json.interfaces })
    const endpoints = await host.store.list({ kind: 'WorkloadEndpoint' }, call)
    expect(endpoints.items.map(({ spec }) => spec.profiles)).toEqual([['net1', 'net2']])
    expect((await host.run('CHECK', { ...second, config: { name: 'net2', prevResult: joined.json } })).stdout).toBe('')
    expect((await host.run('DEL', second)).exitCode).toBe(0)
    expect((await host.run('CHECK', { pod, container: 'web1', config: { prevResult: first.json } })).stdout).toBe('')
    expect((await host.run('DEL', { pod, container: 'web1' })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual([])
  })

  it.each(['0.2.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0', ''])('answers in version %o', async (cniVersion) => {
    const { json } = await host.run('ADD', { pod, config: { cniVersion } })
    expect(json.cniVersion).toBe(cniVersion || '0.2.0')
    expect((await host.run('DEL', { pod, config: { cniVersion } })).stdout).toBe('')
  })
})

describe('DEL', () => {
  it.each<readonly [string, () => { path: string } | undefined]>([
    ['as usual', () => pod],
    ['without a namespace', () => undefined],
    [
      'after the namespace is gone',
      () => {
        pod[Symbol.dispose]()
        return pod
      },
    ],
  ])('%s leaves nothing, and nothing to do again', async (_, given) => {
    await host.run('ADD', { pod })
    const netns = given()
    for (const time of [1, 2, 3]) {
      const del = await host.run('DEL', netns ? { pod: netns } : {})
      expect(del, `time ${time}`).toMatchObject({ exitCode: 0, stdout: '' })
    }
    expect(await host.leftovers()).toEqual([])
  })

  it('does not mind a namespace file that is left of a reboot', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tortie-cni-'))
    writeFileSync(join(dir, 'netns'), '')
    expect(await host.run('DEL', { pod: { path: join(dir, 'netns') } })).toMatchObject({ exitCode: 0, stdout: '' })
    rmSync(dir, { recursive: true })
  })

  it('finds the endpoint although the config names another namespace now', async () => {
    const labels = [{ key: 'projectcalico.org/namespace', value: 'prod' }]
    await host.run('ADD', { pod, config: { args: { 'org.apache.mesos': { network_info: { labels: { labels } } } } } })
    expect((await host.run('DEL', { pod })).exitCode).toBe(0)
    expect(await host.leftovers()).toEqual([])
  })
})

const labelled = (key: string, value: string): object => ({
  config: { args: { 'org.apache.mesos': { network_info: { labels: { labels: [{ key, value }] } } } } },
})

describe('refused', () => {
  it.each<readonly [string, object, number, string]>([
    [
      'no namespace',
      { pod: { path: '/run/netns/none' } },
      3,
      'there is no network namespace at CNI_NETNS /run/netns/none',
    ],
    ['a file that is none', { pod: { path: '/etc/hostname' } }, 4, '/etc/hostname is no network namespace'],
    ['the own namespace', { pod: { path: '/proc/self/ns/net' } }, 8, "is the plugin's own network namespace"],
    ['no ipam.type', { config: { ipam: {} } }, 7, 'missing ipam.type'],
    ['a network that cannot be a profile', { config: { name: 'Net_1' } }, 7, 'network name Net_1'],
    ['a container that cannot be named', { container: 'Web_1' }, 4, 'no WorkloadEndpoint can be named'],
    ['a bad namespace', labelled('projectcalico.org/namespace', 'A.b'), 7, '"A.b" is no namespace'],
    ['a label that is too long', labelled('app', 'x'.repeat(64)), 7, 'args label "app"'],
    ['an unknown IPAM plugin', { config: { ipam: { type: 'dhcpx' } } }, 7, '"dhcpx" is in no directory of CNI_PATH'],
    [
      'an unknown pool',
      { config: { ipam: { type: 'calico-ipam', ipv4_pools: ['x'] } } },
      7,
      '"x" is neither a CIDR nor',
    ],
    [
      'a pool of the other family',
      { config: { ipam: { type: 'calico-ipam', ipv4_pools: ['pods6'] } } },
      7,
      'pods6 is no IPv4 pool',
    ],
    [
      'no family',
      { config: { ipam: { type: 'calico-ipam', assign_ipv4: 'false' } } },
      7,
      'needs an address of one family',
    ],
    ['an address that is none', { env: { CNI_ARGS: 'IP=10.65.0' } }, 4, 'IP=10.65.0'],
    ['an address of no pool', { env: { CNI_ARGS: 'IP=10.1.1.1' } }, 999, '10.1.1.1'],
  ])('%s', async (_, given, code, says) => {
    const { json, exitCode } = await host.run('ADD', { pod, ...given })
    expect({ json, exitCode }).toMatchObject({ json: { code, msg: expect.stringContaining(says) }, exitCode: 1 })
    expect(await host.leftovers()).toEqual([])
    expect(pod.ipJson('link', 'show')).toHaveLength(1)
  })

  it('an interface that is there already, which stays', async () => {
    pod.ip('link add eth0 type veth peer name eth1')
    const { json } = await host.run('ADD', { pod })
    expect(json).toMatchObject({ code: 999, msg: expect.stringContaining('has an interface eth0 already') })
    expect(await host.leftovers()).toEqual([])
    expect(pod.ipJson('link', 'show', 'eth0')).toHaveLength(1)
  })

  it.each(['ADD', 'DEL', 'CHECK', 'GC'])('%s while the store is not ready', async (command) => {
    const information = await host.store.get({ kind: 'ClusterInformation', name: 'default' }, call)
    await host.store.update({ ...information, spec: { datastoreReady: false } }, call)
    expect((await host.run(command, { pod })).json).toMatchObject({
      code: 11,
      msg: expect.stringContaining('not ready'),
    })
    await host.store.delete({ kind: 'ClusterInformation', name: 'default' }, {}, call)
    expect((await host.run(command, { pod })).json).toMatchObject({
      code: 11,
      msg: expect.stringContaining('start the agent'),
    })
  })
})
