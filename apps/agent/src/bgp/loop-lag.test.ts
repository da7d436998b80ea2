import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { measureLoopLag } from './loop-lag.ts'

it('tells how late timers were', async () => {
  const lag = measureLoopLag()
  await sleep(30)
  for (const end = performance.now() + 120; performance.now() < end; );
  await sleep(30)
  expect(lag()).toBeGreaterThan(80)
  expect(lag()).toBeLessThan(60_000)
})
