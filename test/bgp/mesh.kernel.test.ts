/** Spec 05 A4, A6, A8, A9, A11 with three agents and BIRD as a node of Calico, which cannot tell the difference. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Bird } from '../interop/daemons/bird.ts'
import { normalLocalPref, startCalicoNode } from './calico-node.ts'
import { deletedDuring, kernelRoute, kernelRoutes } from './kernel.ts'
import {
  type Agent,
  type BgpLab,
  blockOf,
  createBgpLab,
  ctl,
  type Machine,
  open,
  type Pod,
  putBlock,
  removeBlock,
} from './lab.ts'

let lab: BgpLab
let bird: Bird
let calico: Machine
const agents: Agent[] = []
const pods: Pod[] = []
/** A pod of the Calico node, and its blocks. */
const alien = { ipv4: '10.66.0.1', ipv6: 'fd00:66::1' }
const alienBlocks = { ipv4: '10.66.0.0/26', ipv6: 'fd00:66::/122' }

beforeAll(async () => {
  lab = await createBgpLab('mesh')
  const machines = [lab.machine('host1', 1), lab.machine('host2', 2), lab.machine('host4', 4)]
  // Textually between them: it waits for one and dials the others.
  calico = lab.machine('calico', 3)
  calico.net.ip(`addr add ${alien.ipv4}/32 dev lo`, `addr add ${alien.ipv6}/128 dev lo nodad`)
  await open(lab)
  const none = '!all()'
  await lab.put('IPPool', 'pods4', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'pods6', { cidr: 'fd00:65::/48', blockSize: 122 })
  await lab.put('IPPool', 'more4', { cidr: '10.67.0.0/24', blockSize: 26, nodeSelector: none })
  await lab.put('IPPool', 'alien4', { cidr: '10.66.0.0/24', blockSize: 26, nodeSelector: none })
  await lab.put('IPPool', 'alien6', { cidr: 'fd00:66::/64', blockSize: 122, nodeSelector: none })
  await lab.put('Node', 'calico', { bgp: { ipv4Address: `${calico.ipv4}/24`, ipv6Address: `${calico.ipv6}/64` } })
  bird = await startCalicoNode(lab, { machine: calico, peers: machines, blocks: alienBlocks })
  agents.push(...(await Promise.all(machines.map((machine) => lab.agent(machine)))))
  for (const [i, agent] of agents.entries()) pods.push(await lab.pod(agent.machine, `pod${i}`))
  await Promise.all(agents.map((agent) => agent.established()))
}, 120_000)

afterAll(() => lab[Symbol.asyncDispose]())

const host1 = (): Agent => agents[0] as Agent
const host2 = (): Agent => agents[1] as Agent
const birdKnows = async (prefix: string): Promise<string | undefined> => {
  const said = await bird.birdc('show', 'route', prefix, 'all').catch(() => '')
  return said.includes(prefix) ? said : undefined
}

it('a full mesh of both families, with the Calico node as with each other', async () => {
  for (const agent of agents) {
    const { families } = await agent.bgp.status(lab)
    expect(families.map(({ family, state, peers }) => [family, state, peers.length])).toEqual([
      [4, 'Ready', 3],
      [6, 'Ready', 3],
    ])
  }
  const said = await bird.birdc('show', 'protocols', 'all')
  expect(said.match(/BGP state:\s+Established/g)).toHaveLength(6)
})

