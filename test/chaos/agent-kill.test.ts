/** `kill -9` of an agent, again and again, while policy changes and packets flow: nothing allowed is lost, nothing denied passes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { streamDuring } from '../../examples/three-hosts/lab/flows.ts'
import type { Party } from '../../examples/three-hosts/lab/matrix.ts'
import { createNetwork, type Host } from '../../examples/three-hosts/lab/network.ts'
import { startProber } from '../../examples/three-hosts/lab/prober.ts'
import { type Agent, cni, places, startAgent, tortiectl, waitReady } from '../../examples/three-hosts/lab/processes.ts'

const kills = 20
const network = createNetwork(`tortie-chaos-${process.pid}`, 2)
const at = places(mkdtempSync(join(tmpdir(), 'tortie-chaos-')))
const agents: Agent[] = []
const parties: Party[] = []

const policy = (name: string, order: number, spec: object): string =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name },
    spec: { order, ...spec },
  })

const lasting = [
  policy('allow-open', 100, {
    selector: "role == 'open'",
    types: ['Ingress'],
    ingress: [
      { action: 'Allow', protocol: 'UDP', source: { selector: "role == 'client'" }, destination: { ports: [8080] } },
    ],
  }),
  policy('deny-all', 1000, { selector: "has(role) && role != 'client'", types: ['Ingress'] }),
]

/** Changes rules, sets and ports of a policy on every pod, without ever changing who may reach whom. */
const churn = (round: number): string =>
  policy('churn', 50, {
    selector: 'has(role)',
    types: ['Ingress'],
    ingress: Array.from({ length: 1 + (round % 7) }, (_, i) => ({
      action: 'Allow',
      protocol: 'TCP',
      source: { selector: `role == 'client' && round != '${round}'` },
      destination: { ports: [9000 + ((round + i) % 50)] },
    })),
  })

async function addPod(name: string, role: string, host: Host): Promise<void> {
  const request = { host, name, netns: network.addPod(name), namespace: 'default', labels: { role } }
  const result = await cni('ADD', request, at)
  const [ipv4 = '', ipv6 = ''] = (result?.ips ?? []).map(({ address }) => address.split('/')[0])
  parties.push({ name, pod: request, ipv4, ipv6, prober: await startProber(network.podNetns(name), [8080]) })
}

beforeAll(async () => {
  network.build()
  tortiectl(['apply', '-f', 'examples/three-hosts/yaml/00-network.yaml'], at)
  for (const document of lasting) tortiectl(['apply', '-f', '-'], at, document)
  agents.push(...network.hosts.map((host) => startAgent(host, at)))
  await Promise.all(agents.map((agent) => waitReady(agent)))
  const [near, far] = network.hosts
  if (!near || !far) throw new Error('two hosts are needed')
  await addPod('client', 'client', near)
  await addPod('open', 'open', near)
  await addPod('shut', 'shut', near)
  await addPod('far', 'client', far)
})

afterAll(() => {
  for (const { prober } of parties) prober.stop()
  for (const agent of agents) agent.process.kill('SIGKILL')
  network.remove()
  rmSync(at.dir, { recursive: true, force: true })
})

it(`loses nothing and lets nothing through over ${kills} kills during policy churn`, { timeout: 240_000 }, async () => {
  const [client, open, shut, far] = parties
  if (!client || !open || !shut || !far) throw new Error('four pods are needed')
  let churning = true
  let rounds = 0
  const churner = async (): Promise<void> => {
    for (; churning; rounds++) {
      tortiectl(['apply', '-f', '-'], at, churn(rounds))
      await sleep(20)
    }
  }
  // Each pair twice: as one lasting flow, and as a new flow for every packet.
  const flows = await streamDuring(
    [
      [client, open],
      [client, open],
      [far, open],
      [far, open],
    ],
    [
      [client, shut],
      [client, shut],
      [far, shut],
      [open, shut],
    ],
    async () => {
      const churned = churner()
      for (let kill = 0; kill < kills; kill++) {
        const [victim] = agents
        if (!victim) throw new Error('no agent runs')
        const ended = new Promise((resolve) => victim.process.once('exit', resolve))
        await sleep(Math.random() * 300)
        victim.process.kill('SIGKILL')
        await ended
        agents[0] = startAgent(victim.host, at)
        await waitReady(agents[0])
      }
      churning = false
      await churned
      await sleep(200)
    },
  )
  expect(rounds).toBeGreaterThan(kills)
  for (const { from, to, allowed, sent, answered } of flows) {
    const flow = `${from} → ${to}: ${answered} of ${sent} answered`
    expect(sent, flow).toBeGreaterThan(1000)
    if (allowed) expect(sent - answered, flow).toBeLessThanOrEqual(4)
    else expect(answered, flow).toBe(0)
  }
})
