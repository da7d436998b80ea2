/** dataplane-nft: the whole program, deltas, restart, and what policies cost a new flow. Needs root. */
import { spawnSync } from 'node:child_process'
import {
  applyDelta,
  deltaBetween,
  type EndpointProgram,
  emptyDelta,
  emptyNat,
  emptyProgram,
  type IpSet,
  type PolicyDataplane,
  type PolicyDelta,
  type PolicyProgram,
  type PolicyRules,
  type Rule,
} from '@tortie/dataplane'
import { createNftDataplane } from '@tortie/dataplane-nft'
import { enterNetns, openNetlink } from '@tortie/linux'
import { createTestNetns, openPacketSocket, type TestNetns } from '@tortie/linux/testing'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { encodeFrame } from '../test/kernel/packet-frame.ts'
import { type BenchRow, median } from './row.ts'

const call = { signal: new AbortController().signal }
const scale = { endpoints: 250, apps: 50, policiesPerApp: 20, sets: 500, membersPerSet: 100 } as const

function open(netns: TestNetns): PolicyDataplane {
  const transport = openNetlink({ protocol: 12, netns })
  return createNftDataplane({ transport, clock: systemClock, log: silentLog, meter: silentMeter })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function medianOf(times: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const measured: number[] = []
  for (let turn = 0; turn < times; turn++) measured.push(await timed(() => work(turn)))
  return median(measured)
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Three ingress rules by set and port, one egress rule by set: a common policy of one application. */
function policyOf(n: number): PolicyRules {
  const { sets } = scale
  const rule = (index: number): Rule => ({
    action: 'allow',
    protocol: index === 2 ? 17 : 6,
    source: { ipSets: [`s:${(3 * n + index) % sets}`] },
    destination: { ports: [{ first: 1000 + ((7 * n + index) % 500), last: 1000 + ((7 * n + index) % 500) }] },
    index,
  })
  const out: Rule = { action: 'allow', source: {}, destination: { ipSets: [`s:${n % sets}`] }, index: 0 }
  return { ingress: [rule(0), rule(1), rule(2)], egress: [out] }
}

function setOf(n: number): IpSet {
  const members = numbers(scale.membersPerSet).flatMap((i) => {
    const at = n * 37 + i
    return [`10.${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}/32`]
  })
  return { type: 'net', members: new Set(members) }
}

function endpointOf(n: number): EndpointProgram {
  const policies = numbers(scale.policiesPerApp).map((i) => policyId((n % scale.apps) * scale.policiesPerApp + i))
  const tiers = [{ name: 'default', policies, defaultAction: 'deny' }] as const
  return {
    kind: 'workload',
    interface: `cali${n}`,
    active: true,
    addresses: [`10.65.${n >> 8}.${n & 255}/32`, `fd00:65::${n.toString(16)}/128`],
    spoofablePrefixes: [],
    ingress: tiers,
    egress: tiers,
    profiles: [],
  }
}

const policyId = (n: number): string => `np/prod/policy-${n}`

function wholeProgram(): PolicyProgram {
  return {
    ipSets: new Map(numbers(scale.sets).map((n) => [`s:${n}`, setOf(n)])),
    policies: new Map(numbers(scale.apps * scale.policiesPerApp).map((n) => [policyId(n), policyOf(n)])),
    endpoints: new Map(numbers(scale.endpoints).map((n) => [`prod/pod-${n + 1}`, endpointOf(n + 1)])),
  }
}

/** By nft: what spawning it costs for the same change. */
function nft(netns: TestNetns, text: string): number {
  const start = performance.now()
  const { status, stderr } = enterNetns(netns, () => spawnSync('nft', ['-f', '-'], { input: text, encoding: 'utf8' }))
  if (status !== 0) throw new Error(stderr.slice(0, 500))
  return performance.now() - start
}

async function wholeRows(program: PolicyProgram): Promise<BenchRow[]> {
  const whole = deltaBetween(emptyProgram, program)
  const loads: number[] = []
  const restarts: number[] = []
  const byNft: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    using netns = createTestNetns('bench')
    await using first = open(netns)
    loads.push(await timed(() => first.apply(whole, emptyNat, call)))
    await using second = open(netns)
    restarts.push(await timed(() => second.apply(whole, emptyNat, call)))
    const text = netns.run('nft', 'list', 'ruleset')
    using other = createTestNetns('bench')
    byNft.push(nft(other, text))
  }
  const reference = { name: 'nft -f of the same', value: median(byNft) }
  const what = `${scale.endpoints} endpoints, ${program.policies.size} policies, ${scale.sets * scale.membersPerSet} members`
  return [
    { name: `apply ${what}`, ours: median(loads), unit: 'ms', reference, ratio: median(loads) / reference.value },
    { name: 'restart: the same, read back and found equal', ours: median(restarts), unit: 'ms' },
  ]
}

async function deltaRows(program: PolicyProgram): Promise<BenchRow[]> {
  using netns = createTestNetns('bench')
  await using dataplane = open(netns)
  let now = program
  await dataplane.apply(deltaBetween(emptyProgram, program), emptyNat, call)
  const apply = async (delta: PolicyDelta): Promise<void> => {
    await dataplane.apply(delta, emptyNat, call)
    now = applyDelta(now, delta)
  }
  const member = (turn: number) => `172.16.${turn >> 8}.${turn & 255}/32`
  const one = (id: string, added: string[]): PolicyDelta => ({
    ...emptyDelta,
    ipSets: new Map([[id, { op: 'change', added, removed: [] }]]),
  })
  const elements = await medianOf(200, (turn) => apply(one('s:7', [member(turn)])))
  const cidr = await medianOf(50, (turn) => apply(one('s:8', [`172.17.${turn}.0/24`])))
  const policies = await medianOf(40, (turn) => {
    const rules = policyOf(11)
    const [first, ...rest] = rules.ingress
    const port = { first: 30_000 + turn, last: 30_000 + turn }
    const changed = first ? [{ ...first, destination: { ports: [port] } }, ...rest] : rest
    return apply({ ...emptyDelta, policies: new Map([[policyId(11), { ...rules, ingress: changed }]]) })
  })
  const endpoints = await medianOf(40, (turn) => {
    const id = 1000 + turn
    return apply({
      ...emptyDelta,
      endpoints: new Map([[`prod/pod-${id}`, { ...endpointOf(id), interface: `cali${id}` }]]),
    })
  })
  const everywhere = await globalPolicy(dataplane, now)
  const byNft = median(numbers(5).map((turn) => nft(netns, `add element inet tortie h4.s.9 { 172.18.0.${turn} }\n`)))
  return [
    {
      name: 'one member more',
      ours: elements,
      unit: 'ms',
      reference: { name: 'nft -f', value: byNft },
      ratio: elements / byNft,
    },
    { name: 'one CIDR more', ours: cidr, unit: 'ms' },
    { name: 'one rule of one policy changed (5 endpoints)', ours: policies, unit: 'ms' },
    { name: 'one endpoint more', ours: endpoints, unit: 'ms' },
    { name: `one rule of a policy of all ${scale.endpoints} endpoints changed`, ours: everywhere, unit: 'ms' },
  ]
}

/** A policy of every endpoint, in a tier of its own, of which one port changes. */
async function globalPolicy(dataplane: PolicyDataplane, program: PolicyProgram): Promise<number> {
  const rules = (port: number): PolicyRules => {
    const allow: Rule = {
      action: 'allow',
      protocol: 6,
      source: {},
      destination: { ports: [{ first: port, last: port }] },
      index: 0,
    }
    const deny: Rule = { action: 'deny', source: { ipSets: ['s:3'] }, destination: {}, index: 1 }
    return { ingress: [allow, deny], egress: [] }
  }
  const id = 'gnp/all'
  const tier = { name: 'security', policies: [id], defaultAction: 'pass' } as const
  const endpoints = new Map(
    [...program.endpoints].map(([name, endpoint]) => [name, { ...endpoint, ingress: [tier, ...endpoint.ingress] }]),
  )
  await dataplane.apply({ ...emptyDelta, policies: new Map([[id, rules(1)]]), endpoints }, emptyNat, call)
  return medianOf(10, (turn) =>
    dataplane.apply({ ...emptyDelta, policies: new Map([[id, rules(turn + 2)]]) }, emptyNat, call),
  )
}

const flows = 20_000

/** Microseconds for a new UDP flow from its sender to the other side of the host. */
async function flowCost(netns: TestNetns, peers: TestNetns, turn: number): Promise<number> {
  const socket = openPacketSocket(peers)
  const index = (peers.ipJson('link', 'show', 'dev', 'eth0') as { ifindex: number }[])[0]?.ifindex ?? 0
  const mac = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last)
  const frames = numbers(flows).map((n) =>
    encodeFrame(
      {
        source: `10.9.${turn}.${n & 255}`,
        destination: '10.65.0.1',
        protocol: 17,
        sourcePort: 1024 + (n >> 8),
        destinationPort: 4242,
      },
      1,
      mac(1),
      mac(2),
    ),
  )
  const start = performance.now()
  for (const frame of frames) socket.send(index, frame)
  const cost = ((performance.now() - start) * 1000) / flows
  socket[Symbol.dispose]()
  netns.run('true')
  return cost
}

