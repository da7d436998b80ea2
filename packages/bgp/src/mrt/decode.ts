import { type Family, readAddress } from '@tortie/ip'
import { attributeAt, decodeAttributes } from '../message/attributes.ts'
import { AttributeFlag, AttributeType } from '../message/iana.ts'
import { decodeNlri, formatNlriEntry } from '../message/nlri.ts'
import { attributeRowByType } from '../message/path-attributes.ts'
import { viewOf } from '../message/writer.ts'
import {
  Bgp4mpSubtype,
  dumpOptions,
  type MrtPeer,
  type MrtRecord,
  MrtType,
  mrtStates,
  type OtherRecord,
  type PeerIndexTable,
  type RibEntry,
  type RibRecord,
  TableDumpSubtype,
} from './record.ts'

/** Timestamp, type, subtype, length (RFC 6396 §2). */
export const mrtHeaderSize = 12

const kindBits = AttributeFlag.optional | AttributeFlag.transitive

/** Bytes read from front to back; reading beyond the end throws `Malformed`, which stays in this file. */
class Cursor {
  at = 0
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  u8(): number {
    return this.view.getUint8(this.claim(1))
  }

  u16(): number {
    return this.view.getUint16(this.claim(2))
  }

  u32(): number {
    return this.view.getUint32(this.claim(4))
  }

  take(count: number): Uint8Array {
    const at = this.claim(count)
    return this.bytes.subarray(at, at + count)
  }

  address(family: Family): string {
    return readAddress(this.bytes, this.claim(family === 4 ? 4 : 16), family)
  }

  private claim(count: number): number {
    if (this.left < count) throw new Malformed('it is cut short')
    this.at += count
    return this.at - count
  }
}

class Malformed extends Error {}

/** Decodes one whole record, header included. Never throws: what is wrong makes a `malformed` record. */
export function decodeMrt(bytes: Uint8Array): MrtRecord {
  const header = viewOf(bytes)
  const type = header.getUint16(4)
  const subtype = header.getUint16(6)
  const cursor = new Cursor(bytes.subarray(mrtHeaderSize))
  let timeUs = header.getUint32(0) * 1_000_000
  const other = (kind: OtherRecord['kind'], why: string): OtherRecord => {
    return { kind, timeUs, type, subtype, body: bytes.slice(mrtHeaderSize), why }
  }
  try {
    if (type === MrtType.BGP4MP_ET) timeUs += cursor.u32()
    const decode = decoders[type === MrtType.BGP4MP_ET ? MrtType.BGP4MP : type]?.[subtype]
    if (!decode) return other('unknown', '')
    const record = decode(cursor, timeUs)
    return cursor.left > 0 ? other('malformed', `${cursor.left} octets are left over`) : record
  } catch (error) {
    if (error instanceof Malformed) return other('malformed', error.message)
    throw error
  }
}

type Decode = (cursor: Cursor, timeUs: number) => MrtRecord

const message =
  (as4: boolean, sent: boolean, addPath: boolean): Decode =>
  (cursor, timeUs) => {
    const session = readSession(cursor, as4)
    return { kind: 'MESSAGE', timeUs, ...session, sent, addPath, message: cursor.take(cursor.left).slice() }
  }

const stateChange =
  (as4: boolean): Decode =>
  (cursor, timeUs) => ({
    kind: 'STATE_CHANGE',
    timeUs,
    ...readSession(cursor, as4),
    oldState: readState(cursor),
    newState: readState(cursor),
  })

const rib =
  (family: Family, addPath: boolean): Decode =>
  (cursor, timeUs) =>
    readRib(cursor, timeUs, family, addPath)

const decoders: Readonly<Record<number, Readonly<Record<number, Decode>>>> = {
  [MrtType.TABLE_DUMP_V2]: {
    [TableDumpSubtype.PEER_INDEX_TABLE]: readPeers,
    [TableDumpSubtype.RIB_IPV4_UNICAST]: rib(4, false),
    [TableDumpSubtype.RIB_IPV6_UNICAST]: rib(6, false),
    [TableDumpSubtype.RIB_IPV4_UNICAST_ADDPATH]: rib(4, true),
    [TableDumpSubtype.RIB_IPV6_UNICAST_ADDPATH]: rib(6, true),
  },
  [MrtType.BGP4MP]: {
    [Bgp4mpSubtype.STATE_CHANGE]: stateChange(false),
    [Bgp4mpSubtype.STATE_CHANGE_AS4]: stateChange(true),
    [Bgp4mpSubtype.MESSAGE]: message(false, false, false),
    [Bgp4mpSubtype.MESSAGE_AS4]: message(true, false, false),
    [Bgp4mpSubtype.MESSAGE_LOCAL]: message(false, true, false),
    [Bgp4mpSubtype.MESSAGE_AS4_LOCAL]: message(true, true, false),
    [Bgp4mpSubtype.MESSAGE_ADDPATH]: message(false, false, true),
    [Bgp4mpSubtype.MESSAGE_AS4_ADDPATH]: message(true, false, true),
    [Bgp4mpSubtype.MESSAGE_LOCAL_ADDPATH]: message(false, true, true),
    [Bgp4mpSubtype.MESSAGE_AS4_LOCAL_ADDPATH]: message(true, true, true),
  },
}

