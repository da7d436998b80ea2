import type { Family } from '@tortie/ip'
import {
  type AddPathDirections,
  type AfiSafi,
  type Capability,
  encodeCapability,
  findCapability,
} from '../message/capabilities.ts'
import { Afi, ErrorCode, OpenSubcode, Safi } from '../message/iana.ts'
import { type NotificationMessage, notification } from '../message/notification.ts'
import { asOf, type OpenMessage } from '../message/open.ts'
import { defaultWireOptions, type WireOptions } from '../message/options.ts'
import { ByteWriter } from '../message/writer.ts'

/** What two OPENs agree on. */
export interface Session {
  readonly remoteAs: number
  /** IPv4 text. */
  readonly remoteId: string
  readonly peer: 'internal' | 'external'
  /** Seconds; 0 means neither hold nor keepalive timer (RFC 4271 §4.2). */
  readonly holdTime: number
  /** Seconds: a third of the hold time. */
  readonly keepaliveTime: number
  readonly families: readonly Family[]
  /** For what we send, and for what we receive. */
  readonly send: WireOptions
  readonly receive: WireOptions
  readonly routeRefresh: boolean
  readonly enhancedRouteRefresh: boolean
  /** What the peer offers, when we offer it too (RFC 4724). */
  readonly gracefulRestart?: GracefulRestart
  /** Both sides know of LLGR_STALE (RFC 9494); seconds for which each of the peer's families may be kept as such. */
  readonly longLived?: readonly { readonly family: Family; readonly forwarding: boolean; readonly staleTime: number }[]
  /** `host.domain` of the peer, to be shown. */
  readonly hostname?: string
}

export interface GracefulRestart {
  /** The peer has restarted and waits for our End-of-RIB. */
  readonly restarting: boolean
  /** Both sides keep routes after a NOTIFICATION and an expired hold timer too (RFC 8538). */
  readonly notification: boolean
  /** Seconds to keep the peer's routes until it is back. */
  readonly time: number
  readonly families: readonly { readonly family: Family; readonly forwarding: boolean }[]
}

/** Roles that may face each other: RFC 9234 §4.2. */
const rolePairs: Readonly<Record<number, number | undefined>> = { 0: 3, 3: 0, 1: 2, 2: 1, 4: 4 }

/**
 * The NOTIFICATION that the peer's OPEN deserves (RFC 4271 §6.2, 6286, 7607, 9234), or undefined.
 * @param remoteAs  the AS that is expected; undefined accepts any
 */
export function checkOpen(
  local: OpenMessage,
  remote: OpenMessage,
  remoteAs: number | undefined,
): NotificationMessage | undefined {
  const as = asOf(remote)
  const bad = (subcode: number, data?: Uint8Array): NotificationMessage => notification(ErrorCode.open, subcode, data)
  if (as === 0 || (remoteAs !== undefined && as !== remoteAs)) return bad(OpenSubcode.badPeerAs)
  if (remote.myAs === 0) return bad(OpenSubcode.badPeerAs)
  const sameId = as === asOf(local) && remote.bgpId === local.bgpId
  if (remote.bgpId === '0.0.0.0' || sameId) return bad(OpenSubcode.badBgpIdentifier)
  if (remote.holdTime === 1 || remote.holdTime === 2) return bad(OpenSubcode.unacceptableHoldTime)
  const ours = findCapability(local.capabilities, 'role')?.role
  const theirs = remote.capabilities.filter((capability) => capability.kind === 'role').map(({ role }) => role)
  if (ours !== undefined && theirs.some((role) => rolePairs[ours] !== role)) return bad(OpenSubcode.roleMismatch)
  if (commonFamilies(local, remote).length > 0) return undefined
  return bad(OpenSubcode.unsupportedCapability, multiprotocolBytes(local.capabilities))
}

/** The capabilities that the peer lacks, as RFC 5492 §3 wants them in the NOTIFICATION. */
function multiprotocolBytes(capabilities: readonly Capability[]): Uint8Array {
  const writer = new ByteWriter(64)
  for (const capability of capabilities) if (capability.kind === 'multiprotocol') encodeCapability(writer, capability)
  return writer.bytes
}

