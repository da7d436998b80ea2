import { expect, it } from 'vitest'
import { createTurns } from './turns.ts'

it('runs one task of a key at a time, in order, and goes on after one that failed', async () => {
  const turns = createTurns()
  const seen: string[] = []
  const task =
    (name: string, fail = false) =>
    async () => {
      seen.push(`${name} in`)
      await new Promise(setImmediate)
      seen.push(`${name} out`)
      if (fail) throw new Error(name)
      return name
    }
  const results = await Promise.allSettled([
    turns.run('k', task('a', true)),
    turns.run('k', task('b')),
    turns.run('other', task('c')),
  ])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(seen.filter((step) => !step.startsWith('c'))).toEqual(['a in', 'a out', 'b in', 'b out'])
  expect(seen.indexOf('c in')).toBeLessThan(seen.indexOf('b in'))
})

it('is idle when all that was given has ended', async () => {
  const turns = createTurns()
  let ended = 0
  for (const key of ['a', 'a', 'b'])
    void turns.run(key, async () => {
      await new Promise(setImmediate)
      ended++
    })
  await turns.idle()
  expect(ended).toBe(3)
})
