import { formatAddress, formatPrefix, parseAddress, parseCidr, prefixOf } from '@tortie/ip'
import fc from 'fast-check'
import { type MrtPeer, type MrtRecord, mrtStates, type RibEntry } from '../mrt/record.ts'
import { anyAttributes } from './arbitraries.ts'

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6().map((text) => formatAddress(parseAddress(text)))
const seconds = u32.map((time) => time * 1_000_000)

const prefixIn = (address: fc.Arbitrary<string>, longest: number): fc.Arbitrary<string> =>
  fc.tuple(address, fc.integer({ min: 0, max: longest })).map(([text, length]) => {
    const { address: parsed } = parseCidr(text)
    return formatPrefix(prefixOf(parsed, length))
  })

const nextHop = fc.oneof(
  ipv4.map((address) => ({ nextHop: address })),
  ipv6.map((address) => ({ nextHop: address })),
  ipv6.map((address) => ({ nextHop: address, linkLocal: 'fe80::1' })),
  fc.constant({}),
)
const attributes = anyAttributes(true).map(({ nextHop: _, ...rest }) => rest)

export const anyRibEntry = (addPath: boolean): fc.Arbitrary<RibEntry> =>
  fc
    .tuple(fc.record({ peer: u16, originatedTime: u32, attributes }), nextHop, u32)
    .map(([entry, hop, pathId]) => ({ ...entry, ...hop, ...(addPath ? { pathId } : {}) }))

const entries = fc.boolean().chain((addPath) => fc.array(anyRibEntry(addPath), { minLength: 1, maxLength: 4 }))

export const anyMrtPeer: fc.Arbitrary<MrtPeer> = fc.record({ bgpId: ipv4, address: fc.oneof(ipv4, ipv6), as: u32 })

const session = fc
  .record({
    timeUs: fc.integer({ min: 0, max: 4_294_967_295_999_999 }),
    interfaceIndex: u16,
    as4: fc.boolean(),
    addresses: fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6)),
    ases: fc.tuple(u32, u32),
  })
  .map(({ addresses: [peerAddress, localAddress], ases: [peerAs, localAs], ...rest }) => {
    const mask = rest.as4 ? 0xffff_ffff : 0xffff
    return { ...rest, peerAddress, localAddress, peerAs: (peerAs & mask) >>> 0, localAs: (localAs & mask) >>> 0 }
  })

/** Records of every kind that is written. */
export const anyMrtRecord: fc.Arbitrary<MrtRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('PEER_INDEX_TABLE' as const),
    timeUs: seconds,
    collectorId: ipv4,
    viewName: fc.string({ unit: 'binary', maxLength: 20 }),
    peers: fc.array(anyMrtPeer, { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('RIB' as const),
    timeUs: seconds,
    sequence: u32,
    prefix: fc.oneof(prefixIn(ipv4, 32), prefixIn(ipv6, 128)),
    entries,
  }),
  fc
    .tuple(session, fc.boolean(), fc.boolean(), fc.uint8Array({ maxLength: 100 }))
    .map(([common, sent, addPath, message]) => ({ kind: 'MESSAGE' as const, ...common, sent, addPath, message })),
  fc
    .tuple(session, fc.constantFrom(...mrtStates), fc.constantFrom(...mrtStates))
    .map(([common, oldState, newState]) => ({ kind: 'STATE_CHANGE' as const, ...common, oldState, newState })),
)
