import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advertise, confirm, detectionTime, initialTiming, jittered, transmitInterval } from './timing.ts'

const fast = { tx: 100_000, rx: 200_000 }
const remote = { detectMult: 3, desiredMinTxInterval: 50_000, requiredMinRxInterval: 150_000 }
const up = confirm(advertise(initialTiming(fast), fast, 'Up'))

describe('intervals', () => {
  it('start slow, and become fast by a poll when the session is up', () => {
    const slow = initialTiming(fast)
    expect(slow.advertised).toEqual({ tx: 1_000_000, rx: 200_000 })
    const risen = advertise(slow, fast, 'Up')
    expect(risen).toEqual({ advertised: fast, effective: fast, polling: true })
    expect(confirm(risen).polling).toBe(false)
    expect(advertise(up, fast, 'Down').advertised.tx).toBe(1_000_000)
  })

  it('a slower rate waits for the other side, a faster one does not', () => {
    const slower = advertise(up, { tx: 500_000, rx: 200_000 }, 'Up')
    expect(transmitInterval(slower, remote)).toBe(150_000)
    expect(transmitInterval(confirm(slower), remote)).toBe(500_000)
    expect(transmitInterval(advertise(confirm(slower), fast, 'Up'), remote)).toBe(150_000)
  })

  it('a shorter detection time waits for the other side, a longer one does not', () => {
    const shorter = advertise(up, { tx: 100_000, rx: 100_000 }, 'Up')
    expect(detectionTime(shorter, remote)).toBe(600_000)
    expect(detectionTime(confirm(shorter), remote)).toBe(300_000)
    expect(detectionTime(advertise(up, { tx: 100_000, rx: 900_000 }, 'Up'), remote)).toBe(2_700_000)
  })

  it('a change during a poll waits for its end', () => {
    const first = advertise(up, { tx: 500_000, rx: 200_000 }, 'Up')
    const second = { tx: 700_000, rx: 200_000 }
    expect(advertise(first, second, 'Up')).toBe(first)
    expect(advertise(confirm(first), second, 'Up')).toMatchObject({ advertised: second, polling: true })
  })

  it('follow what the other side wants', () => {
    expect(transmitInterval(up, remote)).toBe(150_000)
    expect(transmitInterval(up, { ...remote, requiredMinRxInterval: 0 })).toBeUndefined()
    expect(detectionTime(up, { ...remote, desiredMinTxInterval: 400_000 })).toBe(1_200_000)
  })

  it('jitter stays between 75 % and 100 %, or 90 % when one loss is fatal', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 255 }), (value, detectMult) => {
        const interval = jittered(1000, detectMult, value)
        expect(interval).toBeGreaterThanOrEqual(750)
        expect(interval).toBeLessThanOrEqual(detectMult === 1 ? 900.001 : 1000)
      }),
    )
  })
})