function familyOf({ afi, safi }: AfiSafi): Family | undefined {
  if (safi !== Safi.unicast) return undefined
  return afi === Afi.IPv4 ? 4 : afi === Afi.IPv6 ? 6 : undefined
}

/** Families of one OPEN; IPv4 when it has no multiprotocol capability at all (RFC 4760 §8). */
function familiesOf({ capabilities }: OpenMessage): readonly Family[] {
  const offered = capabilities.filter((capability) => capability.kind === 'multiprotocol')
  if (offered.length === 0) return [4]
  return offered.map(familyOf).filter((family) => family !== undefined)
}

function commonFamilies(local: OpenMessage, remote: OpenMessage): readonly Family[] {
  const theirs = familiesOf(remote)
  return ([4, 6] as const).filter((family) => theirs.includes(family) && familiesOf(local).includes(family))
}

function addPathOf({ capabilities }: OpenMessage, family: Family): AddPathDirections {
  const offered = findCapability(capabilities, 'addPath')?.families.find((one) => familyOf(one) === family)
  return offered ?? { receive: false, send: false }
}

/** What the two OPENs agree on; `remote` has passed `checkOpen`. */
export function negotiate(local: OpenMessage, remote: OpenMessage): Session {
  const both = (kind: Exclude<Capability['kind'], 'unknown'>): boolean =>
    [local, remote].every(({ capabilities }) => findCapability(capabilities, kind) !== undefined)
  const remoteAs = asOf(remote)
  const peer = remoteAs === asOf(local) ? 'internal' : 'external'
  const directed = (from: OpenMessage, to: OpenMessage): WireOptions => ({
    ...defaultWireOptions,
    peer,
    as4: both('fourOctetAs'),
    extendedMessage: both('extendedMessage'),
    extendedNextHop: [local, remote].every(hasExtendedNextHop),
    addPath: {
      4: addPathOf(from, 4).send && addPathOf(to, 4).receive,
      6: addPathOf(from, 6).send && addPathOf(to, 6).receive,
    },
  })
  const holdTime = Math.min(local.holdTime, remote.holdTime)
  const gracefulRestart = gracefulRestartOf(local, remote)
  const longLived = longLivedOf(local, remote)
  const fqdn = findCapability(remote.capabilities, 'fqdn')
  return {
    remoteAs,
    remoteId: remote.bgpId,
    peer,
    holdTime,
    keepaliveTime: holdTime / 3,
    families: commonFamilies(local, remote),
    send: directed(local, remote),
    receive: directed(remote, local),
    routeRefresh: both('routeRefresh'),
    enhancedRouteRefresh: both('enhancedRouteRefresh'),
    ...(gracefulRestart && { gracefulRestart }),
    ...(longLived && { longLived }),
    ...(fqdn && { hostname: fqdn.domain === '' ? fqdn.host : `${fqdn.host}.${fqdn.domain}` }),
  }
}

function hasExtendedNextHop({ capabilities }: OpenMessage): boolean {
  const families = findCapability(capabilities, 'extendedNextHop')?.families ?? []
  return families.some((one) => familyOf(one) === 4 && one.nextHopAfi === Afi.IPv6)
}

function gracefulRestartOf(local: OpenMessage, remote: OpenMessage): GracefulRestart | undefined {
  const ours = findCapability(local.capabilities, 'gracefulRestart')
  const theirs = findCapability(remote.capabilities, 'gracefulRestart')
  if (!ours || !theirs) return undefined
  return {
    restarting: theirs.restarting,
    notification: ours.notification && theirs.notification,
    time: theirs.time,
    families: theirs.families.flatMap((one) => {
      const family = familyOf(one)
      return family === undefined ? [] : [{ family, forwarding: one.forwarding }]
    }),
  }
}

/** The times that the peer asks for. The capability means nothing without that of graceful restart: RFC 9494 §3. */
function longLivedOf(local: OpenMessage, remote: OpenMessage): Session['longLived'] {
  const kind = 'longLivedGracefulRestart'
  const theirs = findCapability(remote.capabilities, kind)
  if (!theirs || !findCapability(local.capabilities, kind) || !gracefulRestartOf(local, remote)) return undefined
  return theirs.families.flatMap(({ afi, safi, forwarding, staleTime }) => {
    const family = familyOf({ afi, safi })
    return family === undefined ? [] : [{ family, forwarding, staleTime }]
  })
}
