/** What the demos have in common: steps with their time, pods, matrices, the death of an agent, and cleaning up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { streamDuring, wrongFlows } from './flows.ts'
import { formatMatrix, legend, measure, type Party, wrongCells } from './matrix.ts'
import type { Host, Network } from './network.ts'
import { readOracle } from './oracle.ts'
import { startProber } from './prober.ts'
import { type Agent, cni, type Places, type PodRequest, places, startAgent, waitReady } from './processes.ts'

export interface PodWanted {
  readonly name: string
  /** Index of its host. */
  readonly host: number
  readonly namespace: string
  readonly role: string
}

/** Ports that every party answers on. */
const ports = [8080, 5432]

export async function step<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work()
  const ms = performance.now() - started
  const took = ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
  console.log(`${styleText('green', '✓')} ${title.padEnd(66)} ${styleText('dim', took.padStart(8))}`)
  return result
}

type EnvironmentOf = (index: number) => Readonly<Record<string, string>>

/** One run of a demo. */
export class Demo {
  readonly at: Places
  readonly network: Network
  /** By host, in order. */
  readonly agents: Agent[] = []
  readonly parties: Party[] = []
  /** What was not as it should be. */
  readonly problems: string[] = []
  /** Run at the end, whatever happened. */
  readonly cleanUps: (() => void)[] = []
  readonly #environmentOf: EnvironmentOf

  /** @param environmentOf what the agent of a host, by its index, is told besides */
  constructor(name: string, network: Network, environmentOf: EnvironmentOf = () => ({})) {
    this.network = network
    this.#environmentOf = environmentOf
    this.at = places(mkdtempSync(join(tmpdir(), `${name}-`)))
  }

