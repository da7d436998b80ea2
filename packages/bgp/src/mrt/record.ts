import { defaultWireOptions, type WireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { State } from '../session/fsm.ts'

/** RFC 6396 §4: the types that are written and understood here. */
export const MrtType = { TABLE_DUMP_V2: 13, BGP4MP: 16, BGP4MP_ET: 17 } as const

/** RFC 6396 §4.3, RFC 8050 §4. */
export const TableDumpSubtype = {
  PEER_INDEX_TABLE: 1,
  RIB_IPV4_UNICAST: 2,
  RIB_IPV6_UNICAST: 4,
  RIB_IPV4_UNICAST_ADDPATH: 8,
  RIB_IPV6_UNICAST_ADDPATH: 10,
} as const

/** RFC 6396 §4.4, RFC 8050 §3. */
export const Bgp4mpSubtype = {
  STATE_CHANGE: 0,
  MESSAGE: 1,
  MESSAGE_AS4: 4,
  STATE_CHANGE_AS4: 5,
  MESSAGE_LOCAL: 6,
  MESSAGE_AS4_LOCAL: 7,
  MESSAGE_ADDPATH: 8,
  MESSAGE_AS4_ADDPATH: 9,
  MESSAGE_LOCAL_ADDPATH: 10,
  MESSAGE_AS4_LOCAL_ADDPATH: 11,
} as const

/** One record of a file. Times are microseconds since the Unix epoch; TABLE_DUMP_V2 keeps whole seconds. */
export type MrtRecord = PeerIndexTable | RibRecord | MessageRecord | StateChangeRecord | OtherRecord

export interface MrtPeer {
  /** IPv4 text. */
  readonly bgpId: string
  readonly address: string
  readonly as: number
}

/** First of a table dump: RIB records name peers by their place in it. */
export interface PeerIndexTable {
  readonly kind: 'PEER_INDEX_TABLE'
  readonly timeUs: number
  /** BGP identifier of the speaker whose table it is, IPv4 text. */
  readonly collectorId: string
  /** Empty: none. */
  readonly viewName: string
  readonly peers: readonly MrtPeer[]
}

/** The paths of one prefix. */
export interface RibRecord {
  readonly kind: 'RIB'
  readonly timeUs: number
  /** Counts from 0, modulo 2^32. */
  readonly sequence: number
  /** Canonical text. */
  readonly prefix: string
  /** All with a path identifier, or none (RFC 8050). */
  readonly entries: readonly RibEntry[]
}

export interface RibEntry {
  /** Index into the peers. */
  readonly peer: number
  /** When the path was received, seconds since the Unix epoch. */
  readonly originatedTime: number
  readonly pathId?: number
  /** IPv4 or IPv6; there is none in the attributes. */
  readonly nextHop?: string
  /** The second address of an IPv6 next hop (RFC 2545 §3). */
  readonly linkLocal?: string
  readonly attributes: Omit<PathAttributes, 'nextHop'>
  /** Only of an entry that was read: what was wrong in its attributes. Those are left out. */
  readonly faults?: readonly string[]
}

interface SessionRecord {
  /** Written as BGP4MP_ET when it is not a whole second. */
  readonly timeUs: number
  readonly peerAs: number
  readonly localAs: number
  /** ifindex; 0 when not known. One over 65535 is written as 0. */
  readonly interfaceIndex: number
  /** Both of one family. */
  readonly peerAddress: string
  readonly localAddress: string
  /** AS numbers of this record, and of the message in it, have 4 octets. */
  readonly as4: boolean
}

/** One BGP message as it was on the wire. */
export interface MessageRecord extends SessionRecord {
  readonly kind: 'MESSAGE'
  /** Sent by us, not received. */
  readonly sent: boolean
  /** The prefixes in it have path identifiers. */
  readonly addPath: boolean
  /** Header included. */
  readonly message: Uint8Array
}

export interface StateChangeRecord extends SessionRecord {
  readonly kind: 'STATE_CHANGE'
  readonly oldState: State
  readonly newState: State
}

/** A record of a type that is not known here, or whose bytes make no sense. */
export interface OtherRecord {
  readonly kind: 'unknown' | 'malformed'
  readonly timeUs: number
  readonly type: number
  readonly subtype: number
  readonly body: Uint8Array
  /** What is wrong; empty when it is unknown. */
  readonly why: string
}

/** RFC 6396 §4.4.1: the place is the number, less one. */
export const mrtStates: readonly State[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established']

/** Attributes in a dump have 4-octet AS numbers and nothing left out: RFC 6396 §4.3.4. */
export const dumpOptions: WireOptions = { ...defaultWireOptions, as4: true, peer: 'internal' }
