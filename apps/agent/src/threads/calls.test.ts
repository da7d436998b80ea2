import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Call } from '@tortie/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RemoteError, remoteCalls, serveCalls } from './calls.ts'

interface Sums {
  add(numbers: readonly number[], call: Call): Promise<number>
  fail(code: string, call: Call): Promise<never>
  wait(argument: undefined, call: Call): Promise<never>
}

let channel: MessageChannel
let sums: Sums
let aborted: Promise<unknown>
const call = { signal: AbortSignal.timeout(10_000) }

beforeEach(() => {
  channel = new MessageChannel()
  aborted = new Promise((resolve) => {
    serveCalls(channel.port1, {
      add: async (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0),
      fail: async (code: string) => Promise.reject(Object.assign(new Error('it fails'), { code })),
      wait: (_: undefined, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            resolve(signal.reason)
            reject(signal.reason)
          }),
        ),
    })
  })
  sums = remoteCalls<Sums>(channel.port2, ['add', 'fail', 'wait'])
})
afterEach(() => channel.port1.close())

it('answers calls, many at once', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, (_, i) => sums.add([i, 1], call)))
  expect(all).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
})

it('carries errors with their code', async () => {
  await expect(sums.fail('node/no-such-peer', call)).rejects.toMatchObject({
    message: 'it fails',
    code: 'node/no-such-peer',
  })
  await expect(sums.fail('x', call)).rejects.toBeInstanceOf(RemoteError)
})

it('tells the other side when the caller gives up', async () => {
  const stop = new AbortController()
  const waiting = sums.wait(undefined, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(await aborted).toMatchObject({ message: 'the caller has given up' })
})

it('fails what waits when the other thread ends, and everything after', async () => {
  const waiting = sums.wait(undefined, call)
  const closed = once(channel.port2, 'close')
  channel.port1.close()
  await expect(waiting).rejects.toThrow('the other thread is gone')
  await closed
  await expect(sums.add([1], call)).rejects.toThrow('the other thread is gone')
})

it('a thread that ends, however it ends, fails what waits for it', async () => {
  const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => process.exit(3))", {
    eval: true,
  })
  const far = remoteCalls<Sums>(worker, ['add'])
  await expect(far.add([1], call)).rejects.toThrow('the other thread is gone')
  await expect(far.add([2], call)).rejects.toThrow('the other thread is gone')
})
