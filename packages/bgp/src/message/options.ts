import type { Family } from '@tortie/ip'

/** What both sides agreed on, for one direction: the bytes of an UPDATE mean nothing without it. */
export interface WireOptions {
  /** AS numbers have 4 octets in AS_PATH and AGGREGATOR (RFC 6793). */
  readonly as4: boolean
  /** Prefixes of the family carry path identifiers (RFC 7911). */
  readonly addPath: Readonly<Record<Family, boolean>>
  /** UPDATE, NOTIFICATION and ROUTE-REFRESH may have 65535 octets instead of 4096 (RFC 8654). */
  readonly extendedMessage: boolean
  /** IPv4 prefixes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean
  /** Who sends: some attributes and segments are not taken from everyone. */
  readonly peer: 'internal' | 'external' | 'confederation'
  /** What a malformed MP_REACH_NLRI or MP_UNREACH_NLRI of a known family costs (RFC 7606 §7.11): the session, or it. */
  readonly onMalformedMultiprotocol: 'session-reset' | 'afi-safi-disable'
}

/** Between two modern speakers of one AS that negotiated nothing else. */
export const defaultWireOptions: WireOptions = {
  as4: true,
  addPath: { 4: false, 6: false },
  extendedMessage: false,
  extendedNextHop: false,
  peer: 'internal',
  onMalformedMultiprotocol: 'session-reset',
}