it('BIRD is told what another Calico node would tell it', async () => {
  for (const { net, ...pod } of pods)
    for (const address of [pod.ipv4, pod.ipv6]) {
      const machine = (agents[pods.findIndex(({ name }) => name === pod.name)] as Agent).machine
      const nextHop = address.includes(':') ? machine.ipv6 : machine.ipv4
      const said = await lab.until(`BIRD knows ${blockOf(address)}`, () => birdKnows(blockOf(address)))
      expect(said).toContain('BGP.origin: IGP')
      expect(said).toMatch(/BGP\.as_path: *\n/)
      expect(said).toContain(`BGP.next_hop: ${nextHop}\n`)
      expect(said).toContain(`BGP.local_pref: ${normalLocalPref}\n`)
      expect(said).toContain(`via ${nextHop} on eth0`)
      expect(said.match(/unicast/g)).toHaveLength(1)
    }
  // Blocks alone, no pod and no connected network.
  const all = await bird.birdc('show', 'route', 'where', 'source = RTS_BGP')
  expect([...all.matchAll(/^([0-9a-f.:]+\/\d+) /gm)].map(([, prefix]) => prefix).sort()).toEqual(
    pods.flatMap(({ ipv4, ipv6 }) => [blockOf(ipv4), blockOf(ipv6)]).sort(),
  )
  const said = await bird.birdc('show', 'protocols', 'all', 'Mesh_10_10_0_4')
  const [, theirs = ''] = said.split('Neighbor capabilities')
  const [capabilities = ''] = theirs.split('Session:')
  const words = capabilities
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  expect(words).toMatchInlineSnapshot(`
    [
      "Multiprotocol",
      "AF announced: ipv4",
      "Route refresh",
      "Graceful restart",
      "Restart time: 120",
      "AF supported: ipv4",
      "AF preserved:",
      "4-octet AS numbers",
      "ADD-PATH",
      "RX: ipv4",
      "TX: ipv4",
      "Enhanced refresh",
      "Long-lived graceful restart",
    ]
  `)
})

it("learned blocks are in the agents' kernels with Calico's metric, and Felix has not written them too", async () => {
  for (const [i, { machine }] of agents.entries()) {
    for (const [k, { ipv4, ipv6 }] of pods.entries())
      for (const address of [ipv4, ipv6]) {
        const block = blockOf(address)
        const there = (agents[k] as Agent).machine
        const own = await lab
          .until(`${machine.name} has ${block}`, () => kernelRoute(machine.net, block))
          .catch(async (cause: unknown) => {
            const { learned } = await (agents[i] as Agent).bgp.explain({ prefix: block }, lab)
            const table = machine.net.run('ip', `-${block.includes(':') ? 6 : 4}`, 'route')
            throw new Error(`${table}${JSON.stringify(learned)}\n${(agents[i] as Agent).log()}`, { cause })
          })
        if (k === i) expect(own).toMatchObject({ type: 'blackhole' })
        else
          expect(own).toMatchObject({
            gateway: address.includes(':') ? there.ipv6 : there.ipv4,
            dev: 'eth0',
            metric: 1024,
          })
      }
    for (const [block, gateway] of [
      [alienBlocks.ipv4, calico.ipv4],
      [alienBlocks.ipv6, calico.ipv6],
    ] as const) {
      const learned = await lab.until(`${machine.name} has ${block}`, () => kernelRoute(machine.net, block))
      expect(learned).toMatchObject({ gateway, metric: 1024 })
    }
    const felix = [...kernelRoutes(machine.net, '80'), ...kernelRoutes(machine.net, '80', 6)]
    expect(felix.filter(({ dst }) => dst.includes('/'))).toEqual([])
  }
})

it('pods of all nodes reach each other', async () => {
  const tries = pods.flatMap((from) =>
    [...pods.filter((to) => to !== from), alien].flatMap(({ ipv4, ipv6 }) =>
      [ipv4, ipv6].map(async (to) => {
        const attempt = () => from.prober.attempt({ protocol: 'icmp', to, port: 0, timeoutMs: 2000 })
        await lab.until(`${from.name} reaches ${to}`, attempt)
      }),
    ),
  )
  await Promise.all(tries)
  const heard = calico.net.run('ping', '-c', '1', '-W', '5', '-I', alien.ipv4, (pods[0] as Pod).ipv4)
  expect(heard).toContain('1 received')
})

