/** What we write as MRT, read by programs of others: bgpdump and GoBGP. */
import { createReadStream, existsSync, writeFileSync } from 'node:fs'
import {
  defaultWireOptions,
  dumpTable,
  emptyUpdate,
  encodeMessage,
  encodeMrt,
  type MessageRecord,
  type MrtRecord,
  nlriOf,
  type PathAttributes,
  readMrt,
  type TablePath,
} from '@tortie/bgp'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startBird } from './daemons/bird.ts'
import { startGobgp } from './daemons/gobgp.ts'
import { createPair, type Pair } from './daemons/pair.ts'
import { eventually, query } from './daemons/process.ts'

let pair: Pair
let file: string
beforeEach(() => {
  pair = createPair('mrt')
  file = pair.path('dump.mrt')
})
afterEach(() => pair[Symbol.dispose]())

const timeUs = 1_700_000_000_000_000
const originatedTime = 1_699_999_000
const peers = [
  { bgpId: '10.0.0.2', address: '10.0.0.2', as: 64513 },
  { bgpId: '10.0.0.3', address: 'fd00::3', as: 4_200_000_001 },
]
const attributes: PathAttributes = {
  origin: 0,
  asPath: [{ type: 2, asns: [64513, 4_200_000_007] }],
  med: 50,
  localPref: 120,
  communities: [((64513 << 16) | 7) >>> 0],
  largeCommunities: [[64513, 1, 2]],
}
const base = { peer: 0, originatedTime, attributes }

const bgpdump = async (): Promise<string[]> =>
  (await query(pair.here, 'bgpdump', ['-m', file], pair.call)).trim().split('\n')

function write(chunks: Iterable<Uint8Array>): void {
  writeFileSync(file, '')
  for (const chunk of chunks) writeFileSync(file, chunk, { flag: 'a' })
}

it('bgpdump reads a table of both families', async () => {
  const paths: TablePath[] = [
    { ...base, prefix: '192.0.2.0/24', nextHop: '10.0.0.2' },
    { ...base, prefix: '192.0.2.0/24', peer: 1, nextHop: '10.0.0.9' },
    { ...base, prefix: '0.0.0.0/0', nextHop: '10.0.0.2' },
    { ...base, prefix: '2001:db8::/47', peer: 1, nextHop: 'fd00::3', linkLocal: 'fe80::3' },
  ]
  write(dumpTable({ timeUs, collectorId: '10.0.0.1', peers, paths }))
  const rest = '64513 4200000007|IGP'
  expect(await bgpdump()).toEqual([
    `TABLE_DUMP2|1700000000|B|10.0.0.2|64513|192.0.2.0/24|${rest}|10.0.0.2|120|50|64513:7|NAG||`,
    `TABLE_DUMP2|1700000000|B|fd00::3|4200000001|192.0.2.0/24|${rest}|10.0.0.9|120|50|64513:7|NAG||`,
    `TABLE_DUMP2|1700000000|B|10.0.0.2|64513|0.0.0.0/0|${rest}|10.0.0.2|120|50|64513:7|NAG||`,
    `TABLE_DUMP2|1700000000|B|fd00::3|4200000001|2001:db8::/47|${rest}|fd00::3|120|50|64513:7|NAG||`,
  ])
})

it('bgpdump reads paths with identifiers', async () => {
  const paths = [1, 2].map((pathId) => ({ ...base, prefix: '192.0.2.0/24', nextHop: `10.0.0.${pathId}`, pathId }))
  write(dumpTable({ timeUs, collectorId: '10.0.0.1', peers, paths }))
  const lines = await bgpdump()
  expect(lines.map((line) => line.split('|').slice(5, 10))).toEqual([
    ['192.0.2.0/24', '1', '64513 4200000007', 'IGP', '10.0.0.1'],
    ['192.0.2.0/24', '2', '64513 4200000007', 'IGP', '10.0.0.2'],
  ])
})

