import { virtualClock } from '@tortie/runtime/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Sleeper } from './sleeper.ts'
import { Timers } from './timers.ts'

it('rings every timer at its last time, in order, once', async () => {
  const steps = fc.array(fc.record({ timer: fc.nat(9), seconds: fc.nat(50), cancel: fc.boolean() }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(steps, async (changes) => {
      const clock = virtualClock()
      const rung: string[] = []
      const timers = new Timers(clock, () => sleeper.set())
      const sleeper: Sleeper = new Sleeper(clock, timers, () => {
        timers.ringDue()
        sleeper.set()
      })
      const all = Array.from({ length: 10 }, (_, i) => timers.create(() => rung.push(`${i}@${clock.monotonicMs()}`)))
      const wanted = new Map<number, number>()
      for (const { timer, seconds, cancel } of changes) {
        if (cancel) {
          all[timer]?.cancel()
          wanted.delete(timer)
        } else {
          all[timer]?.arm(seconds)
          wanted.set(timer, seconds * 1000)
        }
      }
      expect(all.map((timer) => timer.armed)).toEqual(all.map((_, i) => wanted.has(i)))
      await clock.advance(60_000)
      const expected = [...wanted].map(([timer, at]) => `${timer}@${at}`).sort()
      expect([...rung].sort()).toEqual(expected)
      const times = rung.map((text) => Number(text.split('@')[1]))
      expect(times).toEqual([...times].sort((a, b) => a - b))
    }),
    { numRuns: 50 },
  )
})

it('a timer that another cancels or moves as it rings does not ring', async () => {
  const clock = virtualClock()
  const rung: string[] = []
  const timers = new Timers(clock, () => undefined)
  const first = timers.create(() => {
    rung.push('first')
    second.cancel()
    third.arm(5)
  })
  const second = timers.create(() => rung.push('second'))
  const third = timers.create(() => rung.push('third'))
  first.arm(1)
  second.arm(2)
  third.arm(2)
  await clock.advance(3000)
  timers.ringDue()
  expect(rung).toEqual(['first'])
  await clock.advance(5000)
  timers.ringDue()
  expect(rung).toEqual(['first', 'third'])
})