  /** Starts one on each host, and waits until all are ready. */
  async startAgents(): Promise<void> {
    const { hosts } = this.network
    this.agents.push(...hosts.map((host, index) => startAgent(host, this.at, this.#environmentOf(index))))
    await Promise.all(this.agents.map((agent) => waitReady(agent)))
  }

  /** Pods by CNI ADD, and the machine outside; the table of their addresses is shown. */
  async addParties(wanted: readonly PodWanted[]): Promise<void> {
    const addMs: number[] = []
    await step(`${wanted.length} pods by CNI ADD, IPv4 and IPv6, policy in force`, async () => {
      for (const one of wanted) {
        const started = performance.now()
        const pod = await this.#addPod(one)
        addMs.push(performance.now() - started)
        this.parties.push({ ...pod, prober: await startProber(pod.pod.netns.replace(/^.*\//, ''), ports) })
      }
    })
    console.log(styleText('dim', `    CNI ADD, whole process: ${addMs.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`))
    const { netns, ipv4, ipv6 } = this.network.outside
    this.parties.push({ name: 'outside', ipv4, ipv6, prober: await startProber(netns, ports) })
  }

  async #addPod({ name, host: index, namespace, role }: PodWanted) {
    const host = this.network.hosts[index] as Host
    const netns = this.network.addPod(name)
    const pod: PodRequest & { host: Host } = { host, name, netns, namespace, labels: { role } }
    const result = await cni('ADD', pod, this.at)
    const addresses = (result?.ips ?? []).map(({ address }) => address.split('/')[0] ?? '')
    const ipv4 = addresses.find((address) => !address.includes(':'))
    const ipv6 = addresses.find((address) => address.includes(':'))
    if (!ipv4 || !ipv6) throw new Error(`pod ${name} got no address of both families: ${addresses.join(' ')}`)
    return { name, pod, ipv4, ipv6 }
  }

  listParties(): void {
    for (const { name, pod, ipv4, ipv6 } of this.parties)
      console.log(
        `    ${name.padEnd(8)} ${(pod?.host.name ?? '').padEnd(6)} ${(pod?.namespace ?? '').padEnd(5)} ${ipv4.padEnd(14)} ${ipv6}`,
      )
    console.log(`\n    ${legend}\n`)
  }

  async showMatrix(title: string): Promise<void> {
    const { parties } = this
    const says = await readOracle(this.at.store)
    const cells = await step(`${title}: ${parties.length * (parties.length - 1) * 8} probes with real packets`, () =>
      measure(parties, says),
    )
    console.log(`${formatMatrix(parties, cells)}\n`)
    this.problems.push(...wrongCells(cells).map((wrong) => `${title}: ${wrong}`))
  }

  /** Until every agent enforces what is in the store: what policy and routes allow by TCP answers, and nothing else. */
  async settle(title = 'every agent enforces it'): Promise<void> {
    const says = await readOracle(this.at.store)
    await step(title, async () => {
      const deadline = performance.now() + 10_000
      while (performance.now() < deadline) {
        const cells = await measure(this.parties, says, ({ protocol, family }) => protocol === 'tcp' && family === 4)
        if (wrongCells(cells).length === 0) return
      }
    })
  }

  /** Kills the agent of the first host while flows run, and starts it again: nothing may be lost, nothing may pass. */
  async killAnAgent(): Promise<void> {
    const { parties } = this
    const says = await readOracle(this.at.store)
    const udp = { letter: 'u', protocol: 'udp', port: 8080, family: 4 } as const
    const pairs = parties.flatMap((from) =>
      parties.filter((to) => to !== from && to.pod).map((to) => [from, to] as const),
    )
    const allowed = pairs.filter(([from, to]) => says(from, to, udp)).slice(0, 4)
    const denied = pairs.filter(([from, to]) => !says(from, to, udp)).slice(0, 4)
    const flows = await step('kill -9 of the agent on host1 and its restart, while flows run', () =>
      streamDuring(allowed, denied, async () => {
        const [victim] = this.agents
        if (!victim) throw new Error('no agent runs')
        await sleep(500)
        const ended = new Promise((resolve) => victim.process.once('exit', resolve))
        victim.process.kill('SIGKILL')
        await ended
        await sleep(500)
        const next = startAgent(victim.host, this.at, this.#environmentOf(0))
        this.agents[0] = next
        await waitReady(next)
        await sleep(500)
      }),
    )
    for (const { from, to, allowed: may, sent, answered } of flows)
      console.log(
        `    ${`${from} → ${to}`.padEnd(20)} ${may ? 'allowed' : 'denied '}  sent ${sent}  answered ${answered}`,
      )
    console.log()
    this.problems.push(...wrongFlows(flows))
  }

  cleanUp(): void {
    for (const { prober } of this.parties) prober.stop()
    for (const agent of this.agents) agent.process.kill('SIGKILL')
    for (const work of this.cleanUps) work()
    this.network.remove()
    rmSync(this.at.dir, { recursive: true, force: true })
  }
}

export interface Script {
  /** `tortie-demo`: begins the names of everything it makes. */
  readonly name: string
  readonly network: Network
  readonly environmentOf?: EnvironmentOf
  run(demo: Demo): Promise<void>
  /** With `--keep`: what there is to play with. */
  explain(demo: Demo): string
}

/** Runs a demo from its start to its end, which is always clean, and ends the process. */
export async function present({ name, network, environmentOf, run, explain }: Script): Promise<never> {
  if (process.getuid?.() !== 0) {
    console.error('The demo makes network namespaces and needs root: use sudo')
    process.exit(1)
  }
  network.remove() // of a run that was killed
  const demo = new Demo(name, network, environmentOf)
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'))
    process.stdout.once('error', () => resolve('interrupted')) // whoever read it has gone
  })
  const started = performance.now()
  let failed = false
  try {
    failed = (await Promise.race([run(demo), interrupted])) === 'interrupted'
    if (process.argv.includes('--keep') && !failed) {
      console.log(`${explain(demo)}\n\nCtrl-C here removes it all.`)
      await interrupted
    }
  } catch (error) {
    failed = true
    console.error(styleText('red', `✗ ${error instanceof Error ? error.message : String(error)}`))
  } finally {
    await step('everything removed', () => demo.cleanUp())
  }
  for (const problem of demo.problems) console.error(styleText('red', `✗ ${problem}`))
  const good = !failed && demo.problems.length === 0
  if (good)
    console.log(`Every cell is as the policy says. ${((performance.now() - started) / 1000).toFixed(1)} s in all.`)
  process.exit(good ? 0 : 1)
}
