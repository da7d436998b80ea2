import { compareAddresses, parseAddress } from '@tortie/ip'
import type { State } from './fsm.ts'

/** Who opened a TCP connection. */
export type Initiator = 'local' | 'remote'

export interface Speakers {
  /** BGP identifiers as IPv4 text. */
  readonly localId: string
  readonly remoteId: string
  readonly localAs: number
  readonly remoteAs: number
}

/** What becomes of two connections to one peer. Whoever is closed is sent Cease 6/7, unless nothing was opened yet. */
export type CollisionVerdict = 'close-this' | 'close-other' | 'wait'

/**
 * Decides when an OPEN came on one connection (`initiator` opened it) while there is another: RFC 4271 §6.8, with the
 * order of RFC 6286 §2.3. Both ends come to the same connection.
 * @param gracefulRestart  the Established one may be replaced: the peer came back (RFC 4724 §4.2)
 */
export function resolveCollision(
  speakers: Speakers,
  initiator: Initiator,
  other: State,
  gracefulRestart: boolean,
): CollisionVerdict {
  if (other === 'Established') return gracefulRestart ? 'close-other' : 'close-this'
  if (other === 'OpenSent') return 'wait' // until its OPEN has come
  if (other !== 'OpenConfirm') return 'close-other'
  return initiator === dominant(speakers) ? 'close-other' : 'close-this'
}

/** The side whose connection stays: the higher identifier, then the higher AS. */
export function dominant({ localId, remoteId, localAs, remoteAs }: Speakers): Initiator {
  const order = compareAddresses(parseAddress(localId), parseAddress(remoteId)) || localAs - remoteAs
  return order > 0 ? 'local' : 'remote'
}
