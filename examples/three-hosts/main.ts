/**
 * Three hosts, pods on them, addresses, routes and policy, on one machine, by one command:
 * `npm run demo` (`npm run demo -- --keep` leaves everything for you to play with).
 */
import { fileURLToPath } from 'node:url'
import { type Demo, type PodWanted, present, step } from './lab/demo.ts'
import { createNetwork, run } from './lab/network.ts'
import { tortiectl } from './lab/processes.ts'

const yaml = (name: string): string => fileURLToPath(new URL(`./yaml/${name}`, import.meta.url))
const network = createNetwork('tortie-demo', 3)
const { hosts, outside, podNetns } = network

const pods: readonly PodWanted[] = [
  { name: 'web', host: 0, namespace: 'shop', role: 'web' },
  { name: 'api', host: 1, namespace: 'shop', role: 'api' },
  { name: 'api2', host: 0, namespace: 'shop', role: 'api' },
  { name: 'db', host: 2, namespace: 'shop', role: 'db' },
  { name: 'mon', host: 2, namespace: 'ops', role: 'monitor' },
]

async function runDemo(demo: Demo): Promise<void> {
  const { at } = demo
  await step('three hosts and a machine outside, on one switch', network.build)
  await step('tortiectl apply: address pools', () => tortiectl(['apply', '-f', yaml('00-network.yaml')], at))
  await step('an agent on each host, ready', () => demo.startAgents())
  await demo.addParties(pods)
  routeOutside(demo)
  demo.listParties()
  await demo.showMatrix('before policy')
  await step('tortiectl apply: default deny, allow by label, namespace, CIDR, port', () => {
    tortiectl(['apply', '-f', yaml('10-default-deny.yaml')], at)
    tortiectl(['apply', '-f', yaml('20-allow.yaml')], at)
  })
  await demo.settle()
  await demo.showMatrix('with policy')
  await step('tortiectl apply: an edit of one policy', () => tortiectl(['apply', '-f', yaml('30-edit.yaml')], at))
  await demo.settle()
  await demo.showMatrix('after the edit')
  await demo.killAnAgent()
  await demo.showMatrix('after kill -9 and restart')
  console.log(tortiectl(['get', 'workloadEndpoints', '--all-namespaces', '-o', 'wide'], at))
  console.log(tortiectl(['ipam', 'show'], at))
}

/** The machine outside knows pods only by these routes: `npm run demo:bgp` has a fabric that learns them. */
function routeOutside({ parties }: Demo): void {
  for (const { pod, ipv4, ipv6 } of parties) {
    if (!pod) continue
    run('ip', ['-n', outside.netns, 'route', 'add', ipv4, 'via', pod.host.ipv4])
    run('ip', ['-n', outside.netns, 'route', 'add', ipv6, 'via', pod.host.ipv6])
  }
}

function explain({ at, parties }: Demo): string {
  const api = parties.find(({ name }) => name === 'api')
  return `Everything is left running. To play with it, in another terminal in this folder:

    export PATH="$PWD/node_modules/.bin:$PATH" DATASTORE_TYPE=embedded TORTIE_EMBEDDED_PATH=${at.store}
    node apps/ctl/dist/main.js get networkPolicies --all-namespaces
    node apps/ctl/dist/main.js delete gnp default-deny
    ip netns exec ${podNetns('mon')} ping -c 1 ${api?.ipv4}
    ip netns exec ${hosts[0]?.netns} nft list table inet tortie
    tail ${at.dir}/host1/agent.log`
}

await present({ name: 'tortie-demo', network, run: runDemo, explain })
