import { addressAt, parseAddress, parsePrefix, prefixSize } from '@tortie/ip'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { reservationsOf, reserve } from './reservations.ts'

const resource = (name: string, reservedCIDRs: string[]) => ({
  apiVersion: 'projectcalico.org/v3' as const,
  kind: 'IPReservation' as const,
  metadata: { name },
  spec: { reservedCIDRs },
})

it('reads addresses and CIDRs of all reservations, and passes over what is malformed', () => {
  const malformed: string[] = []
  const reservations = reservationsOf(
    [resource('a', [' 10.0.0.1 ', '', '10.0.0.5/30']), resource('b', ['ten', 'fd00::/64'])],
    (entry, name) => malformed.push(`${name}: ${entry}`),
  )
  expect(malformed).toEqual(['b: ten'])
  const has = (text: string): boolean => reservations.has(parseAddress(text))
  expect(['10.0.0.1', '10.0.0.4', '10.0.0.7', 'fd00::9'].map(has)).toEqual([true, true, true, true])
  expect(['10.0.0.0', '10.0.0.8', 'fd00:0:0:1::'].map(has)).toEqual([false, false, false])
  expect(reservationsOf([resource('none', [])]).none).toBe(true)
})

it('covers a prefix by one reservation or by several together', () => {
  const halves = reserve(['10.0.0.0/27', '10.0.0.32/28', '10.0.0.48/28'].map(parsePrefix))
  expect(halves.covering(parsePrefix('10.0.0.0/26'))).toEqual(parsePrefix('10.0.0.0/26'))
  expect(halves.covering(parsePrefix('10.0.0.0/25'))).toBeUndefined()
})

it('counts each address once', () => {
  const part = fc.tuple(fc.nat(63), fc.integer({ min: 28, max: 32 }))
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const prefixes = parts.map(([offset, length]) => {
        const size = 2 ** (32 - length)
        return { family: 4 as const, value: 0x0a000000n + BigInt(offset - (offset % size)), length }
      })
      const reservations = reserve(prefixes)
      const pool = parsePrefix('10.0.0.0/26')
      let count = 0n
      for (let i = 0n; i < prefixSize(pool); i++) if (reservations.has(addressAt(pool, i))) count++
      expect(reservations.count(pool)).toBe(count)
      expect(reservations.covering(pool) !== undefined).toBe(count === 64n)
      expect(reservations.within(pool).reduce((sum, prefix) => sum + prefixSize(prefix), 0n)).toBe(count)
    }),
  )
})
