import { CeaseSubcode, ErrorCode } from '../message/iana.ts'
import { formatNotification } from '../message/notification.ts'
import type { Ending, Event } from '../session/fsm.ts'

/**
 * What follows an end: `none` a connection soon, `pause` one after the back-off, `error` the same, and the peer's
 * connections are refused meanwhile.
 */
export function lapseOf(event: Event): 'none' | 'pause' | 'error' {
  if (event.kind === 'TcpConnectionFails' || event.kind === 'OpenCollisionDump') return 'none'
  if (event.kind !== 'NotifMsg' && event.kind !== 'AutomaticStop') return 'error'
  const { code, subcode } = event.notification
  if (code !== ErrorCode.cease) return 'error'
  const { maximumPrefixes, otherConfigurationChange, collisionResolution, administrativeReset } = CeaseSubcode
  if (event.kind === 'AutomaticStop') return subcode === maximumPrefixes ? 'error' : 'none'
  const brief: readonly number[] = [otherConfigurationChange, collisionResolution, administrativeReset]
  return brief.includes(subcode) ? 'none' : 'pause'
}

/** Why a session ended, in a few words. */
export function describeEnding({ because, sent, received }: Ending): string {
  if (sent) return `sent ${formatNotification(sent)}`
  return received ? `received ${formatNotification(received)}` : because
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
