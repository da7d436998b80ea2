/** Agents, CNI and VXLAN together: two hosts whose pools are encapsulated. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createNetwork, run } from '../../examples/three-hosts/lab/network.ts'
import { type Prober, startProber } from '../../examples/three-hosts/lab/prober.ts'
import { type Agent, cni, places, startAgent, tortiectl, waitReady } from '../../examples/three-hosts/lab/processes.ts'

const network = createNetwork(`tortie-vxlan-${process.pid}`, 2)
const at = places(mkdtempSync(join(tmpdir(), 'tortie-vxlan-')))
const agents: Agent[] = []
const probers: Prober[] = []
const addresses: string[][] = []

const pool = (name: string, cidr: string): string =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPool',
    metadata: { name },
    spec: { cidr, vxlanMode: 'Always' },
  })

beforeAll(async () => {
  network.build()
  for (const [name, cidr] of [
    ['v4', '10.66.0.0/16'],
    ['v6', 'fd00:66::/48'],
  ] as const)
    tortiectl(['apply', '-f', '-'], at, pool(name, cidr))
  agents.push(...network.hosts.map((host) => startAgent(host, at)))
  await Promise.all(agents.map((agent) => waitReady(agent)))
  for (const [index, host] of network.hosts.entries()) {
    const name = `pod${index}`
    const result = await cni('ADD', { host, name, netns: network.addPod(name), namespace: 'default', labels: {} }, at)
    addresses.push((result?.ips ?? []).map(({ address }) => address.split('/')[0] ?? ''))
    probers.push(await startProber(network.podNetns(name), [8080]))
  }
})

afterAll(() => {
  for (const prober of probers) prober.stop()
  for (const agent of agents) agent.process.kill('SIGKILL')
  network.remove()
  rmSync(at.dir, { recursive: true, force: true })
})

it('carries pods of two hosts over VXLAN, IPv4 and IPv6, with tunnel addresses the agents took themselves', async () => {
  const [here, there] = probers
  for (const to of addresses[1] ?? [])
    expect(await here?.attempt({ protocol: 'tcp', to, port: 8080, timeoutMs: 10_000 }), `to ${to}`).toBe(true)
  for (const to of addresses[0] ?? [])
    expect(await there?.attempt({ protocol: 'udp', to, port: 8080, timeoutMs: 10_000 }), `to ${to}`).toBe(true)
  const [host] = network.hosts
  const routes = run('ip', ['-n', host?.netns ?? '', 'route', 'show', 'dev', 'vxlan.calico'])
  expect(routes).toMatch(/^10\.66\.\d+\.\d+\/26 via 10\.66\.\d+\.\d+ proto 80 onlink/m)
})