function readPeers(cursor: Cursor, timeUs: number): PeerIndexTable {
  const collectorId = cursor.address(4)
  const viewName = new TextDecoder().decode(cursor.take(cursor.u16()))
  const peers: MrtPeer[] = []
  for (let left = cursor.u16(); left > 0; left--) {
    const type = cursor.u8()
    const bgpId = cursor.address(4)
    const address = cursor.address(type & 1 ? 6 : 4)
    peers.push({ bgpId, address, as: type & 2 ? cursor.u32() : cursor.u16() })
  }
  return { kind: 'PEER_INDEX_TABLE', timeUs, collectorId, viewName, peers }
}

function readRib(cursor: Cursor, timeUs: number, family: Family, addPath: boolean): RibRecord {
  const sequence = cursor.u32()
  const prefix = readPrefix(cursor, family)
  const entries: RibEntry[] = []
  for (let left = cursor.u16(); left > 0; left--) {
    const peer = cursor.u16()
    const originatedTime = cursor.u32()
    const pathId = addPath ? { pathId: cursor.u32() } : {}
    entries.push({ peer, originatedTime, ...pathId, ...readAttributes(cursor.take(cursor.u16())) })
  }
  return { kind: 'RIB', timeUs, sequence, prefix, entries }
}

function readPrefix(cursor: Cursor, family: Family): string {
  const length = cursor.u8()
  const bytes = Uint8Array.of(length, ...cursor.take((length + 7) >> 3))
  const nlri = decodeNlri(bytes, 0, bytes.length, family, false)
  if (!nlri) throw new Malformed(`a prefix has length ${length}`)
  return formatNlriEntry(nlri, 0)
}

function readAttributes(bytes: Uint8Array): Omit<RibEntry, 'peer' | 'originatedTime' | 'pathId'> {
  const kept = new Uint8Array(bytes.length)
  let size = 0
  let reach: Pick<RibEntry, 'nextHop' | 'linkLocal'> = {}
  for (let at = 0; at < bytes.length; ) {
    const span = attributeAt(bytes, at, bytes.length)
    if (!span) throw new Malformed('an attribute reaches beyond the attributes')
    if (span.type === AttributeType.MP_REACH_NLRI) reach = readReach(bytes.subarray(span.value, span.end))
    else {
      kept.set(bytes.subarray(span.start, span.end), size)
      // BIRD leaves the flags of what it has set itself at 0. A file is no peer: what they should be is known.
      kept[size] = (span.flags & ~kindBits) | (attributeRowByType.get(span.type)?.flags ?? span.flags & kindBits)
      size += span.end - span.start
    }
    at = span.end
  }
  const { attributes, faults } = decodeAttributes(kept.subarray(0, size), dumpOptions)
  const { nextHop, ...rest } = attributes
  const wrong = faults.length > 0 ? { faults: faults.map(({ reason }) => reason) } : {}
  return { ...(nextHop === undefined ? {} : { nextHop }), ...reach, attributes: rest, ...wrong }
}

/** MP_REACH_NLRI shortened to the next hop; some writers leave AFI and SAFI before it, whose first octet is 0. */
function readReach(value: Uint8Array): Pick<RibEntry, 'nextHop' | 'linkLocal'> {
  const cursor = new Cursor(value)
  if (value[0] === 0) cursor.take(3)
  const size = cursor.u8()
  if (size === 4) return { nextHop: cursor.address(4) }
  if (size !== 16 && size !== 32) throw new Malformed(`a next hop has ${size} octets`)
  const nextHop = cursor.address(6)
  return size === 32 ? { nextHop, linkLocal: cursor.address(6) } : { nextHop }
}

function readSession(cursor: Cursor, as4: boolean) {
  const peerAs = as4 ? cursor.u32() : cursor.u16()
  const localAs = as4 ? cursor.u32() : cursor.u16()
  const interfaceIndex = cursor.u16()
  const afi = cursor.u16()
  if (afi !== 1 && afi !== 2) throw new Malformed(`the address family is ${afi}`)
  const family = afi === 1 ? 4 : 6
  return {
    as4,
    peerAs,
    localAs,
    interfaceIndex,
    peerAddress: cursor.address(family),
    localAddress: cursor.address(family),
  }
}

function readState(cursor: Cursor) {
  const number = cursor.u16()
  const state = mrtStates[number - 1]
  if (!state) throw new Malformed(`there is no state ${number}`)
  return state
}
