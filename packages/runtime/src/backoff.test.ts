import { describe, expect, it } from 'vitest'
import { createBackoff } from './backoff.ts'
import { seededRandom, virtualClock } from './testing/index.ts'

describe('back-off', () => {
  it('doubles up to the longest wait, with jitter over the upper half', async () => {
    const clock = virtualClock()
    const backoff = createBackoff({ clock, random: seededRandom(1) }, { firstMs: 10, longestMs: 50 })
    const { signal } = new AbortController()
    for (const ceiling of [10, 20, 40, 50, 50]) {
      const before = clock.monotonicMs()
      await clock.drive(backoff.wait({ signal }))
      const waited = clock.monotonicMs() - before
      expect(waited).toBeGreaterThanOrEqual(ceiling / 2)
      expect(waited).toBeLessThanOrEqual(ceiling)
    }
    backoff.reset()
    const before = clock.monotonicMs()
    await clock.drive(backoff.wait({ signal }))
    expect(clock.monotonicMs() - before).toBeLessThanOrEqual(10)
  })

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController()
    const backoff = createBackoff({ clock: virtualClock(), random: seededRandom(1) })
    const waiting = backoff.wait(controller)
    controller.abort(new Error('shutdown'))
    await expect(waiting).rejects.toThrow('shutdown')
  })
})