it('CalicoNodeStatus is filled, and written again only when it changes', async () => {
  const classes = ['Agent', 'BGP', 'Routes'] as const
  await lab.put('CalicoNodeStatus', 'host1', { node: 'host1', classes: [...classes], updatePeriodSeconds: 1 })
  const filled = await lab.until('the status is filled', async () => {
    const { status, metadata } = await lab.client.calicoNodeStatuses.get({ name: 'host1' }, lab)
    return status?.lastUpdated !== undefined && { status, revision: metadata.resourceVersion }
  })
  const { agent, bgp, routes } = filled.status
  expect(agent).toMatchObject({ birdV4: { state: 'Ready', routerID: '10.10.0.1' }, birdV6: { state: 'Ready' } })
  expect(bgp).toMatchObject({ numberEstablishedV4: 3, numberNotEstablishedV4: 0, numberEstablishedV6: 3 })
  expect(bgp?.peersV4?.map(({ peerIP, type, state }) => [peerIP, type, state])).toEqual([
    ['10.10.0.2', 'NodeMesh', 'Established'],
    ['10.10.0.3', 'NodeMesh', 'Established'],
    ['10.10.0.4', 'NodeMesh', 'Established'],
  ])
  expect(routes?.routesV4).toContainEqual({
    type: 'FIB',
    destination: alienBlocks.ipv4,
    gateway: calico.ipv4,
    interface: 'eth0',
    learnedFrom: { sourceType: 'NodeMesh', peerIP: calico.ipv4 },
  })
  const own = routes?.routesV4?.find(({ destination }) => destination === blockOf((pods[0] as Pod).ipv4))
  expect(own).toMatchObject({ interface: 'blackhole', gateway: 'N/A', learnedFrom: { sourceType: 'Static' } })
  // Two periods later it is still the same revision.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const { metadata } = await lab.client.calicoNodeStatuses.get({ name: 'host1' }, lab)
  expect(metadata.resourceVersion).toBe(filled.revision)
  await putBlock(lab, 'host1', '10.67.0.64/26')
  await lab.until('the new block is in it', async () => {
    const { status } = await lab.client.calicoNodeStatuses.get({ name: 'host1' }, lab)
    return status?.routes?.routesV4?.some(({ destination }) => destination === '10.67.0.64/26')
  })
  await removeBlock(lab, 'host1', '10.67.0.64/26')
  await lab.remove('CalicoNodeStatus', 'host1')
})

it('tortiectl node status prints the peers', () => {
  const stdout = ctl(host1(), lab.at, 'node', 'status')
  expect(stdout).toContain('Calico process is running.')
  expect(stdout).toMatch(/IPv4 BGP status[\s\S]*\| 10\.10\.0\.3 +\| node-to-node mesh \| up +\| \S+ +\| Established/)
  expect(stdout).toMatch(/IPv6 BGP status[\s\S]*\| fd00:10::3 +\| node-to-node mesh \| up/)
})

