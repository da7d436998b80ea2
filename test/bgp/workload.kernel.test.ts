/** Spec 05 A3, A4 step 2a: a pod that runs BIRD is a neighbour of its node's agent. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBird } from '../interop/daemons/bird.ts'
import { kernelRoute } from './kernel.ts'
import { type Agent, type BgpLab, cluster, createBgpLab, type Machine, open, type Pod } from './lab.ts'
import { startTor } from './tor.ts'

const router = 64_999
const rack = 64_700
/** Where pods find the agent, on every node. */
const meeting = { ipv4: '169.254.9.1', ipv6: 'fd00:9::1' }
const behind = { ipv4: '10.70.0.0/24', ipv6: 'fd00:70::/64' }
let lab: BgpLab
let host: Machine
let agent: Agent
let pod: Pod
let other: Pod

beforeAll(async () => {
  lab = await createBgpLab('workload')
  host = lab.machine('host1', 1)
  await open(lab)
  await lab.put('IPPool', 'pods4', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'pods6', { cidr: 'fd00:65::/48', blockSize: 122 })
  await lab.put('IPPool', 'behind4', { cidr: '10.70.0.0/16', blockSize: 26, nodeSelector: '!all()' })
  await lab.put('IPPool', 'behind6', { cidr: 'fd00:70::/48', blockSize: 122, nodeSelector: '!all()' })
  await lab.put('FelixConfiguration', 'default', {
    defaultEndpointToHostAction: 'Accept',
    workloadSourceSpoofing: 'Any',
  })
  await lab.put('BGPConfiguration', 'default', {
    nodeToNodeMeshEnabled: false,
    localWorkloadPeeringIPV4: meeting.ipv4,
    localWorkloadPeeringIPV6: meeting.ipv6,
  })
  await lab.put('BGPPeer', 'routers', { localWorkloadSelector: "role == 'router'", asNumber: router })
  agent = await lab.agent(host)
  pod = await lab.pod(host, 'router', { role: 'router' })
  other = await lab.pod(host, 'other')
}, 120_000)

afterAll(() => lab[Symbol.asyncDispose]())

it('the pod dials the address on the other side of its interface, and routes go both ways', async () => {
  const inside = { ipv4: '10.70.0.1', ipv6: 'fd00:70::1' }
  pod.net.ip(`addr add ${inside.ipv4}/32 dev lo`, `addr add ${inside.ipv6}/128 dev lo nodad`, 'link set lo up')
  const session = (family: 4 | 6): string => `
protocol static s${family} { ipv${family}; route ${family === 4 ? behind.ipv4 : behind.ipv6} blackhole; }
protocol bgp node${family} {
  local ${family === 4 ? pod.ipv4 : pod.ipv6} as ${router};
  neighbor ${family === 4 ? meeting.ipv4 : meeting.ipv6} as ${cluster};
  multihop 64; connect delay time 1; connect retry time 1; error wait time 1,2;
  ipv${family} { import all; export where source = RTS_STATIC; };
}`
  const config = `log stderr all; router id ${pod.ipv4}; protocol device { } ${session(4)} ${session(6)}`
  const bird = await startBird(pod.net, config, join(lab.at.dir, 'bird'), lab.signal)
  await agent.established(pod.ipv4, pod.ipv6)
  expect(await agent.peer(pod.ipv4)).toMatchObject({ type: 'LocalWorkload', asNumber: router })
  for (const [prefix, gateway] of [
    [behind.ipv4, pod.ipv4],
    [behind.ipv6, pod.ipv6],
  ] as const) {
    const learned = await lab.until(`the host has ${prefix}`, () => kernelRoute(host.net, prefix))
    expect(learned).toMatchObject({ gateway, dev: expect.stringMatching(/^cali/), metric: 2_147_483_547 })
  }
  const [block = ''] = /^10\.65\.\d+\.\d+\/26/m.exec(await bird.birdc('show', 'route', 'protocol', 'node4')) ?? []
  expect(block).toMatch(/\/26$/)
  // Other pods reach what is behind it, where its answers are allowed to come from there.
  const { items } = await lab.client.workloadEndpoints.list({ namespace: 'default' }, lab)
  const endpoint = items.find(({ metadata }) => metadata.labels?.role === 'router')
  if (!endpoint) throw new Error('the pod has no endpoint')
  const spec = { ...endpoint.spec, allowSpoofedSourcePrefixes: [behind.ipv4, behind.ipv6] }
  await lab.client.workloadEndpoints.update({ ...endpoint, spec }, lab)
  for (const to of [inside.ipv4, inside.ipv6]) {
    const attempt = () => other.prober.attempt({ protocol: 'icmp', to, port: 0, timeoutMs: 2000 })
    await lab.until(`${to} is reached`, attempt)
  }
})

it('the rest of the world learns what is behind the pod', async () => {
  const machine = lab.machine('tor', 100)
  const session = { name: 'tor', local: machine.ipv4, as: rack, neighbor: host.ipv4, neighborAs: cluster }
  const tor = await startTor(lab, machine, [session])
  await lab.put('BGPPeer', 'tor', { node: 'host1', peerIP: machine.ipv4, asNumber: rack })
  const said = await lab.until('the switch knows it', async () => {
    const route = await tor.route('tor', behind.ipv4)
    return route.includes(behind.ipv4) && route
  })
  expect(said).toContain(`BGP.as_path: ${cluster} ${router}`)
  expect(said).toContain(`BGP.next_hop: ${host.ipv4}`)
})

it('a pod that is no neighbour any more is not one', async () => {
  await lab.remove('BGPPeer', 'routers')
  await lab.until(
    'the routes are gone',
    () => !kernelRoute(host.net, behind.ipv4) && !kernelRoute(host.net, behind.ipv6),
  )
  expect(await agent.peer(pod.ipv4)).toBeUndefined()
  await lab.until('the address is gone', () => !host.net.run('ip', 'addr').includes(meeting.ipv4))
})
