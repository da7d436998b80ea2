/**
 * Three hosts, pods on them, addresses, routes and policy, on one machine, by one command:
 * `npm run demo` (`npm run demo -- --keep` leaves everything for you to play with).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { streamDuring, wrongFlows } from './lab/flows.ts'
import { formatMatrix, legend, measure, type Party, wrongCells } from './lab/matrix.ts'
import { createNetwork, type Host, run } from './lab/network.ts'
import { readOracle } from './lab/oracle.ts'
import { startProber } from './lab/prober.ts'
import {
  type Agent,
  cni,
  type Places,
  type PodRequest,
  places,
  startAgent,
  tortiectl,
  waitReady,
} from './lab/processes.ts'

const yaml = (name: string): string => fileURLToPath(new URL(`./yaml/${name}`, import.meta.url))
const ports = [8080, 5432]
const network = createNetwork('tortie-demo', 3)
const { hosts, outside, podNetns } = network
const keep = process.argv.includes('--keep')
const problems: string[] = []

const podsWanted: readonly { name: string; host: number; namespace: string; role: string }[] = [
  { name: 'web', host: 0, namespace: 'shop', role: 'web' },
  { name: 'api', host: 1, namespace: 'shop', role: 'api' },
  { name: 'api2', host: 0, namespace: 'shop', role: 'api' },
  { name: 'db', host: 2, namespace: 'shop', role: 'db' },
  { name: 'mon', host: 2, namespace: 'ops', role: 'monitor' },
]

async function step<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work()
  const ms = performance.now() - started
  const took = ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
  console.log(`${styleText('green', '✓')} ${title.padEnd(66)} ${styleText('dim', took.padStart(8))}`)
  return result
}

async function showMatrix(title: string, parties: readonly Party[], at: Places): Promise<void> {
  const says = await readOracle(at.store)
  const cells = await step(`${title}: ${parties.length * (parties.length - 1) * 8} probes with real packets`, () =>
    measure(parties, says),
  )
  console.log(`${formatMatrix(parties, cells)}\n`)
  problems.push(...wrongCells(cells).map((wrong) => `${title}: ${wrong}`))
}

const addMs: number[] = []

async function addPod(wanted: (typeof podsWanted)[number], at: Places): Promise<Party> {
  const host = hosts[wanted.host] as Host
  const pod: PodRequest & { host: Host } = {
    host,
    name: wanted.name,
    netns: network.addPod(wanted.name),
    namespace: wanted.namespace,
    labels: { role: wanted.role },
  }
  const started = performance.now()
  const result = await cni('ADD', pod, at)
  addMs.push(performance.now() - started)
  const addresses = (result?.ips ?? []).map(({ address }) => address.split('/')[0] ?? '')
  const ipv4 = addresses.find((address) => !address.includes(':'))
  const ipv6 = addresses.find((address) => address.includes(':'))
  if (!ipv4 || !ipv6) throw new Error(`pod ${pod.name} got no address of both families: ${addresses.join(' ')}`)
  const prober = await startProber(podNetns(pod.name), ports)
  return { name: wanted.name, pod, ipv4, ipv6, prober }
}

async function runDemo(at: Places, parties: Party[], agents: Agent[]): Promise<void> {
  await step('three hosts and a machine outside, on one switch', network.build)
  await step('tortiectl apply: address pools', () => tortiectl(['apply', '-f', yaml('00-network.yaml')], at))
  await step('an agent on each host, ready', async () => {
    agents.push(...hosts.map((host) => startAgent(host, at)))
    await Promise.all(agents.map((agent) => waitReady(agent)))
  })
  await step(`${podsWanted.length} pods by CNI ADD, IPv4 and IPv6, policy in force`, async () => {
    for (const wanted of podsWanted) parties.push(await addPod(wanted, at))
  })
  console.log(styleText('dim', `    CNI ADD, whole process: ${addMs.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`))
  const prober = await startProber(outside.netns, ports)
  parties.push({ name: 'outside', ipv4: outside.ipv4, ipv6: outside.ipv6, prober })
  routeOutside(parties)
  for (const { name, pod, ipv4, ipv6 } of parties)
    console.log(
      `    ${name.padEnd(8)} ${(pod?.host.name ?? '').padEnd(6)} ${(pod?.namespace ?? '').padEnd(5)} ${ipv4.padEnd(14)} ${ipv6}`,
    )
  console.log(`\n    ${legend}\n`)
  await showMatrix('before policy', parties, at)
  await step('tortiectl apply: default deny, allow by label, namespace, CIDR, port', () => {
    tortiectl(['apply', '-f', yaml('10-default-deny.yaml')], at)
    tortiectl(['apply', '-f', yaml('20-allow.yaml')], at)
  })
  await settle(at, parties)
  await showMatrix('with policy', parties, at)
  await step('tortiectl apply: an edit of one policy', () => tortiectl(['apply', '-f', yaml('30-edit.yaml')], at))
  await settle(at, parties)
  await showMatrix('after the edit', parties, at)
  await killAnAgent(at, parties, agents)
  await showMatrix('after kill -9 and restart', parties, at)
  console.log(tortiectl(['get', 'workloadEndpoints', '--all-namespaces', '-o', 'wide'], at))
  console.log(tortiectl(['ipam', 'show'], at))
}

/** The machine outside knows pods only by these routes: what a fabric would learn by BGP. */
function routeOutside(parties: readonly Party[]): void {
  for (const { pod, ipv4, ipv6 } of parties) {
    if (!pod) continue
    run('ip', ['-n', outside.netns, 'route', 'add', ipv4, 'via', pod.host.ipv4])
    run('ip', ['-n', outside.netns, 'route', 'add', ipv6, 'via', pod.host.ipv6])
  }
}

