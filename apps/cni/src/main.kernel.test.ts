import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createTestNetns, probe, type TestNetns } from '@tortie/linux/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildExecutable, createSite, type Site } from './testing/site.ts'

let built: ReturnType<typeof buildExecutable>
let site: Site
let pods: TestNetns[]
beforeAll(() => {
  built = buildExecutable()
})
afterAll(() => built[Symbol.dispose]())
beforeEach(async () => {
  site = await createSite('cni-app', built.dir)
  pods = []
})
afterEach(async () => {
  for (const pod of pods) pod[Symbol.dispose]()
  await site[Symbol.asyncDispose]()
})
const newPod = (): TestNetns => {
  const pod = createTestNetns('cni-pod')
  pods.push(pod)
  return pod
}
const call = { signal: new AbortController().signal }
const endpoints = async (): Promise<number> => (await site.store.list({ kind: 'WorkloadEndpoint' }, call)).items.length
const links = (): string[] =>
  (site.netns.ipJson('link', 'show') as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .filter((name) => name !== 'lo')
const handles = async (): Promise<number> => (await site.store.list({ kind: 'IPAMHandle' }, call)).items.length

async function expectNothingLeft(): Promise<void> {
  expect({ endpoints: await endpoints(), links: links(), handles: await handles() }).toEqual({
    endpoints: 0,
    links: [],
    handles: 0,
  })
}

describe('names', () => {
  it.each(['tortie-cni', 'calico', 'calico-ipam'])('%s answers VERSION', async (program) => {
    const { json, exitCode, stderr } = await site.execute('VERSION', { program })
    expect({ exitCode, stderr, version: json.cniVersion }).toEqual({ exitCode: 0, stderr: '', version: '1.1.0' })
  })

  it('any other is refused', async () => {
    const { json, exitCode } = await site.execute('VERSION', { program: 'flannel' })
    expect({ exitCode, json }).toMatchObject({
      exitCode: 1,
      json: { code: 100, msg: expect.stringContaining('"flannel"') },
    })
  })

  it('without a command it says what it is', async () => {
    expect(await site.execute('')).toMatchObject({ exitCode: 0, stdout: '', stderr: expect.stringContaining('1.1.0') })
  })
})

describe.each(['standalone', 'through the agent'])('%s', (way) => {
  let agent: Awaited<ReturnType<Site['startAgent']>> | undefined
  beforeEach(async () => {
    agent = way === 'standalone' ? undefined : await site.startAgent()
  })
  afterEach(async () => {
    if (agent?.exitCode !== null || agent.signalCode !== null) return
    agent.kill('SIGKILL')
    await once(agent, 'exit')
  })

  it('ADD, CHECK, DEL', async () => {
    const pod = newPod()
    // The agent of this test has its own store, whatever the config says.
    const config = agent ? { embedded_path: '/nowhere' } : {}
    const add = await site.execute('ADD', { pod, config })
    expect(add).toMatchObject({ exitCode: 0, stderr: '' })
    for (const { address } of add.json.ips)
      expect(await probe({ netns: site.netns, protocol: 'icmp', to: address.split('/')[0] })).toMatchObject({
        kind: 'reached',
      })
    expect(await site.execute('CHECK', { pod, config: { ...config, prevResult: add.json } })).toMatchObject({
      exitCode: 0,
      stdout: '',
    })
    for (const _ of [1, 2])
      expect(await site.execute('DEL', { pod, config })).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    await expectNothingLeft()
  })

  it('50 processes at once give 50 addresses of each family', { timeout: 240_000 }, async () => {
    const containers = Array.from({ length: 50 }, (_, i) => ({ container: `c${i}`, pod: newPod() }))
    const added = await Promise.all(containers.map((given) => site.execute('ADD', given)))
    expect(added.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
    const all = added.flatMap(({ json }) => json.ips.map((ip: { address: string }) => ip.address))
    expect(new Set(all).size).toBe(100)
    const deleted = await Promise.all(containers.map((given) => site.execute('DEL', given)))
    expect(deleted.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
    await expectNothingLeft()
  })

  it('stopped by SIGTERM while it waits, an ADD is taken back', async () => {
    mkdirSync(join(site.dir, 'endpoint-status'))
    const waiting = site.store.watch({ kind: 'WorkloadEndpoint' }, {}, call)[Symbol.asyncIterator]()
    await waiting.next()
    const add = await site.execute('ADD', {
      pod: newPod(),
      config: { policy_setup_timeout_seconds: 60 },
      meanwhile: (child) => void waiting.next().then(() => child.kill('SIGTERM')),
    })
    expect(add).toMatchObject({ exitCode: 1, json: { code: 999, msg: expect.stringContaining('SIGTERM') } })
    // The agent notices a moment later that nobody waits.
    for await (const event of site.store.watch({ kind: 'IPAMHandle' }, {}, call))
      if ((event.type === 'snapshot' && event.items.length === 0) || event.type === 'delete') break
    await expectNothingLeft()
    await waiting.return?.()
  })
})

describe('agent', () => {
  it('killed while it works: the ADD is taken back, and the runtime told to try again', async () => {
    const agent = await site.startAgent()
    mkdirSync(join(site.dir, 'endpoint-status'))
    const waiting = site.store.watch({ kind: 'WorkloadEndpoint' }, {}, call)[Symbol.asyncIterator]()
    await waiting.next()
    const pod = newPod()
    const add = await site.execute('ADD', {
      pod,
      config: { policy_setup_timeout_seconds: 60 },
      meanwhile: () => void waiting.next().then(() => agent.kill('SIGKILL')),
    })
    expect(add).toMatchObject({ exitCode: 1, json: { code: 11, details: 'nothing is left of it' } })
    await expectNothingLeft()
    await waiting.return?.()
    // Its socket is still there, and nobody listens.
    expect(existsSync(site.socket)).toBe(true)
    const config = { policy_setup_timeout_seconds: 0 }
    expect(await site.execute('ADD', { pod, config })).toMatchObject({ exitCode: 0 })
  })

  it('of another network namespace is not asked', async () => {
    const agent = await site.startAgent()
    using other = createTestNetns('cni-app')
    expect((await site.execute('ADD', { pod: newPod(), netns: other })).exitCode).toBe(0)
    expect(links()).toEqual([])
    agent.kill('SIGKILL')
    await once(agent, 'exit')
  })
})

describe('refused', () => {
  it.each<readonly [string, object | string, number, string]>([
    ['empty stdin', '', 6, 'stdin is empty'],
    [
      'no store',
      { embedded_path: '/nowhere/store' },
      11,
      '/nowhere/store cannot be reached: it is not there; start the agent',
    ],
    ['a store that is a file', { embedded_path: '/etc/hostname' }, 999, '/etc/hostname is not a directory'],
    ['a store on a file system that cannot hold it', { embedded_path: '/proc/1' }, 999, '/proc/1 cannot be written'],
    ['another datastore', { datastore_type: 'kubernetes' }, 7, 'datastore_type "kubernetes" is not supported yet'],
    ['etcd without endpoints', { datastore_type: 'etcdv3' }, 7, 'there is no etcd endpoint; give ETCD_ENDPOINTS'],
    [
      'an endpoint that is none',
      { datastore_type: 'etcdv3', etcd_endpoints: 'e:2379' },
      7,
      'network config key etcd_endpoints has an entry that is no http:// or https:// address',
    ],
    [
      'an etcd that is away',
      { datastore_type: 'etcdv3', etcd_endpoints: 'http://127.0.0.1:1' },
      11,
      'http://127.0.0.1:1 cannot be reached: ',
    ],
    [
      'a log file that cannot be written',
      { log_file_path: '/proc/1/x/cni.log', log_level: 'debug', mtu: -1 },
      7,
      'mtu -1',
    ],
  ])('%s', async (_, config, code, says) => {
    const given = typeof config === 'string' ? { stdin: config } : { config }
    const reply = await site.execute('ADD', { pod: newPod(), ...given })
    expect(reply.json).toMatchObject({ code, msg: expect.stringContaining(says) })
    expect(reply.exitCode).toBe(1)
    await expectNothingLeft()
  })

  it('who is not root, in one sentence', async () => {
    chmodSync(site.dir, 0o755)
    chmodSync(built.dir, 0o755)
    chmodSync(site.storePath, 0o777)
    for (const file of readdirSync(site.storePath)) chmodSync(join(site.storePath, file), 0o666)
    const { json, exitCode } = await site.execute('ADD', { pod: newPod(), uid: 65534 })
    expect({ json, exitCode }).toMatchObject({
      exitCode: 1,
      json: { code: 999, msg: expect.stringContaining('run as root') },
    })
    await expectNothingLeft()
  })
})
