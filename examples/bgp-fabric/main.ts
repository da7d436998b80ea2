/**
 * Three hosts in subnets of their own behind a router that runs BIRD: pods, hosts and the machine outside find each other
 * by BGP alone. `npm run demo:bgp` (`npm run demo:bgp -- --keep` leaves everything for you to play with).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Demo, type PodWanted, present, step } from '../three-hosts/lab/demo.ts'
import { type Host, run } from '../three-hosts/lab/network.ts'
import { type Prober, startProber } from '../three-hosts/lab/prober.ts'
import { tortiectl } from '../three-hosts/lab/processes.ts'
import { createFabric } from './lab/fabric.ts'
import { fabricAs, hostAs, type Router, startRouter } from './lab/router.ts'

const yaml = (name: string): string => fileURLToPath(new URL(`./yaml/${name}`, import.meta.url))
const fabric = createFabric('tortie-bgp', 3)
const { hosts, outside } = fabric
const [host1, host2] = hosts as readonly [Host, Host, Host]

const pods: readonly PodWanted[] = [
  { name: 'web', host: 0, namespace: 'shop', role: 'web' },
  { name: 'api', host: 1, namespace: 'shop', role: 'api' },
  { name: 'db', host: 2, namespace: 'shop', role: 'db' },
]
/** An address that two hosts serve: the router shares its traffic between them. */
const service = '203.0.113.10'
const servicePort = 8080

async function runDemo(demo: Demo): Promise<void> {
  const { at } = demo
  const router = await step('three hosts and a machine outside, each in its own subnet', () => {
    fabric.build()
    const started = startRouter(fabric, at.dir)
    demo.cleanUps.push(() => started.stop())
    return started
  })
  await step('tortiectl apply: address pools, BGP peers, a policy that lets everyone in', () => {
    tortiectl(['apply', '-f', yaml('00-network.yaml')], at)
    tortiectl(['apply', '-f', yaml('10-open.yaml')], at)
    tortiectl(['apply', '-f', '-'], at, peers())
  })
  await step('an agent on each host, ready: its sessions are established', () => demo.startAgents())
  await demo.addParties(pods)
  demo.listParties()
  await demo.settle('the router and every host know every pod')
  await demo.showMatrix('by BGP alone')
  console.log(
    `What host1 knows (tortiectl bgp peers, bgp routes):\n\n${bgp(demo, host1, 'peers')}${bgp(demo, host1, 'routes')}`,
  )
  console.log(`Why the router is told of one block and not of another (tortiectl bgp explain):\n`)
  console.log(bgp(demo, host1, 'explain', blockOf(demo, 'web')))
  console.log(bgp(demo, host1, 'explain', blockOf(demo, 'api')))
  await demo.killAnAgent()
  await demo.showMatrix('after kill -9 and restart')
  await drainAHost(demo, router)
}

/** Each host peers with the router, once for each family. */
function peers(): string {
  const one = (host: Host, family: 'ipv4' | 'ipv6'): string => `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: ${host.name}-${family}
spec:
  node: ${host.name}
  peerIP: '${fabric.gateway(host)[family]}'
  asNumber: ${fabricAs}
`
  return hosts.flatMap((host) => [one(host, 'ipv4'), one(host, 'ipv6')]).join('---\n')
}

/** What an operator types on that host. */
function bgp({ at }: Demo, host: Host, ...words: readonly string[]): string {
  const environment = { ...at.datastore.environment, TORTIE_BGP_SOCKET: `${at.dir}/${host.name}/bgp.sock` }
  return tortiectl(['bgp', ...words], { ...at, datastore: { ...at.datastore, environment } })
}

/** The block of a pod: all blocks here have 64 addresses. */
function blockOf({ parties }: Demo, pod: string): string {
  const [a, b, c, d = '0'] = (parties.find(({ name }) => name === pod)?.ipv4 ?? '').split('.')
  return `${a}.${b}.${c}.${Number(d) & ~63}/26`
}

const wayToService = (): string =>
  run('ip', ['-n', fabric.router, 'route', 'show', service]).replaceAll(/\s+/g, ' ').trim()

/** @throws Error with what there is instead, after 20 s */
async function awaitWay(what: string, isThere: (way: string) => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!isThere(wayToService())) {
    if (performance.now() > deadline) throw new Error(`${what}: the router's way to ${service} is "${wayToService()}"`)
    await sleep(50)
  }
}

/** Two hosts serve one address. One is drained, then switched off: nobody outside notices. */
async function drainAHost(demo: Demo, router: Router): Promise<void> {
  const serving: Prober[] = []
  demo.cleanUps.push(() => {
    for (const prober of serving) prober.stop()
  })
  await step(`${service} is served by host1 and host2, and advertised`, async () => {
    for (const { netns } of [host1, host2]) {
      run('ip', ['-n', netns, 'addr', 'add', `${service}/32`, 'dev', 'lo'])
      serving.push(await startProber(netns, [servicePort]))
    }
    await awaitWay('two ways', (way) => way.includes(host1.ipv4) && way.includes(host2.ipv4))
  })
  console.log(`    ${wayToService()}`)
  const client = demo.parties.find(({ name }) => name === 'outside')?.prober
  if (!client) throw new Error('nobody is outside')
  const [lasting, fresh] = [2000, 2001]
  client.stream({ id: lasting, to: service, port: servicePort, fresh: false })
  client.stream({ id: fresh, to: service, port: servicePort, fresh: true })
  await sleep(500)
  await step('tortiectl bgp drain --wait on host1: traffic moves away', async () => {
    bgp(demo, host1, 'drain', '--wait')
    await awaitWay('one way', (way) => way.includes(host2.ipv4) && !way.includes(host1.ipv4))
  })
  console.log(`    ${wayToService()}`)
  await step('host1 is switched off', async () => {
    await sleep(300) // what is on its way gets its answer
    run('ip', ['-n', fabric.router, 'link', 'set', host1.name, 'down'])
    await sleep(1000)
  })
  for (const id of [lasting, fresh]) {
    const { sent, answered } = await client.count(id)
    console.log(
      `    ${id === fresh ? 'new flows ' : 'one flow  '} outside → ${service}  sent ${sent}  answered ${answered}`,
    )
    if (sent - answered > 4)
      demo.problems.push(`${sent - answered} of ${sent} packets to ${service} were lost in the drain`)
  }
  console.log(`\nWhat the router knows of it:\n\n${router.birdc('show', 'route', 'for', service, 'all')}`)
}

function explain({ at }: Demo): string {
  return `Everything is left running. To play with it, in another terminal in this folder:

    export PATH="$PWD/node_modules/.bin:$PATH" TORTIE_BGP_SOCKET=${at.dir}/${host2.name}/bgp.sock
    node apps/ctl/dist/main.js bgp routes --all
    ip netns exec ${outside.netns} ping -c 1 ${service}
    birdc -s ${at.dir}/router/bird.ctl show route
    tail ${at.dir}/${host2.name}/agent.log`
}

await present({
  name: 'tortie-bgp',
  network: fabric,
  environmentOf: (index) => ({ CALICO_NETWORKING_BACKEND: 'bird', AS: String(hostAs(index)) }),
  run: runDemo,
  explain,
})
