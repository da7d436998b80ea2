/** Hosts with agents whose datastore is an etcd on another machine of the same network. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Party } from '../../examples/three-hosts/lab/matrix.ts'
import { createNetwork, type Host, type Network } from '../../examples/three-hosts/lab/network.ts'
import { startProber } from '../../examples/three-hosts/lab/prober.ts'
import { type Agent, cni, type DatastoreAt, type Places, places } from '../../examples/three-hosts/lab/processes.ts'

export interface Lab extends Disposable {
  readonly network: Network
  readonly at: Places
  readonly agents: Agent[]
  readonly parties: Party[]
}

/** The machine that etcd runs on. */
export const etcdAddress = '192.0.2.100'

/** @param datastore how it is reached, given the directory and the namespace of etcd's machine */
export function buildLab(
  what: string,
  hostCount: number,
  datastore: (dir: string) => Omit<DatastoreAt, 'operatorNetns'>,
): Lab {
  const network = createNetwork(`tortie-${what}-${process.pid}`, hostCount)
  const dir = mkdtempSync(join(tmpdir(), `tortie-${what}-`))
  const agents: Agent[] = []
  const parties: Party[] = []
  network.build()
  return {
    network,
    at: places(dir, { ...datastore(dir), operatorNetns: network.outside.netns }),
    agents,
    parties,
    [Symbol.dispose]() {
      for (const { prober } of parties) prober.stop()
      for (const agent of agents) agent.process.kill('SIGKILL')
      network.remove()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A pod made with the CNI plugin, which answers on TCP and UDP 8080 and 5432. @param more of the network config */
export async function addPod(
  { network, at, parties }: Lab,
  name: string,
  host: Host,
  more: object = {},
): Promise<Party> {
  const pod = { host, name, netns: network.addPod(name), namespace: 'default', labels: { role: name } }
  const result = await cni('ADD', pod, at, more)
  const [ipv4 = '', ipv6 = ''] = (result?.ips ?? []).map(({ address }) => address.split('/')[0])
  const party = { name, pod, ipv4, ipv6, prober: await startProber(network.podNetns(name), [8080, 5432]) }
  parties.push(party)
  return party
}

/** What the agent answers to /readiness; empty when nobody answers. */
export function readiness(host: Host): string {
  const ask = `fetch('http://localhost:9099/readiness').then(async r => console.log(r.status, await r.text()), () => {})`
  return spawnSync('ip', ['netns', 'exec', host.netns, process.execPath, '-e', ask], { encoding: 'utf8' }).stdout
}

export const tcp = (to: Party, port = 8080) => ({ protocol: 'tcp', to: to.ipv4, port, timeoutMs: 1_000 }) as const

export const policy = (name: string, order: number, spec: object): string =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name },
    spec: { order, types: ['Ingress'], ...spec },
  })