it('bgpdump reads messages and state changes', async () => {
  const session = {
    timeUs,
    peerAs: 4_200_000_001,
    localAs: 64512,
    interfaceIndex: 0,
    peerAddress: '10.0.0.2',
    localAddress: '10.0.0.1',
    as4: true,
  }
  const update = {
    ...emptyUpdate,
    nlri: nlriOf(4, ['198.51.100.0/25']),
    attributes: { ...attributes, nextHop: '10.0.0.2' },
  }
  const message = (change: Partial<MessageRecord>): MrtRecord => ({
    kind: 'MESSAGE',
    ...session,
    sent: false,
    addPath: false,
    message: encodeMessage(update, defaultWireOptions),
    ...change,
  })
  const records: MrtRecord[] = [
    { kind: 'STATE_CHANGE', ...session, oldState: 'OpenConfirm', newState: 'Established' },
    message({}),
    message({ timeUs: timeUs + 250_000 }),
    message({ message: encodeMessage({ ...emptyUpdate, withdrawn: update.nlri }, defaultWireOptions) }),
  ]
  write(records.map(encodeMrt))
  expect((await bgpdump()).map((line) => line.split('|').slice(0, 7).join('|'))).toEqual([
    'BGP4MP|1700000000|STATE|10.0.0.2|4200000001|5|6',
    'BGP4MP|1700000000|A|10.0.0.2|4200000001|198.51.100.0/25|64513 4200000007',
    'BGP4MP_ET|1700000000.250000|A|10.0.0.2|4200000001|198.51.100.0/25|64513 4200000007',
    'BGP4MP|1700000000|W|10.0.0.2|4200000001|198.51.100.0/25',
  ])
})

// GoBGP 3.10 does not know the MP_REACH_NLRI of RFC 6396 §4.3.4, so it is given IPv4 only; bgpdump reads both.
it('GoBGP reads our dump', async () => {
  const paths: TablePath[] = [
    { ...base, prefix: '192.0.2.0/24', nextHop: '10.0.0.2' },
    { ...base, prefix: '192.0.3.0/24', pathId: 4, nextHop: '10.0.0.2' },
  ]
  write(dumpTable({ timeUs, collectorId: '10.0.0.1', viewName: 'main', peers, paths }))
  const config = '[global.config]\n  as = 64512\n  router-id = "10.0.0.1"\n  port = -1\n'
  const { gobgp } = await startGobgp(pair.here, config, pair.path('gobgp'), pair.signal)
  const said = await gobgp('-d', 'mrt', 'inject', 'global', file)
  expect(said).toContain('ID [10.0.0.3] Addr [fd00::3] AS [4200000001]')
  expect(said).toContain('Seq [0] Prefix [192.0.2.0/24] Entries [[RIB_ENTRY: PeerIndex [0] OriginatedTime [1699999000]')
  expect(said).toMatch(/Prefix \[192\.0\.3\.0\/24\].*PathIdentifier\[4\]/)
  expect(
    said.match(/64513 4200000007 \{Nexthop: 10\.0\.0\.2\} \{Med: 50\} \{LocalPref: 120\} \{Communities: 64513:7\}/g),
  ).toHaveLength(2)
})

it("we read BIRD's dump of what GoBGP announces", async () => {
  pair.link()
  const gobgpConfig = `
[global.config]
  as = 4200000001
  router-id = "10.0.0.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.1"
    peer-as = 64512
`
  const { gobgp } = await startGobgp(pair.there, gobgpConfig, pair.path('gobgp'), pair.signal)
  await gobgp('global', 'rib', 'add', '-a', 'ipv4', '192.0.4.0/24', 'nexthop', '10.0.0.2', 'community', '64515:7')
  const birdConfig = `
log stderr all;
router id 10.0.0.1;
protocol device { }
protocol bgp dut {
  local 10.0.0.1 as 64512;
  neighbor 10.0.0.2 as 4200000001;
  connect delay time 1; connect retry time 1; error wait time 1,2;
  ipv4 { import all; export none; };
}
`
  const bird = await startBird(pair.here, birdConfig, pair.path('bird'), pair.signal)
  await eventually('it is learned', async () => (await bird.birdc('show', 'route')).includes('192.0.4.0/24'), pair.call)
  await bird.birdc('mrt', 'dump', 'table', '"master4"', 'to', `"${file}"`)
  const records = await eventually('it is dumped', async () => (await readFile()).length === 2 && readFile(), pair.call)
  expect(records[0]).toMatchObject({
    kind: 'PEER_INDEX_TABLE',
    collectorId: '10.0.0.1',
    viewName: 'master4',
    peers: [{ address: '::' }, { bgpId: '10.0.0.2', address: '10.0.0.2', as: 4_200_000_001 }],
  })
  expect(records[1]).toMatchObject({
    kind: 'RIB',
    prefix: '192.0.4.0/24',
    entries: [
      {
        peer: 1,
        nextHop: '10.0.0.2',
        attributes: { asPath: [{ type: 2, asns: [4_200_000_001] }], communities: [((64515 << 16) | 7) >>> 0] },
      },
    ],
  })
})

async function readFile(): Promise<MrtRecord[]> {
  const records: MrtRecord[] = []
  if (existsSync(file)) for await (const record of readMrt(createReadStream(file))) records.push(record)
  return records
}
