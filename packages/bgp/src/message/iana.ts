/**
 * Numbers that IANA keeps for BGP: https://www.iana.org/assignments/bgp-parameters and /capability-codes.
 * One constant, one RFC.
 */

/** RFC 4271 §4.1, RFC 2918. */
export const MessageType = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const

/** Address family identifiers (RFC 4760). */
export const Afi = { IPv4: 1, IPv6: 2 } as const
/** Subsequent address family identifiers (RFC 4760). */
export const Safi = { unicast: 1 } as const

/** Stands for an AS over 65535 in 2-octet fields: RFC 6793 §4. */
export const AS_TRANS = 23456

/** Flag bits of a path attribute: RFC 4271 §4.3. */
export const AttributeFlag = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const

export const AttributeType = {
  ORIGIN: 1, // RFC 4271
  AS_PATH: 2, // RFC 4271
  NEXT_HOP: 3, // RFC 4271
  MULTI_EXIT_DISC: 4, // RFC 4271
  LOCAL_PREF: 5, // RFC 4271
  ATOMIC_AGGREGATE: 6, // RFC 4271
  AGGREGATOR: 7, // RFC 4271
  COMMUNITIES: 8, // RFC 1997
  ORIGINATOR_ID: 9, // RFC 4456
  CLUSTER_LIST: 10, // RFC 4456
  MP_REACH_NLRI: 14, // RFC 4760
  MP_UNREACH_NLRI: 15, // RFC 4760
  EXTENDED_COMMUNITIES: 16, // RFC 4360
  AS4_PATH: 17, // RFC 6793
  AS4_AGGREGATOR: 18, // RFC 6793
  AIGP: 26, // RFC 7311
  LARGE_COMMUNITY: 32, // RFC 8092
  OTC: 35, // RFC 9234
} as const

/** Values of ORIGIN: RFC 4271 §5.1.1. */
export const Origin = { IGP: 0, EGP: 1, INCOMPLETE: 2 } as const

/** Kinds of AS_PATH segments: RFC 4271 §4.3, RFC 5065 §3. */
export const SegmentType = { AS_SET: 1, AS_SEQUENCE: 2, AS_CONFED_SEQUENCE: 3, AS_CONFED_SET: 4 } as const

export const CapabilityCode = {
  multiprotocol: 1, // RFC 4760 §8
  routeRefresh: 2, // RFC 2918
  extendedNextHop: 5, // RFC 8950
  extendedMessage: 6, // RFC 8654
  role: 9, // RFC 9234
  gracefulRestart: 64, // RFC 4724, 8538
  fourOctetAs: 65, // RFC 6793
  addPath: 69, // RFC 7911
  enhancedRouteRefresh: 70, // RFC 7313
  longLivedGracefulRestart: 71, // RFC 9494
  fqdn: 73, // draft-walton-bgp-hostname-capability
} as const

/** Optional parameters of OPEN: RFC 5492; 255 is RFC 9072. */
export const OpenParameter = { capabilities: 2, extendedLength: 255 } as const

/** Roles of RFC 9234 §4.1. */
export const Role = { provider: 0, routeServer: 1, routeServerClient: 2, customer: 3, peer: 4 } as const

/** Subtypes of ROUTE-REFRESH: RFC 7313 §3.2. */
export const RefreshSubtype = { request: 0, begin: 1, end: 2 } as const

export const ErrorCode = {
  header: 1, // RFC 4271 §6.1
  open: 2, // RFC 4271 §6.2
  update: 3, // RFC 4271 §6.3
  holdTimerExpired: 4, // RFC 4271 §6.5
  fsm: 5, // RFC 4271 §6.6, RFC 6608
  cease: 6, // RFC 4486
  routeRefresh: 7, // RFC 7313 §5
  sendHoldTimerExpired: 8, // RFC 9687
} as const

/** Subcodes of error code 1: RFC 4271 §6.1. */
export const HeaderSubcode = { notSynchronized: 1, badLength: 2, badType: 3 } as const

/** Subcodes of error code 2: RFC 4271 §6.2, RFC 5492, RFC 9234. */
export const OpenSubcode = {
  unspecific: 0,
  unsupportedVersion: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
} as const

/** Subcodes of error code 3: RFC 4271 §6.3. */
export const UpdateSubcode = {
  malformedAttributeList: 1,
  unrecognizedWellKnown: 2,
  missingWellKnown: 3,
  attributeFlags: 4,
  attributeLength: 5,
  invalidOrigin: 6,
  invalidNextHop: 8,
  optionalAttribute: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const

/** Subcodes of error code 5: RFC 6608. */
export const FsmSubcode = { openSent: 1, openConfirm: 2, established: 3 } as const

/** Subcodes of error code 6: RFC 4486; 9 is RFC 8538, 10 is RFC 9384. */
export const CeaseSubcode = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  collisionResolution: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const

/** Well-known communities, as 32-bit numbers. */
export const WellKnownCommunity = {
  GRACEFUL_SHUTDOWN: 0xffff0000, // RFC 8326
  LLGR_STALE: 0xffff0006, // RFC 9494
  NO_LLGR: 0xffff0007, // RFC 9494
  BLACKHOLE: 0xffff029a, // RFC 7999
  NO_EXPORT: 0xffffff01, // RFC 1997
  NO_ADVERTISE: 0xffffff02, // RFC 1997
  NO_EXPORT_SUBCONFED: 0xffffff03, // RFC 1997
  NO_PEER: 0xffffff04, // RFC 3765
} as const
