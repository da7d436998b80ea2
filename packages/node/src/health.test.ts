import { virtualClock } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { createHealth } from './health.ts'

it('is ready when every part is, and names the part that is not', async () => {
  const clock = virtualClock()
  const health = createHealth({ A: { timeoutMs: 0 }, B: { timeoutMs: 1000 } }, clock)
  expect(health.summary()).toMatchObject({ live: true, ready: false })
  health.report('A', { live: true, ready: true })
  health.report('B', { live: true, ready: true })
  expect(health.summary()).toMatchObject({ live: true, ready: true })
  await clock.advance(1500)
  expect(health.summary()).toMatchObject({ live: false, ready: false })
  expect(health.summary().parts.get('B')).toMatchObject({ why: 'silent for 2 s', remedy: 'restart the agent' })
})
