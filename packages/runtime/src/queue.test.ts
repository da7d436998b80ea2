import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createQueue } from './queue.ts'

const call = () => ({ signal: new AbortController().signal })

describe('a queue', () => {
  it('gives everything that waits, in order, at once', async () => {
    const queue = createQueue<number>()
    for (const value of [1, 2, 3]) queue.push(value)
    expect(queue.size).toBe(3)
    expect(await queue.take(call())).toEqual([1, 2, 3])
    expect(queue.size).toBe(0)
  })

  it('lets the reader wait', async () => {
    const queue = createQueue<string>()
    const taken = queue.take(call())
    queue.push('late')
    expect(await taken).toEqual(['late'])
  })

  it('serves several readers: none is forgotten', async () => {
    const queue = createQueue<string>()
    const readers = [queue.take(call()), queue.take(call())]
    queue.push('a')
    const first = await Promise.race(readers)
    queue.push('b')
    expect([first, ...(await Promise.all(readers))].flat().sort()).toEqual(['a', 'a', 'b'])
  })

  it('refuses what is beyond its limit', async () => {
    const queue = createQueue<number>(2)
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
    await queue.take(call())
    expect(queue.push(4)).toBe(true)
  })

  it('fails after what was queued before, with the first failure', async () => {
    const queue = createQueue<number>()
    queue.push(1)
    queue.fail(new Error('gone'))
    queue.fail(new Error('later'))
    expect(await queue.take(call())).toEqual([1])
    await expect(queue.take(call())).rejects.toThrow('gone')
  })

  it('wakes the reader that waits when it fails', async () => {
    const queue = createQueue<number>()
    const taken = queue.take(call())
    queue.fail(new Error('gone'))
    await expect(taken).rejects.toThrow('gone')
  })

  it('throws the reason of an abort, before and while waiting, and leaves no listener', async () => {
    const queue = createQueue<number>()
    const controller = new AbortController()
    const taken = queue.take(controller)
    controller.abort(new Error('shutdown'))
    await expect(taken).rejects.toThrow('shutdown')
    await expect(queue.take(controller)).rejects.toThrow('shutdown')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    queue.push(1)
    expect(await queue.take(call())).toEqual([1])
  })
})
