import { expect, it } from 'vitest'
import { acceptAll } from '../filter/filter.ts'
import { readMrt } from '../mrt/read.ts'
import type { MrtRecord } from '../mrt/record.ts'
import { createLab } from '../testing/lab.ts'
import { peerConfig } from './peer-config.ts'

it('gives its tables as MRT: its own routes and those of its peers', async () => {
  const lab = createLab()
  const filters = { importFilter: acceptAll, exportFilter: acceptAll }
  const one = lab.node('10.0.0.1', [peerConfig({ address: '10.0.0.2', localAs: 64512, remoteAs: 64513, ...filters })])
  const two = lab.node('10.0.0.2', [peerConfig({ address: '10.0.0.1', localAs: 64513, remoteAs: 64512, ...filters })])
  one.speaker.announce([{ prefix: '10.1.0.0/24', id: 'own', source: 'local', preference: 200, attributes: {} }])
  two.speaker.announce([{ prefix: '10.2.0.0/24', id: 'own', source: 'local', preference: 200, attributes: {} }])
  await lab.until('it is there', () => one.best().includes('10.2.0.0/24'))
  const dump = one.speaker.dump({ signal: new AbortController().signal })
  expect(await lab.clock.drive(read(dump))).toMatchObject([
    {
      kind: 'PEER_INDEX_TABLE',
      collectorId: '10.0.0.1',
      peers: [{ address: '::' }, { bgpId: '10.0.0.2', address: '10.0.0.2', as: 64513 }],
    },
    { kind: 'RIB', prefix: '10.1.0.0/24', entries: [{ peer: 0 }] },
    { kind: 'RIB', prefix: '10.2.0.0/24', entries: [{ peer: 1, nextHop: '10.0.0.2' }] },
  ])
  await lab.end()
})

it('ends with the reason when nobody wants the rest', async () => {
  const lab = createLab()
  const { speaker } = lab.node('10.0.0.1', [])
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  await expect(speaker.dump(stop)[Symbol.asyncIterator]().next()).rejects.toThrow('enough')
  await lab.end()
})

async function read(dump: AsyncIterable<Uint8Array>): Promise<MrtRecord[]> {
  const records: MrtRecord[] = []
  for await (const record of readMrt(dump)) records.push(record)
  return records
}
