/** Spec 05 C6 row 14: BGPFilter rules in an agent, judged by what BIRD gets and what is taken from it. */
import { join } from 'node:path'
import type { ResourceOf } from '@tortie/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bird, startBird } from '../interop/daemons/bird.ts'
import { type Agent, type BgpLab, cluster, createBgpLab, open, putBlock } from './lab.ts'

type Rule = NonNullable<ResourceOf<'BGPFilter'>['spec']['importV4']>[number]

const rack = 64_700
const [wide, narrow, tagged, large, far] = [
  '192.0.2.0/24',
  '192.0.2.128/25',
  '198.51.100.0/24',
  '198.51.101.0/24',
  '203.0.113.0/24',
]
const all = [wide, narrow, tagged, large, far]
const [block, other] = ['10.65.1.0/26', '10.68.0.0/26']

const reject = (match: Partial<Rule>): Rule => ({ action: 'Reject', ...match }) as Rule
const accept = (match: Partial<Rule>): Rule => ({ action: 'Accept', ...match }) as Rule
const cidr = (matchOperator: 'In' | 'NotIn' | 'Equal' | 'NotEqual', text: string = wide): Partial<Rule> => ({
  cidr: text,
  matchOperator,
})
const without = (...prefixes: string[]): string[] => all.filter((prefix) => !prefixes.includes(prefix))
const community = (value: string): Partial<Rule> => ({ communities: { values: [value] } })

/** Rules of `importV4`, and what is left of what BIRD announces. */
const imports: readonly (readonly [string, readonly Rule[], readonly string[]])[] = [
  ['no rule', [], all],
  ['cidr In', [reject(cidr('In'))], without(wide, narrow)],
  ['cidr NotIn', [reject(cidr('NotIn'))], [wide, narrow]],
  ['cidr Equal', [reject(cidr('Equal'))], without(wide)],
  ['cidr NotEqual', [reject(cidr('NotEqual'))], [wide]],
  ['prefixLength', [reject({ ...cidr('In'), prefixLength: { min: 25 } })], without(narrow)],
  ['prefixLength max', [reject({ ...cidr('In', '0.0.0.0/0'), prefixLength: { min: 0, max: 24 } })], [narrow]],
  ['a community', [reject(community('64700:7'))], without(tagged)],
  ['a large community', [reject(community('64700:1:2'))], without(large)],
  ['asPathPrefix', [reject({ asPathPrefix: [rack, 64_999] })], without(far)],
  ['asPathPrefix of one', [reject({ asPathPrefix: [rack] })], []],
  ['peerType eBGP', [reject({ peerType: 'eBGP' })], []],
  ['peerType iBGP', [reject({ peerType: 'iBGP' })], all],
  ['source RemotePeers', [reject({ source: 'RemotePeers' })], []],
  ['an interface', [reject({ interface: 'eth*' })], []],
  ['another interface', [reject({ interface: 'eth1' })], all],
  ['priority', [reject({ priority: 2_147_483_547 })], []],
  ['another priority', [reject({ priority: 1024 })], all],
  ['all conditions at once', [reject({ ...cidr('In'), ...community('64700:7') })], all],
  ['the first that matches', [accept(cidr('Equal')), reject({})], [wide]],
]
/** Rules of `exportV4`, and what BIRD gets. */
const exports: readonly (readonly [string, readonly Rule[], readonly string[]])[] = [
  ['cidr In', [reject(cidr('In', '10.68.0.0/16'))], [block]],
  ['our own AS is in the path already', [reject({ asPathPrefix: [cluster] })], []],
  ['priority is the metric of the route', [reject({ priority: 1024 })], []],
  ['source RemotePeers is not ours', [reject({ source: 'RemotePeers' })], [block, other]],
  ['a blackhole has no interface', [reject({ interface: '*' })], [block, other]],
  ['peerType eBGP', [reject({ peerType: 'eBGP' })], []],
]
const operations = [
  { addCommunity: { value: '64512:9' } },
  { addCommunity: { value: '64512:1:2' } },
  { prependASPath: { prefix: [65_001, 65_002] } },
] as Rule['operations']

const cases = [
  ...imports.map(([name, importV4]) => ({ name, spec: { importV4 } })),
  ...exports.map(([name, exportV4]) => ({ name, spec: { exportV4 } })),
  { name: 'operations', spec: { exportV4: [accept({ ...cidr('In', '10.65.0.0/16'), operations } as Partial<Rule>)] } },
]
const address = (n: number): string => `10.10.0.${100 + n}`
const exportCase = (i: number): number => imports.length + i