async function flowRows(): Promise<BenchRow[]> {
  using netns = createTestNetns('bench')
  using peers = createTestNetns('bench')
  netns.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  peers.run('sysctl', '-qw', 'net.ipv4.ip_forward=0')
  for (const name of ['cali1', 'eth0']) {
    netns.ip(
      `link add ${name} type veth peer name ${name} netns ${peers.name}`,
      `link set ${name} address 02:00:00:00:00:01`,
      `link set ${name} up`,
    )
    peers.ip(`link set ${name} address 02:00:00:00:00:02`, `link set ${name} up`)
  }
  netns.ip(
    'route add 10.65.0.1 dev cali1',
    'route add 10.9.0.0/16 dev eth0',
    'neigh add 10.65.0.1 lladdr 02:00:00:00:00:02 dev cali1 nud permanent',
  )
  const costs: number[] = []
  const counts = [0, 10, 1000]
  let turn = 0
  for (const count of counts) {
    await using dataplane = open(netns)
    const policies = numbers(count).map((n): [string, PolicyRules] => [
      policyId(n),
      {
        ingress: [
          {
            action: 'allow',
            protocol: 17,
            source: {},
            destination: { ports: [{ first: 4242 + n, last: 4242 + n }] },
            index: 0,
          },
        ],
        egress: [],
      },
    ])
    const ids = policies.map(([id]) => id)
    const open1: EndpointProgram = {
      ...endpointOf(1),
      egress: [],
      ingress: count === 0 ? [] : [{ name: 'default', policies: ids, defaultAction: 'deny' }],
      profiles: ['pro/open'],
    }
    const allow: Rule = { action: 'allow', source: {}, destination: {}, index: 0 }
    const program: PolicyProgram = {
      ipSets: new Map(),
      policies: new Map([...policies, ['pro/open', { ingress: [allow], egress: [allow] }]]),
      endpoints: new Map([['prod/pod-1', open1]]),
    }
    await dataplane.apply(deltaBetween(emptyProgram, program), emptyNat, call)
    const measured: number[] = []
    for (let run = 0; run < 5; run++) measured.push(await flowCost(netns, peers, turn++))
    costs.push(median(measured))
  }
  const [none = 0, ten = 0, thousand = 0] = costs
  const reference = { name: '10 policies', value: ten }
  return [
    { name: 'a new flow through 1,000 policies', ours: thousand, unit: 'µs', reference, ratio: thousand / ten },
    { name: 'a new flow through none', ours: none, unit: 'µs', reference, ratio: none / ten },
  ]
}

export async function run(): Promise<BenchRow[]> {
  const program = wholeProgram()
  return [...(await wholeRows(program)), ...(await deltaRows(program)), ...(await flowRows())]
}
