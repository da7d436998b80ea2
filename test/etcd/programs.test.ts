/** Agent, CNI plugin and tortiectl on one etcd, which dies and comes back while packets flow. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Party } from '../../examples/three-hosts/lab/matrix.ts'
import type { Host } from '../../examples/three-hosts/lab/network.ts'
import { type Agent, cni, startAgent, tortiectl, waitReady } from '../../examples/three-hosts/lab/processes.ts'
import { type EtcdServer, startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { addPod, buildLab, etcdAddress, type Lab, policy, readiness, tcp } from './lab.ts'

const endpoint = `http://${etcdAddress}:2379`
const patience = { timeout: 20_000, interval: 50 }
let lab: Lab
let etcd: EtcdServer
let hosts: readonly [Host, Host]
let client: Party
let open: Party
let shut: Party

beforeAll(async () => {
  lab = buildLab('etcd', 2, () => ({
    environment: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: endpoint },
    networkConfig: { etcd_endpoints: endpoint },
  }))
  const { network, at, agents } = lab
  hosts = network.hosts as readonly Host[] as readonly [Host, Host]
  etcd = await startEtcd({ on: { netns: network.outside.netns, address: etcdAddress } })
  tortiectl(['apply', '-f', 'examples/three-hosts/yaml/00-network.yaml'], at)
  agents.push(...hosts.map((host) => startAgent(host, at)))
  await Promise.all(agents.map((agent) => waitReady(agent)))
  client = await addPod(lab, 'client', hosts[0])
  open = await addPod(lab, 'open', hosts[1])
  shut = await addPod(lab, 'shut', hosts[0])
})

afterAll(async () => {
  await etcd?.[Symbol.asyncDispose]()
  lab?.[Symbol.dispose]()
})

const allow = (ports: readonly number[]): string =>
  policy('open', 100, {
    selector: "role == 'open'",
    ingress: ['TCP', 'UDP'].map((protocol) => ({ action: 'Allow', protocol, destination: { ports } })),
  })

/**
 * Does `work` while packets flow from the client to both, in one lasting flow and in new ones: nearly all are answered in
 * the end, or none.
 */
async function whilePacketsFlow<T>(work: () => Promise<T>): Promise<T> {
  const flows = [open, open, shut, shut].map((to, id) => ({ to: to.ipv4, port: 8080, id, fresh: id % 2 === 1 }))
  for (const flow of flows) client.prober.stream(flow)
  const result = await work()
  for (const { id } of flows) {
    const count = () => client.prober.count(id)
    expect((await count()).sent).toBeGreaterThan(100)
    if (id >= 2) expect((await count()).answered).toBe(0)
    else
      await expect
        .poll(async () => {
          const { sent, answered } = await count()
          return sent - answered
        }, patience)
        .toBeLessThanOrEqual(4)
  }
  return result
}

it('enforces with packets what tortiectl applies', async () => {
  await expect.poll(() => client.prober.attempt(tcp(shut)), patience).toBe(true)
  tortiectl(['apply', '-f', '-'], lab.at, allow([8080]))
  tortiectl(['apply', '-f', '-'], lab.at, policy('deny', 1000, { selector: "role in { 'open', 'shut' }" }))
  await expect.poll(() => client.prober.attempt(tcp(shut)), patience).toBe(false)
  await expect.poll(() => client.prober.attempt(tcp(open, 5432)), patience).toBe(false)
  await expect.poll(() => client.prober.attempt(tcp(open)), patience).toBe(true)
})

it('etcd killed: traffic goes on, health and errors say why; started again: all is as before', async () => {
  const away = `503 .*Datastore  not ready  .*${endpoint} cannot be reached: .*check that etcd runs.*stays in force`
  await whilePacketsFlow(async () => {
    await etcd.kill()
    for (const host of hosts) await expect.poll(() => readiness(host), patience).toMatch(new RegExp(away, 's'))
    expect(() => tortiectl(['get', 'nodes'], lab.at)).toThrow(/ECONNREFUSED.*check that etcd runs there/)
    await expect(addPod(lab, 'early', hosts[0])).rejects.toThrow(/"code": 11,.*check that etcd runs there/s)
    await etcd.start()
    // Nothing was changed meanwhile, and so nothing comes to be told.
    for (const host of hosts) await expect.poll(() => readiness(host), patience).toMatch(/^200 /)
  })
  for (const agent of lab.agents) expect(agent.process.exitCode).toBe(null)
})

it('etcd killed in the midst of changes: what was acknowledged arrives, and what comes later', async () => {
  await whilePacketsFlow(async () => {
    tortiectl(['apply', '-f', '-'], lab.at, allow([8080, 5432]))
    await etcd.kill()
    await etcd.start()
    await expect.poll(() => client.prober.attempt(tcp(open, 5432)), patience).toBe(true)
    tortiectl(['apply', '-f', '-'], lab.at, allow([8080]))
    await expect.poll(() => client.prober.attempt(tcp(open, 5432)), patience).toBe(false)
  })
})

it('an agent that starts while etcd is away leaves the kernel as it is, and waits', async () => {
  const [victim] = lab.agents as [Agent]
  const next = await whilePacketsFlow(async () => {
    await etcd.kill()
    const ended = once(victim.process, 'exit')
    victim.process.kill('SIGKILL')
    await ended
    const agent = startAgent(victim.host, lab.at)
    lab.agents[0] = agent
    const waits = /503 .*Datastore {2}not ready.*ECONNREFUSED.*retrying/s
    await expect.poll(() => readiness(agent.host), patience).toMatch(waits)
    await etcd.start()
    await waitReady(agent)
    return agent
  })
  expect(readFileSync(next.logFile, 'utf8')).toContain('"agent.waiting"')
  tortiectl(
    ['apply', '-f', '-'],
    lab.at,
    policy('shut', 50, { selector: "role == 'shut'", ingress: [{ action: 'Allow' }] }),
  )
  await expect.poll(() => client.prober.attempt(tcp(shut)), patience).toBe(true)
  tortiectl(['delete', 'gnp', 'shut'], lab.at)
  await expect.poll(() => client.prober.attempt(tcp(shut)), patience).toBe(false)
})

it('the plugin does without an agent what it does with one, and leaves nothing in etcd', async () => {
  const alone = { agent_socket: '', policy_setup_timeout_seconds: 0 }
  const late = await addPod(lab, 'late', hosts[1], alone)
  await expect.poll(() => client.prober.attempt(tcp(late)), patience).toBe(true)
  expect(tortiectl(['get', 'workloadendpoints'], lab.at).trim().split('\n')).toHaveLength(5)
  for (const { pod } of lab.parties) if (pod) await cni('DEL', pod, lab.at, pod.name === 'late' ? alone : {})
  expect(tortiectl(['get', 'workloadendpoints'], lab.at).trim().split('\n')).toHaveLength(1)
  expect(tortiectl(['ipam', 'show'], lab.at)).toMatch(/10\.65\.0\.0\/16 \| +65536 \| +0 \(0%\)/)
  const links = spawnSync('ip', ['-n', hosts[0].netns, '-o', 'link'], { encoding: 'utf8' }).stdout
  expect(links).not.toContain('cali')
})
