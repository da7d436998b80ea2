import type { Call } from '@tortie/runtime'
import type { MrtPeer } from '../mrt/record.ts'
import { dumpRib } from '../mrt/rib-dump.ts'
import type { Rib } from '../rib/contract.ts'
import type { PeerStatus } from './speaker.ts'

export interface SpeakerDump {
  readonly rib: Pick<Rib, 'paths'>
  readonly peers: readonly PeerStatus[]
  /** IPv4 text. */
  readonly routerId: string
  /** Wall clock, milliseconds. */
  readonly nowMs: number
  readonly yieldTurn: () => Promise<void>
}

/**
 * Both tables as MRT, a chunk each time that one is taken, with a turn of the event loop between chunks: keepalives go
 * out meanwhile. Ends by throwing `signal.reason`.
 */
export async function* dumpSpeaker(dump: SpeakerDump, { signal }: Call): AsyncGenerator<Uint8Array> {
  const { rib, peers, routerId, nowMs, yieldTurn } = dump
  const listed = new Map(peers.map((peer) => [peer.key, mrtPeer(peer)]))
  for (const chunk of dumpRib({ timeUs: nowMs * 1000, collectorId: routerId, rib, peers: listed })) {
    signal.throwIfAborted()
    yield chunk
    await yieldTurn()
  }
}

/** Of a peer that is away, and whose routes are kept, the identifier is not known any more. */
function mrtPeer({ address, session, remoteAs }: PeerStatus): MrtPeer {
  const [bare = ''] = address.split('%')
  return { bgpId: session?.remoteId ?? '0.0.0.0', address: bare, as: session?.remoteAs ?? remoteAs ?? 0 }
}
