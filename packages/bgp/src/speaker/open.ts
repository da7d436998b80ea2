import type { Family } from '@tortie/ip'
import type { Capability } from '../message/capabilities.ts'
import { Afi, Safi } from '../message/iana.ts'
import type { OpenMessage } from '../message/open.ts'
import type { PeerConfig, SpeakerConfig } from './config.ts'

/** What of the speaker's state an OPEN tells. */
export interface OpenFacts {
  /** Own restart is going on (R bit): the peer need not wait for our End-of-RIB. */
  readonly restarting: boolean
  /** Families whose routes stayed in the kernel since the last session (F bit). */
  readonly forwarding: readonly Family[]
  /** Capabilities to leave out, after a peer refused the OPEN for them. */
  readonly without: 'nothing' | 'optional' | 'all'
}

const afiSafi = (family: Family) => ({ afi: family === 4 ? Afi.IPv4 : Afi.IPv6, safi: Safi.unicast })

/** The OPEN for a peer. Capabilities come in a stable order (spec 05 A5). */
export function openOf(
  { routerId, hostname }: Pick<SpeakerConfig, 'routerId' | 'hostname'>,
  peer: PeerConfig,
  facts: OpenFacts,
): OpenMessage {
  const { localAs: as } = peer
  const capabilities: Capability[] = []
  const needed = facts.without !== 'all' || peer.families.some((family) => family !== 4)
  if (needed) for (const family of peer.families) capabilities.push({ kind: 'multiprotocol', ...afiSafi(family) })
  if (facts.without === 'nothing') capabilities.push({ kind: 'routeRefresh' })
  if (facts.without === 'nothing') capabilities.push(...optionalBefore(peer, facts))
  if (facts.without !== 'all' || as > 0xffff) capabilities.push({ kind: 'fourOctetAs', as })
  if (facts.without === 'nothing') capabilities.push(...optionalAfter(peer, facts, hostname))
  return { kind: 'OPEN', myAs: as, holdTime: peer.holdTime, bgpId: routerId, capabilities }
}

function optionalBefore(peer: PeerConfig, { restarting, forwarding }: OpenFacts): Capability[] {
  const { enabled, time, notification } = peer.gracefulRestart
  const capabilities: Capability[] = []
  if (peer.extendedNextHop && peer.families.includes(4))
    capabilities.push({ kind: 'extendedNextHop', families: [{ ...afiSafi(4), nextHopAfi: Afi.IPv6 }] })
  if (peer.extendedMessage) capabilities.push({ kind: 'extendedMessage' })
  if (peer.role !== undefined) capabilities.push({ kind: 'role', role: peer.role })
  // Able but not willing to have its own routes kept: no families (RFC 4724 §3).
  const families = enabled
    ? peer.families.map((family) => ({ ...afiSafi(family), forwarding: forwarding.includes(family) }))
    : []
  if (enabled || time > 0) capabilities.push({ kind: 'gracefulRestart', restarting, notification, time, families })
  return capabilities
}

function optionalAfter(peer: PeerConfig, { forwarding }: OpenFacts, hostname: string | undefined): Capability[] {
  const { send, receive } = peer.addPath
  const capabilities: Capability[] = []
  if (send || receive)
    capabilities.push({
      kind: 'addPath',
      families: peer.families.map((family) => ({ ...afiSafi(family), send, receive })),
    })
  if (peer.enhancedRouteRefresh) capabilities.push({ kind: 'enhancedRouteRefresh' })
  if (peer.longLived) {
    const { staleTime } = peer.longLived
    const families = staleTime > 0 ? peer.families : []
    capabilities.push({
      kind: 'longLivedGracefulRestart',
      families: families.map((family) => ({ ...afiSafi(family), forwarding: forwarding.includes(family), staleTime })),
    })
  }
  if (hostname !== undefined) capabilities.push({ kind: 'fqdn', host: hostname, domain: '' })
  return capabilities
}
