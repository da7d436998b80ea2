import { describe, expect, it } from 'vitest'
import { formatNotification, hardReset, hardResetReason, notification, shutdown, shutdownText } from './notification.ts'

describe('a NOTIFICATION', () => {
  it('carries the text of an operator, cut between characters', () => {
    expect(shutdownText(shutdown('administrativeReset', 'maintenance ünd more'))).toBe('maintenance ünd more')
    const long = shutdown('administrativeShutdown', 'ü'.repeat(200))
    expect(long.data).toHaveLength(255)
    expect(shutdownText(long)).toBe('ü'.repeat(127))
    expect(shutdown('administrativeShutdown').data).toHaveLength(0)
  })

  it.each([
    { what: 'a length over the data', message: notification(6, 2, Uint8Array.of(9, 65)) },
    { what: 'no data', message: notification(6, 2) },
    { what: 'another subcode', message: notification(6, 3, Uint8Array.of(1, 65)) },
  ])('has no text with $what', ({ message }) => {
    expect(shutdownText(message)).toBeUndefined()
  })

  it('wraps another in a Hard Reset', () => {
    const inner = shutdown('administrativeShutdown', 'bye')
    expect(hardResetReason(hardReset(inner))).toEqual(inner)
    expect(hardResetReason(notification(6, 9, Uint8Array.of(6)))).toBeUndefined()
    expect(formatNotification(hardReset(inner))).toBe('cease/hardReset: cease/administrativeShutdown: bye')
  })

  it.each([
    { message: notification(2, 2), text: 'open/badPeerAs' },
    { message: notification(4), text: 'holdTimerExpired' },
    { message: notification(77, 5), text: '77/5' },
  ])('is told as $text', ({ message, text }) => {
    expect(formatNotification(message)).toBe(text)
  })
})
