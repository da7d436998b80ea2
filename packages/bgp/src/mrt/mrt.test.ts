import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMessage, keepalive } from '../message/message.ts'
import { defaultWireOptions } from '../message/options.ts'
import { anyMrtRecord } from '../testing/mrt.ts'
import { decodeMrt } from './decode.ts'
import { encodeMrt } from './encode.ts'
import { readMrt } from './read.ts'
import type { MrtRecord, RibRecord } from './record.ts'
import { dumpTable, type TablePath } from './table-dump.ts'

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const timeUs = 1_700_000_000_000_000
const attributes = { origin: 0, asPath: [{ type: 2, asns: [64513] }] } as const

async function readAll(chunks: Iterable<Uint8Array>): Promise<MrtRecord[]> {
  const records: MrtRecord[] = []
  for await (const record of readMrt(chunks)) records.push(record)
  return records
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('records', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(anyMrtRecord, (record) => {
        expect(decodeMrt(encodeMrt(record))).toEqual(record)
      }),
    )
  })

  it('are read from chunks of any size, and what is cut off is said', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMrtRecord, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 200 }),
        async (records, size) => {
          const bytes = joined(records.map(encodeMrt))
          expect(await readAll(cut(bytes, size))).toEqual(records)
          const short = await readAll(cut(bytes.subarray(0, -1), size))
          expect(short.slice(0, -1)).toEqual(records.slice(0, -1))
          expect(short.at(-1)?.kind).toBe('malformed')
        },
      ),
    )
  })

  it('any change of the bytes is survived', () => {
    fc.assert(
      fc.property(anyMrtRecord, fc.nat(), fc.integer({ min: 0, max: 255 }), (record, place, value) => {
        const bytes = encodeMrt(record)
        bytes[place % bytes.length] = value
        expect(decodeMrt(bytes).kind).toBeTypeOf('string')
      }),
    )
  })

  it('a file that is no MRT ends at once', async () => {
    const [only, ...more] = await readAll(cut(new Uint8Array(1000).fill(0xff), 100))
    expect([only?.kind, more]).toEqual(['malformed', []])
  })

  it('an unknown type is kept as it is', () => {
    const bytes = new Uint8Array([0, 0, 0, 1, 0, 48, 0, 1, 0, 0, 0, 2, 7, 8])
    const record = decodeMrt(bytes)
    expect(record).toMatchObject({ kind: 'unknown', timeUs: 1_000_000, type: 48, body: Uint8Array.of(7, 8) })
    expect(hex(encodeMrt(record))).toBe(hex(bytes))
  })

  const damaged = (place: number, value: number): MrtRecord => {
    const entry = { peer: 0, originatedTime: 0, nextHop: '10.0.0.2', attributes: { ...attributes, communities: [7] } }
    const bytes = encodeMrt({ kind: 'RIB', timeUs, sequence: 0, prefix: '10.0.0.0/8', entries: [entry] })
    return decodeMrt(bytes.with(bytes.length - place, value))
  }

  it('flags of attributes are not needed: BIRD writes none for what it has set itself', () => {
    expect(damaged(7, 0)).toMatchObject({ entries: [{ attributes: { ...attributes, communities: [7] } }] })
  })

  it('a wrong attribute is said and left out, the path is not', () => {
    const [wrong] = (damaged(24, 9) as RibRecord).entries
    expect(wrong).toMatchObject({ nextHop: '10.0.0.2', faults: ['ORIGIN is malformed'] })
    expect(wrong?.attributes).toEqual({ asPath: attributes.asPath, communities: [7] })
  })

  it('values that do not fit are refused', () => {
    const entry = { peer: 0x10000, originatedTime: 0, attributes }
    expect(() => encodeMrt({ kind: 'RIB', timeUs, sequence: 0, prefix: '10.0.0.0/8', entries: [entry] })).toThrow(
      expect.objectContaining({ code: 'bgp/bad-value' }),
    )
  })
})

