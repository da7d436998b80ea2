import type { Random } from '@tortie/runtime'
import type { SpeakerConfig } from './config.ts'
import type { ConnectionPorts } from './connection-ports.ts'
import type { Peer } from './peer.ts'
import type { PeerSessionPorts } from './peer-session.ts'
import type { Network } from './ports.ts'
import type { Recovery } from './recovery.ts'
import type { SpeakerEvent } from './speaker.ts'

/** What a peer has of its speaker. */
export interface PeerPorts
  extends ConnectionPorts,
    Pick<PeerSessionPorts, 'rib' | 'bfd' | 'draining' | 'indexed' | 'touched'> {
  readonly network: Network
  readonly random: Random
  readonly speaker: () => SpeakerConfig
  readonly recovery: Recovery
  readonly emit: (event: SpeakerEvent) => void
  /** Nothing of the peer is left: one that was made on demand goes. */
  readonly over: (peer: Peer) => void
}