it('a node that comes or goes disturbs no session of the others', async () => {
  const sessions = async () => {
    const { families } = await host1().bgp.status(lab)
    return families.flatMap(({ peers }) => peers.map(({ name, since, flaps }) => ({ name, since, flaps })))
  }
  const before = await sessions()
  await lab.put('Node', 'late', { bgp: { ipv4Address: '10.10.0.77/24' } })
  await lab.until('it is a neighbour', () => host1().peer('10.10.0.77'))
  await lab.put('Node', 'late', { bgp: { ipv4Address: '10.10.0.77/24' } }, { rack: '7' })
  await lab.remove('Node', 'late')
  await lab.until('it is none any more', async () => !(await host1().peer('10.10.0.77')))
  expect(await sessions()).toEqual(before)
})

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'an agent that ends by %s keeps its routes, here and there',
  async (signal) => {
    const [pod, other] = pods as [Pod, Pod]
    const [ownGone, othersGone] = ['10.67.0.64/26', '10.67.0.128/26']
    await putBlock(lab, 'host1', ownGone)
    await putBlock(lab, 'host2', othersGone)
    const { net } = host1().machine
    await lab.until('BIRD knows the block that goes', () => birdKnows(ownGone))
    await lab.until('host1 has the block that goes', () => kernelRoute(net, othersGone))
    const blocks = pods.flatMap(({ ipv4, ipv6 }) => [blockOf(ipv4), blockOf(ipv6)])
    const before = blocks.map((block) => kernelRoute(net, block))
    other.prober.stream({ id: signal.length, to: pod.ipv4, port: 8080, fresh: true })
    pod.prober.stream({ id: signal.length, to: other.ipv4, port: 8080, fresh: false })
    const deleted = await deletedDuring(lab, [net, host2().machine.net, calico.net], async () => {
      await host1().end(signal)
      await lab.until('BIRD sees it gone', async () =>
        /BGP state:\s+(?!Established)/.test(await bird.birdc('show', 'protocols', 'all', 'Mesh_10_10_0_1')),
      )
      // Stale, and in use.
      expect(await birdKnows(blockOf(pod.ipv4))).toContain('via 10.10.0.1 on eth0')
      expect(blocks.map((block) => kernelRoute(net, block))).toEqual(before)
      await removeBlock(lab, 'host1', ownGone)
      await removeBlock(lab, 'host2', othersGone)
      await lab.until('host2 has withdrawn it', async () => !(await birdKnows(othersGone)))
      expect(await birdKnows(ownGone)).toContain(ownGone)
      expect(kernelRoute(net, othersGone)).toBeDefined()
      await host1().start()
      await host1().established()
      await lab.until('what is gone is gone', async () => !(await birdKnows(ownGone)) && !kernelRoute(net, othersGone))
      expect(kernelRoute(net, ownGone)).toBeUndefined()
    })
    expect(deleted.filter((line) => blocks.some((block) => line.includes(block)))).toEqual([])
    expect(deleted.some((line) => line.includes(othersGone))).toBe(true)
    for (const { prober } of [pod, other]) {
      const { sent, answered } = await prober.count(signal.length)
      expect(sent).toBeGreaterThan(100)
      expect(sent - answered).toBeLessThanOrEqual(4)
    }
  },
)

it('with a route reflector instead of the mesh everything is learned from it alone', async () => {
  await lab.put('BGPPeer', 'reflector', { nodeSelector: 'all()', peerSelector: "role == 'reflector'" })
  const node = await lab.client.nodes.get({ name: 'host4' }, lab)
  const labels = { ...node.metadata.labels, role: 'reflector' }
  const bgp = { ...node.spec.bgp, routeReflectorClusterID: '244.0.0.1' }
  await lab.client.nodes.apply({ ...node, metadata: { ...node.metadata, labels }, spec: { ...node.spec, bgp } }, lab)
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  for (const agent of [host1(), host2()])
    await lab.until(`${agent.machine.name} has the reflector alone`, async () => {
      const { families } = await agent.bgp.status(lab)
      const peers = families.flatMap((family) => family.peers)
      return (
        peers.length === 2 &&
        peers.every(({ peerIP, state, type }) => /[.:]4$/.test(peerIP) && state === 'up' && type === 'NodePeer')
      )
    })
  await lab.until('host1 learns the block of host2 from the reflector', async () => {
    const routes = await host1().bgp.routes({ family: 4, prefix: blockOf((pods[1] as Pod).ipv4) }, lab)
    return routes.some(
      ({ status, nextHop, peerIP }) => status === 'best' && nextHop === '10.10.0.2' && peerIP === '10.10.0.4',
    )
  })
  // The next hop is the node's own, so that traffic does not go by the reflector.
  expect(kernelRoute(host1().machine.net, blockOf((pods[1] as Pod).ipv4))).toMatchObject({
    gateway: '10.10.0.2',
    metric: 1024,
  })
  const reflected = await lab.until('BIRD too', async () => {
    const said = await birdKnows(blockOf((pods[0] as Pod).ipv4))
    return said?.includes('BGP.cluster_list') && said
  })
  expect(reflected).toContain('BGP.originator_id: 10.10.0.1\n')
  expect(reflected).toContain('BGP.cluster_list: 244.0.0.1\n')
  expect(reflected).toContain('BGP.next_hop: 10.10.0.1\n')
  const [from, to] = pods as [Pod, Pod]
  const attempt = () => from.prober.attempt({ protocol: 'tcp', to: to.ipv6, port: 8080, timeoutMs: 2000 })
  await lab.until('pods reach each other', attempt)
})