describe('the bytes', () => {
  it('of a peer table: RFC 6396 §4.3.1', () => {
    const peers = [
      { bgpId: '10.0.0.2', address: '10.0.0.2', as: 64513 },
      { bgpId: '10.0.0.3', address: 'fd00::3', as: 4_200_000_001 },
    ]
    const record = { kind: 'PEER_INDEX_TABLE', timeUs, collectorId: '10.0.0.1', viewName: 'v', peers } as const
    expect(hex(encodeMrt(record))).toBe(
      '6553f100000d00010000002f' +
        '0a000001' +
        '000176' +
        '0002' +
        '020a0000020a0000020000fc01' +
        '030a000003fd000000000000000000000000000003fa56ea01',
    )
  })

  it('of an IPv6 path: MP_REACH_NLRI holds the next hop alone (RFC 6396 §4.3.4)', () => {
    const entries = [{ peer: 1, originatedTime: 5, nextHop: 'fd00::2', attributes }]
    const bytes = encodeMrt({ kind: 'RIB', timeUs, sequence: 9, prefix: 'fd01::/16', entries })
    expect(hex(bytes)).toBe(
      '6553f100000d00040000003200000009' +
        '10fd01' +
        '0001' +
        '0001000000050021' +
        '40010100' +
        '4002060201' +
        '0000fc01' +
        '800e1110' +
        'fd000000000000000000000000000002',
    )
  })

  it('of a message: plain with whole seconds, BGP4MP_ET with microseconds', () => {
    const record = {
      kind: 'MESSAGE',
      timeUs,
      as4: true,
      peerAs: 64513,
      localAs: 64512,
      interfaceIndex: 2,
      peerAddress: '10.0.0.2',
      localAddress: '10.0.0.1',
      sent: false,
      addPath: false,
      message: encodeMessage(keepalive, defaultWireOptions),
    } as const
    const body = `0000fc010000fc00000200010a0000020a000001${'ff'.repeat(16)}001304`
    expect(hex(encodeMrt(record))).toBe(`6553f1000010000400000027${body}`)
    expect(hex(encodeMrt({ ...record, timeUs: timeUs + 7, sent: true }))).toBe(
      `6553f100001100070000002b00000007${body}`,
    )
  })
})

describe('a table dump', () => {
  const peers = [{ bgpId: '10.0.0.2', address: '10.0.0.2', as: 64513 }]

  function* table(prefixes: number, paths: number): Generator<TablePath> {
    for (let i = 0; i < prefixes; i++)
      for (let pathId = 1; pathId <= paths; pathId++)
        yield {
          prefix: `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`,
          peer: 0,
          originatedTime: 1_700_000_000,
          pathId,
          nextHop: '10.0.0.2',
          attributes,
        }
  }

  it('groups the paths of a prefix and counts the prefixes', async () => {
    const chunks = dumpTable({ timeUs, collectorId: '10.0.0.1', peers, paths: table(300, 2) })
    const [first, ...ribs] = await readAll(chunks)
    expect(first).toMatchObject({ kind: 'PEER_INDEX_TABLE', peers, viewName: '' })
    expect(ribs).toHaveLength(300)
    for (const [i, record] of ribs.entries())
      expect(record).toMatchObject({ kind: 'RIB', sequence: i, entries: [{ pathId: 1 }, { pathId: 2 }] })
  })

  it('takes paths only as chunks are taken, so that any table passes through bounded memory', () => {
    let taken = 0
    function* counted(): Generator<TablePath> {
      for (const path of table(100_000, 1)) {
        taken++
        yield path
      }
    }
    let before = 0
    for (const chunk of dumpTable({ timeUs, collectorId: '10.0.0.1', peers, paths: counted() })) {
      expect(chunk.length).toBeLessThan(70_000)
      expect(taken - before).toBeLessThan(1500)
      before = taken
    }
    expect(taken).toBe(100_000)
  })

  it('of an empty table has its peers only', async () => {
    expect(await readAll(dumpTable({ timeUs, collectorId: '10.0.0.1', peers, paths: [] }))).toHaveLength(1)
  })
})
