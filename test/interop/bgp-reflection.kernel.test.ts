import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { daemons, type RoutingDaemon } from './bgp-daemons.ts'
import { peer } from './bgp-lab.ts'
import { createDirectory, eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, row 11: BIRD, FRR and GoBGP as clients of our route reflector, each behind a wire of its own. */
const clients = [
  { name: 'BIRD', n: 2, network: '192.0.2.0/24' },
  { name: 'FRR', n: 3, network: '192.0.3.0/24' },
  { name: 'GoBGP', n: 4, network: '192.0.4.0/24' },
] as const
/** As each shows ORIGINATOR_ID and CLUSTER_LIST. */
const reflected: Readonly<Record<string, (originator: string) => readonly RegExp[]>> = {
  BIRD: (id) => [new RegExp(`BGP.originator_id: ${id}`), /BGP.cluster_list: 10\.255\.0\.1/],
  FRR: (id) => [new RegExp(`"originatorId":\\s*"${id}"`), /"10\.255\.0\.1"|10\.255\.0\.1/],
  GoBGP: (id) => [new RegExp(`"type":9,"value":"${id}"`), /"type":10,"value":\["10\.255\.0\.1"\]/],
}
const as = 64512
let stop: AbortController
let hub: TestNetns
let spokes: TestNetns[]
let dir: ReturnType<typeof createDirectory>
let speaker: RunningSpeaker
const running: Partial<Record<string, RoutingDaemon>> = {}

beforeAll(async () => {
  stop = new AbortController()
  hub = createTestNetns('reflect')
  spokes = []
  dir = createDirectory()
  for (const { name, n, network } of clients) {
    const spoke = createTestNetns('reflect')
    spokes.push(spoke)
    linkNetns(
      { netns: hub, interface: `eth${n}`, addresses: [`10.0.${n}.1/24`] },
      { netns: spoke, interface: 'eth0', addresses: [`10.0.${n}.2/24`] },
    )
    const neighbors = [{ ours: `10.0.${n}.1`, theirs: `10.0.${n}.2`, ourAs: as }]
    const description = { as, routerId: `10.0.${n}.2`, networks: [network], neighbors }
    running[name] = await daemons[name](spoke, description, `${dir.path}/${n}`, stop.signal)
  }
  const peers = clients.map(({ name, n }) =>
    peer({ key: name, address: `10.0.${n}.2`, localAs: as, remoteAs: as, reflect: { clusterId: '10.255.0.1' } }),
  )
  speaker = startSpeaker(hub, { routerId: '10.255.0.1', peers }, stop)
  await speaker.until('all routes are here', () => speaker.best().length === 3)
})
afterAll(async () => {
  stop.abort(new Error('the test is over'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  for (const netns of [...spokes, hub]) netns[Symbol.dispose]()
  dir[Symbol.dispose]()
})

async function about(name: string, prefix: string): Promise<string> {
  const daemon = running[name]
  if (!daemon) return ''
  if (name === 'BIRD') return daemon.command('show', 'route', prefix, 'all').catch(() => '')
  if (name === 'FRR') return daemon.command(`show bgp ipv4 unicast ${prefix} json`)
  return daemon.command('global', 'rib', '-a', 'ipv4', prefix, '-j').catch(() => '')
}

describe.each(clients)('$name', ({ name, network }) => {
  it.each(clients.filter((other) => other.name !== name))(
    'gets the route of $name, with its originator and our cluster',
    async ({ n, network: theirs }) => {
      const patterns = reflected[name]?.(`10.0.${n}.2`) ?? []
      await eventually(
        'it is reflected',
        async () => {
          const text = await about(name, theirs)
          return patterns.every((pattern) => pattern.test(text))
        },
        stop,
      )
    },
  )

  it('does not get its own route back', async () => {
    const [view] = speaker.speaker.explainExport(name, network)
    expect(view).toMatchObject({ sent: false })
    expect(await about(name, network)).not.toMatch(/10\.255\.0\.1/)
  })
})

it('a route with our cluster id in it is a loop: it is refused', async () => {
  // Two of our reflectors of one cluster, one a client of the other.
  const at = (n: number) => `10.9.0.${n}`
  using first = createTestNetns('reflect')
  using second = createTestNetns('reflect')
  linkNetns(
    { netns: first, interface: 'eth0', addresses: [`${at(1)}/24`] },
    { netns: second, interface: 'eth0', addresses: [`${at(2)}/24`] },
  )
  const reflect = { reflect: { clusterId: '7.7.7.7' } }
  const base = { localAs: as, remoteAs: as, ...reflect }
  const own = new AbortController()
  const one = startSpeaker(first, { routerId: at(1), peers: [peer({ key: 'x', address: at(2), ...base })] }, own)
  const two = startSpeaker(second, { routerId: at(2), peers: [peer({ key: 'x', address: at(1), ...base })] }, own)
  await Promise.all([one.established('x'), two.established('x')])
  const attributes = { clusterList: ['7.7.7.7'], originatorId: '9.9.9.9' }
  one.speaker.announce([{ prefix: '10.8.0.0/24', id: 'x', source: 'local', preference: 200, attributes }])
  one.speaker.announce([{ prefix: '10.8.1.0/24', id: 'x', source: 'local', preference: 200, attributes: {} }])
  await two.until('the other is here', () => two.best().includes('10.8.1.0/24'))
  expect(two.best()).toEqual(['10.8.1.0/24'])
  own.abort(new Error('the test is over'))
})
