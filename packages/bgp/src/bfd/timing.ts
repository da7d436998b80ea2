/**
 * The intervals of one session, in microseconds (RFC 5880 §6.8.2–6.8.4). What this side advertises takes effect at once
 * when that cannot make the other side miss packets, else when the other side has confirmed it: by a Final for our Poll.
 */
import type { BfdState, ControlPacket } from './packet.ts'

/** While a session is not Up it sends no faster (RFC 5880 §6.8.3). */
export const slowInterval = 1_000_000

export interface Intervals {
  readonly tx: number
  readonly rx: number
}

export interface Timing {
  /** What packets carry as Desired Min TX and Required Min RX. */
  readonly advertised: Intervals
  /** What is worked with until the poll ends. */
  readonly effective: Intervals
  /** A Poll Sequence is under way. */
  readonly polling: boolean
}

/** What a session knows of the other side from its last packet. */
export type RemoteTiming = Pick<ControlPacket, 'detectMult' | 'desiredMinTxInterval' | 'requiredMinRxInterval'>

/** Before the first packet: bfd.RemoteMinRxInterval is 1 (RFC 5880 §6.8.1). */
export const unknownRemote: RemoteTiming = { detectMult: 0, desiredMinTxInterval: 0, requiredMinRxInterval: 1 }

export function initialTiming(configured: Intervals): Timing {
  const advertised = { ...configured, tx: Math.max(configured.tx, slowInterval) }
  return { advertised, effective: advertised, polling: false }
}

/**
 * Advertises what `configured` asks for in this state. While Up, a change during a poll waits for its end, so that a
 * Final always answers what was last advertised.
 */
export function advertise(timing: Timing, configured: Intervals, state: BfdState): Timing {
  const up = state === 'Up'
  const { advertised, effective, polling } = timing
  if (up && polling) return timing
  const wanted = up ? configured : initialTiming(configured).advertised
  if (!up) return { advertised: wanted, effective: wanted, polling: false }
  if (wanted.tx === advertised.tx && wanted.rx === advertised.rx) return timing
  return {
    advertised: wanted,
    effective: { tx: Math.min(wanted.tx, effective.tx), rx: Math.max(wanted.rx, effective.rx) },
    polling: true,
  }
}

/** The other side has answered the poll. */
export function confirm({ advertised }: Timing): Timing {
  return { advertised, effective: advertised, polling: false }
}

/** Between periodic packets, before jitter; undefined: the other side wants none. */
export function transmitInterval({ effective }: Timing, remote: RemoteTiming): number | undefined {
  if (remote.requiredMinRxInterval === 0) return undefined
  return Math.max(effective.tx, remote.requiredMinRxInterval)
}

/** Silence after which the other side counts as gone. */
export function detectionTime({ effective }: Timing, remote: RemoteTiming): number {
  return remote.detectMult * Math.max(effective.rx, remote.desiredMinTxInterval)
}

/** Sends up to a quarter earlier; a tenth at least when one lost packet ends the session (RFC 5880 §6.8.7). */
export function jittered(interval: number, detectMult: number, random: number): number {
  return detectMult === 1 ? interval * (0.75 + 0.15 * random) : interval * (0.75 + 0.25 * random)
}