/** BIRD has one session at a time with one address: each case has its own. */
const birdConfig = (n: number, neighbor: string): string => `log stderr all;
router id ${address(n)};
protocol device { }
protocol static {
  ipv4;
  route ${wide} blackhole;
  route ${narrow} blackhole;
  route ${tagged} blackhole { bgp_community.add((${rack},7)); };
  route ${large} blackhole { bgp_large_community.add((${rack},1,2)); };
  route ${far} blackhole { bgp_path.prepend(64999); };
}
protocol bgp agent {
  local ${address(n)} as ${rack};
  neighbor ${neighbor} as ${cluster};
  multihop 64;
  strict bind yes;
  connect delay time 1; connect retry time 1; error wait time 1,2;
  ipv4 { import all; export where source = RTS_STATIC; };
}
`

let lab: BgpLab
let agent: Agent
let birds: Bird[]

beforeAll(async () => {
  lab = await createBgpLab('filters')
  const host = lab.machine('host1', 1)
  const tor = lab.machine('tor', 100)
  for (let n = 1; n < cases.length; n++) tor.net.ip(`addr add ${address(n)}/24 dev eth0`)
  await open(lab)
  await lab.put('IPPool', 'pods', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'more', { cidr: '10.68.0.0/16', blockSize: 26 })
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  for (const [n, { spec }] of cases.entries()) {
    await lab.put('BGPFilter', `case-${n}`, spec as ResourceOf<'BGPFilter'>['spec'])
    await lab.put('BGPPeer', `case-${n}`, { peerIP: address(n), asNumber: rack, filters: [`case-${n}`] })
  }
  await putBlock(lab, 'host1', block)
  await putBlock(lab, 'host1', other)
  birds = await Promise.all(
    cases.map((_, n) => startBird(tor.net, birdConfig(n, host.ipv4), join(lab.at.dir, `tor-${n}`), lab.signal)),
  )
  agent = await lab.agent(host, { IP6: 'none' })
  await agent.established(...cases.map((_, n) => address(n)))
}, 120_000)

afterAll(() => lab[Symbol.asyncDispose]())

describe('import', () => {
  it.each(imports.map(([name, , left], n) => ({ name, left, n })))('$name', async ({ left, n }) => {
    const taken = async (): Promise<string[] | undefined> => {
      const said = await agent.peer(address(n))
      if (said?.routes.received !== all.length) return undefined
      const routes = await agent.bgp.routes({ family: 4 }, lab)
      const from = routes.filter(({ peerIP, status }) => peerIP === address(n) && status !== 'rejected')
      return from.map(({ prefix }) => prefix).sort()
    }
    expect(await lab.until('all were announced', taken)).toEqual([...left].sort())
  })
})

describe('export', () => {
  const heard = async (n: number): Promise<string[]> => {
    const said = (await birds[n]?.birdc('show', 'route', 'protocol', 'agent')) ?? ''
    return [...said.matchAll(/^([0-9.]+\/\d+) /gm)].map(([, prefix = '']) => prefix).sort()
  }

  it.each(exports.map(([name, , told], i) => ({ name, told, n: exportCase(i) })))('$name', async ({ told, n }) => {
    // Without rules it hears both: once those are there, so is what the others hear.
    await lab.until('the one without rules has both', async () => (await heard(0)).join() === `${block},${other}`)
    await lab.until(`it has ${told.join(' and ')}`, async () => (await heard(n)).join() === told.join())
    const { exported } = await agent.bgp.explain(
      { prefix: other, peer: `Global_${address(n).replaceAll('.', '_')}` },
      lab,
    )
    expect(exported.map(({ sent }) => sent)).toEqual([told.includes(other)])
  })

  it('operations', async () => {
    const n = exportCase(exports.length)
    const about = async (prefix: string) => birds[n]?.birdc('show', 'route', prefix, 'all')
    await lab.until('it has both', async () => (await heard(n)).length === 2)
    const text = await about(block)
    expect(text).toMatch(/BGP\.as_path: 65001 65002 64512\n/)
    expect(text).toContain('BGP.community: (64512,9)')
    expect(text).toContain('BGP.large_community: (64512, 1, 2)')
    expect(await about(other)).toMatch(/BGP\.as_path: 64512\n/)
  })
})
