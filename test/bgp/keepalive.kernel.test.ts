/** Keepalives go out on time while the agent's main thread works on a large change. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { query } from '../interop/daemons/process.ts'
import { type Agent, type BgpLab, createBgpLab, type Machine, open } from './lab.ts'
import { longestGap, type Receiver, startReceiver } from './receiver.ts'

const elements = 100_000
let lab: BgpLab
let host: Machine
let agent: Agent
let receiver: Receiver

beforeAll(async () => {
  lab = await createBgpLab('keepalive')
  host = lab.machine('host1', 1)
  const machine = lab.machine('receiver', 9)
  await open(lab)
  await lab.put('IPPool', 'pods4', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'pods6', { cidr: 'fd00:65::/48', blockSize: 122 })
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  await lab.put('BGPPeer', 'receiver', { peerIP: machine.ipv4, asNumber: 64_700, keepaliveTime: '1s' })
  receiver = await startReceiver(machine.net, { as: 64_700, bgpId: machine.ipv4, holdTime: 30 })
  agent = await lab.agent(host, { FELIX_PROMETHEUSMETRICSENABLED: 'true' })
  await lab.pod(host, 'pod')
  await agent.established(machine.ipv4)
  const spec = {
    selector: "app == 'pod'",
    order: 10,
    types: ['Ingress'],
    ingress: [{ action: 'Deny', source: { selector: "list == 'bad'" } }],
  } as const
  await lab.put('GlobalNetworkPolicy', 'bad', { ...spec, types: ['Ingress'], ingress: [{ ...spec.ingress[0] }] })
}, 120_000)

afterAll(async () => {
  receiver[Symbol.dispose]()
  await lab[Symbol.asyncDispose]()
})

/** One value of the agent's metrics. Asked for, the greatest lag of the main thread begins anew. */
async function metric(name: string): Promise<number> {
  const script = "fetch('http://localhost:9091/metrics').then(async (r) => console.log(await r.text()))"
  const text = await query(host.net, process.execPath, ['-e', script], lab)
  const [, value] = new RegExp(`^${name.replaceAll(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text) ?? []
  if (value === undefined) throw new Error(`there is no ${name} in ${text}`)
  return Number(value)
}

/** As an operator does; this process must not be held up. */
async function apply(file: string): Promise<void> {
  const ctl = fileURLToPath(new URL('../../apps/ctl/dist/main.js', import.meta.url))
  const env = { PATH: process.env.PATH, ...lab.at.datastore.environment }
  const child = spawn(process.execPath, [ctl, 'apply', '-f', file], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const status = await new Promise((resolve) => child.once('exit', resolve))
  expect(status).toBe(0)
}

it(`while ${elements} addresses become policy`, async () => {
  const file = join(lab.at.dir, 'set.json')
  const nets = Array.from({ length: elements }, (_, i) => `${11 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1/32`)
  const metadata = { name: 'bad', labels: { list: 'bad' } }
  writeFileSync(
    file,
    JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet', metadata, spec: { nets } }),
  )
  await lab.until('keepalives come', () => receiver.keepalives.length > 2)
  await metric('nodejs_eventloop_lag_max_seconds')
  const started = performance.now()
  await apply(file)
  const holds = async () => (await query(host.net, 'nft', ['list', 'ruleset'], lab)).includes('12.134.159.1')
  await lab.until('the firewall holds them', holds)
  await onTimeSince(started)
})

it('while the main thread does nothing else for 4 s', async () => {
  await metric('nodejs_eventloop_lag_max_seconds')
  const started = performance.now()
  await keepMainThreadBusy(4000)
  expect(await metric('nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(3)
  await onTimeSince(started)
})

/** Each second one is due; a busy machine may be late. */
async function onTimeSince(started: number): Promise<void> {
  expect(longestGap(receiver.keepalives, started, performance.now())).toBeLessThan(3000)
  expect(receiver.connections).toBe(1)
  expect(await metric('tortie_bgp_sessions{family="4",state="Established"}')).toBe(1)
  expect(await metric('tortie_bgp_session_flaps_total{family="4"}')).toBe(0)
  expect(await metric('tortie_bgp_loop_lag_seconds')).toBeLessThan(3)
}

/** By the debugger, which Node opens on SIGUSR1; the BGP thread is another isolate and knows nothing of it. */
async function keepMainThreadBusy(ms: number): Promise<void> {
  agent.signal('SIGUSR1')
  const targets = "fetch('http://127.0.0.1:9229/json/list').then(async (r) => console.log(await r.text()))"
  const list = await lab.until('the debugger listens', () =>
    query(host.net, process.execPath, ['-e', targets], lab).catch(() => undefined),
  )
  const [target] = JSON.parse(list) as readonly [{ readonly webSocketDebuggerUrl: string }]
  const expression = `for (const end = Date.now() + ${ms}; Date.now() < end; );`
  const order = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } })
  const script = `const socket = new WebSocket('${target.webSocketDebuggerUrl}')
    socket.onopen = () => socket.send(${JSON.stringify(order)})
    socket.onmessage = () => process.exit()`
  await query(host.net, process.execPath, ['-e', script], lab)
}