/** Until every agent enforces what is in the store: the first matrix cell that policy changed answers as it should. */
async function settle(at: Places, parties: readonly Party[]): Promise<void> {
  const says = await readOracle(at.store)
  await step('every agent enforces it', async () => {
    const deadline = performance.now() + 10_000
    while (performance.now() < deadline) {
      const cells = await measure(parties, says, ({ protocol, family }) => protocol === 'tcp' && family === 4)
      if (wrongCells(cells).length === 0) return
    }
  })
}

async function killAnAgent(at: Places, parties: readonly Party[], agents: Agent[]): Promise<void> {
  const says = await readOracle(at.store)
  const udp = { letter: 'u', protocol: 'udp', port: 8080, family: 4 } as const
  const pairs = parties.flatMap((from) =>
    parties.filter((to) => to !== from && to.pod).map((to) => [from, to] as const),
  )
  const allowed = pairs.filter(([from, to]) => says(from, to, udp)).slice(0, 4)
  const denied = pairs.filter(([from, to]) => !says(from, to, udp)).slice(0, 4)
  const flows = await step('kill -9 of the agent on host1 and its restart, while flows run', () =>
    streamDuring(allowed, denied, async () => {
      const [victim] = agents
      if (!victim) throw new Error('no agent runs')
      await sleep(500)
      const ended = new Promise((resolve) => victim.process.once('exit', resolve))
      victim.process.kill('SIGKILL')
      await ended
      await sleep(500)
      agents[0] = startAgent(victim.host, at)
      await waitReady(agents[0])
      await sleep(500)
    }),
  )
  for (const { from, to, allowed, sent, answered } of flows)
    console.log(
      `    ${`${from} → ${to}`.padEnd(20)} ${allowed ? 'allowed' : 'denied '}  sent ${sent}  answered ${answered}`,
    )
  console.log()
  problems.push(...wrongFlows(flows))
}

function explainKeep({ dir, store }: Places, parties: readonly Party[]): void {
  const api = parties.find(({ name }) => name === 'api')
  console.log(`Everything is left running. To play with it, in another terminal in this folder:

    export PATH="$PWD/node_modules/.bin:$PATH" DATASTORE_TYPE=embedded TORTIE_EMBEDDED_PATH=${store}
    node apps/ctl/dist/main.js get networkPolicies --all-namespaces
    node apps/ctl/dist/main.js delete gnp default-deny
    ip netns exec ${podNetns('mon')} ping -c 1 ${api?.ipv4}
    ip netns exec ${hosts[0]?.netns} nft list table inet tortie
    tail ${dir}/host1/agent.log

Ctrl-C here removes it all.`)
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.error('The demo makes network namespaces and needs root: sudo npm run demo')
    process.exitCode = 1
    return
  }
  network.remove() // of a run that was killed
  const at = places(mkdtempSync(join(tmpdir(), 'tortie-demo-')))
  const agents: Agent[] = []
  const parties: Party[] = []
  const cleanUp = (): void => {
    for (const { prober } of parties) prober.stop()
    for (const agent of agents) agent.process.kill('SIGKILL')
    network.remove()
    rmSync(at.dir, { recursive: true, force: true })
  }
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'))
  })
  const started = performance.now()
  let failed = false
  try {
    const end = await Promise.race([runDemo(at, parties, agents), interrupted])
    failed = end === 'interrupted'
    if (keep && !failed) {
      explainKeep(at, parties)
      await interrupted
    }
  } catch (error) {
    failed = true
    console.error(styleText('red', `✗ ${error instanceof Error ? error.message : String(error)}`))
  } finally {
    await step('everything removed', cleanUp)
  }
  for (const problem of problems) console.error(styleText('red', `✗ ${problem}`))
  if (failed || problems.length > 0) process.exitCode = 1
  else console.log(`Every cell is as the policy says. ${((performance.now() - started) / 1000).toFixed(1)} s in all.`)
  process.exit()
}

await main()
