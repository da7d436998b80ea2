import { parsePrefix } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import { beginAttribute, encodeAttributes, endAttribute } from '../message/attributes.ts'
import { AttributeFlag, AttributeType } from '../message/iana.ts'
import { encodeNlri, nlriOf } from '../message/nlri.ts'
import { ByteWriter } from '../message/writer.ts'
import {
  Bgp4mpSubtype,
  dumpOptions,
  type MessageRecord,
  type MrtRecord,
  MrtType,
  mrtStates,
  type OtherRecord,
  type PeerIndexTable,
  type RibEntry,
  type RibRecord,
  type StateChangeRecord,
  TableDumpSubtype,
} from './record.ts'

/**
 * Appends one record. On an error nothing is appended.
 * @throws BgpError, IpError for values that do not fit their field
 */
export function writeMrt(writer: ByteWriter, record: MrtRecord): void {
  const start = writer.length
  try {
    const lengthAt = writeHeader(writer, record)
    bodies[record.kind](writer, record as never)
    const length = writer.length - lengthAt - 4
    writer.patchU16(lengthAt, length >>> 16).patchU16(lengthAt + 2, length & 0xffff)
  } catch (error) {
    writer.reset(start)
    throw error
  }
}

/** One record as bytes of its own. @throws as `writeMrt` */
export function encodeMrt(record: MrtRecord): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(512)
  writeMrt(writer, record)
  return writer.bytes
}

/** Where the length goes. The microseconds of BGP4MP_ET count as body (RFC 6396 §3). */
function writeHeader(writer: ByteWriter, record: MrtRecord): number {
  const { timeUs } = record
  const microseconds = timeUs % 1_000_000
  const [type, subtype] = typeOf(record, microseconds !== 0)
  writer
    .u32(Math.floor(timeUs / 1_000_000))
    .u16(type)
    .u16(subtype)
  const lengthAt = writer.length
  writer.u32(0)
  if (type === MrtType.BGP4MP_ET) writer.u32(microseconds)
  return lengthAt
}

function typeOf(record: MrtRecord, fraction: boolean): readonly [type: number, subtype: number] {
  const session = fraction ? MrtType.BGP4MP_ET : MrtType.BGP4MP
  switch (record.kind) {
    case 'PEER_INDEX_TABLE':
      return [MrtType.TABLE_DUMP_V2, TableDumpSubtype.PEER_INDEX_TABLE]
    case 'RIB':
      return [MrtType.TABLE_DUMP_V2, ribSubtype(record)]
    case 'MESSAGE': {
      const { as4, sent, addPath } = record
      return [session, Bgp4mpSubtype[`MESSAGE${as4 ? '_AS4' : ''}${sent ? '_LOCAL' : ''}${addPath ? '_ADDPATH' : ''}`]]
    }
    case 'STATE_CHANGE':
      return [session, record.as4 ? Bgp4mpSubtype.STATE_CHANGE_AS4 : Bgp4mpSubtype.STATE_CHANGE]
    default:
      return [record.type, record.subtype]
  }
}

function ribSubtype({ prefix, entries }: RibRecord): number {
  const v6 = prefix.includes(':')
  if (hasPathIds(entries))
    return v6 ? TableDumpSubtype.RIB_IPV6_UNICAST_ADDPATH : TableDumpSubtype.RIB_IPV4_UNICAST_ADDPATH
  return v6 ? TableDumpSubtype.RIB_IPV6_UNICAST : TableDumpSubtype.RIB_IPV4_UNICAST
}

const hasPathIds = (entries: readonly RibEntry[]): boolean => entries.some(({ pathId }) => pathId !== undefined)

type Bodies = {
  readonly [K in MrtRecord['kind']]: (writer: ByteWriter, record: Extract<MrtRecord, { readonly kind: K }>) => void
}

const bodies: Bodies = {
  PEER_INDEX_TABLE: writePeers,
  RIB: writeRib,
  MESSAGE: writeMessageRecord,
  STATE_CHANGE: writeStateChange,
  unknown: (writer, { body }: OtherRecord) => void writer.raw(body),
  malformed: (writer, { body }: OtherRecord) => void writer.raw(body),
}

function writePeers(writer: ByteWriter, { collectorId, viewName, peers }: PeerIndexTable): void {
  const name = new TextEncoder().encode(viewName)
  writer.ipv4(collectorId)
  writer.u16(fitting('viewName', name.length)).raw(name).u16(fitting('peers', peers.length))
  for (const { bgpId, address, as } of peers)
    writer
      .u8(address.includes(':') ? 3 : 2)
      .ipv4(bgpId)
      .address(address)
      .u32(as)
}

function writeRib(writer: ByteWriter, { sequence, prefix, entries }: RibRecord): void {
  writer.u32(sequence)
  encodeNlri(writer, nlriOf(parsePrefix(prefix).family, [prefix]), false)
  writer.u16(fitting('entries', entries.length))
  const withIds = hasPathIds(entries)
  for (const entry of entries) {
    writer.u16(fitting('peer', entry.peer)).u32(entry.originatedTime)
    if (withIds) writer.u32(entry.pathId ?? 0)
    const lengthAt = writer.length
    writer.u16(0)
    writeAttributes(writer, entry)
    writer.patchU16(lengthAt, writer.length - lengthAt - 2)
  }
}

/** The next hop is an attribute of its own, MP_REACH_NLRI shortened to it when it is IPv6: RFC 6396 §4.3.4. */
function writeAttributes(writer: ByteWriter, { nextHop, linkLocal, attributes }: RibEntry): void {
  const v6 = nextHop?.includes(':')
  encodeAttributes(writer, nextHop === undefined || v6 ? attributes : { ...attributes, nextHop }, dumpOptions)
  if (nextHop === undefined || !v6) return
  const start = writer.length
  beginAttribute(writer, AttributeFlag.optional, AttributeType.MP_REACH_NLRI)
  writer.u8(linkLocal === undefined ? 16 : 32).address(nextHop)
  if (linkLocal !== undefined) writer.address(linkLocal)
  endAttribute(writer, start)
}

function writeMessageRecord(writer: ByteWriter, record: MessageRecord): void {
  writeSession(writer, record)
  writer.raw(record.message)
}

function writeStateChange(writer: ByteWriter, record: StateChangeRecord): void {
  writeSession(writer, record)
  writer.u16(mrtStates.indexOf(record.oldState) + 1).u16(mrtStates.indexOf(record.newState) + 1)
}

function writeSession(writer: ByteWriter, record: MessageRecord | StateChangeRecord): void {
  const { as4, peerAs, localAs, interfaceIndex, peerAddress, localAddress } = record
  const v6 = peerAddress.includes(':')
  if (v6 !== localAddress.includes(':'))
    throw new BgpError('bgp/bad-value', { field: localAddress, why: `it is not of the family of ${peerAddress}` })
  if (as4) writer.u32(peerAs).u32(localAs)
  else writer.u16(fitting('peerAs', peerAs)).u16(fitting('localAs', localAs))
  writer
    .u16(interfaceIndex > 0xffff ? 0 : interfaceIndex)
    .u16(v6 ? 2 : 1)
    .address(peerAddress)
    .address(localAddress)
}

/** @throws BgpError over 16 bits */
function fitting(field: string, value: number): number {
  if (value > 0xffff) throw new BgpError('bgp/bad-value', { field, why: `${value} does not fit 16 bits` })
  return value
}
