import { expect, it } from 'vitest'
import type { PathView } from '../rib/contract.ts'
import { readMrt } from './read.ts'
import type { MrtRecord } from './record.ts'
import { dumpRib } from './rib-dump.ts'

const attributes = { origin: 0, asPath: [{ type: 2, asns: [64513] }] } as const
const received = { ...attributes, med: 9 }
const view: PathView = {
  prefix: '192.0.2.0/24',
  source: 'bgp',
  peer: 'tor',
  pathId: 0,
  nextHop: '10.0.0.2',
  received,
  attributes,
  stale: false,
  status: 'best',
}
const tor = { bgpId: '10.0.0.2', address: '10.0.0.2', as: 64513 }

async function dumped(...paths: PathView[]): Promise<MrtRecord[]> {
  const rib = {
    paths: (family: 4 | 6) => paths.filter(({ prefix }) => prefix.includes(':') === (family === 6)),
  }
  const records: MrtRecord[] = []
  const dump = dumpRib({ timeUs: 5_000_000, collectorId: '10.0.0.1', rib, peers: new Map([['tor', tor]]) })
  for await (const record of readMrt(dump)) records.push(record)
  return records
}

it('what the import filter let in, by peer; our own routes are of peer 0', async () => {
  const { peer: _, pathId: __, ...local } = { ...view, prefix: '10.244.0.64/26', source: 'static' as const }
  const six = { ...view, prefix: '2001:db8::/32', nextHop: 'fd00::2' }
  const [table, ...ribs] = await dumped(six, view, local)
  expect(table).toMatchObject({ peers: [{ as: 0 }, tor] })
  const entry = { originatedTime: 5, attributes }
  expect(ribs.map((record) => record.kind === 'RIB' && [record.prefix, record.entries])).toEqual([
    ['192.0.2.0/24', [{ ...entry, peer: 1, nextHop: '10.0.0.2' }]],
    ['10.244.0.64/26', [{ ...entry, peer: 0, nextHop: '10.0.0.2' }]],
    ['2001:db8::/32', [{ ...entry, peer: 1, nextHop: 'fd00::2' }]],
  ])
})

it('not what it refused, nor what comes from a peer that is not listed', async () => {
  const refused = (['rejected', 'looped'] as const).map((status) => ({ ...view, status }))
  expect(await dumped(...refused, { ...view, peer: 'new' })).toHaveLength(1)
})

it('path identifiers where there are any', async () => {
  const [, record] = await dumped(view, { ...view, pathId: 7, status: 'lost' })
  expect(record).toMatchObject({ entries: [{ pathId: 0 }, { pathId: 7 }] })
})
