import type { Health, Report } from '@tortie/node'
import { recordingLog } from '@tortie/runtime/testing'
import type { BgpProgram } from '@tortie/topology'
import { expect, it } from 'vitest'
import { createBgpThread } from './thread.ts'

/** A thread that tells how often it was given what, as its problems, and breaks when it is told to reset. */
const script = `
  import { parentPort } from 'node:worker_threads'
  const given = []
  parentPort.on('message', ({ id, method, argument }) => {
    if (method === 'apply') given.push(argument)
    else if (argument.url.startsWith('/reset')) throw new Error('boom')
    parentPort.postMessage({ id, value: { status: 200, body: given } })
  })`
const program = (parts: Partial<BgpProgram>): BgpProgram => ({ problems: [], ...parts }) as unknown as BgpProgram
const call = { signal: AbortSignal.timeout(20_000) }

it('a thread that breaks is told of, and another one begins with the whole program', async () => {
  const reports: Report[] = []
  const reported = Promise.withResolvers<void>()
  const health = {
    report: (_: string, report: Report) => {
      reports.push(report)
      reported.resolve()
    },
  } as Health
  const log = recordingLog()
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`)
  const thread = createBgpThread(url, { socketPath: '', logLevel: undefined }, health, log)
  await expect(thread.control.status(call)).rejects.toThrow('BGP is starting')
  const stop = new AbortController()
  const running = thread.run(stop)
  const given = async (): Promise<unknown> => thread.control.problems(call)
  const first = program({ logLevel: 'info' })
  thread.apply(first)
  thread.apply({ ...first, logLevel: 'debug' })
  // What is equal does not go again.
  expect(await given()).toEqual([first, { logLevel: 'debug' }])

  await expect(thread.control.reset({ peer: 'a' }, call)).rejects.toThrow('the other thread is gone')
  await reported.promise
  expect(reports).toMatchObject([{ live: true, ready: false, why: 'boom', remedy: expect.stringContaining('kernel') }])
  expect(log.lines).toMatchObject([{ level: 'error', event: 'bgp.failed' }])
  for (;;) {
    const again = await given().catch(() => undefined)
    if (again !== undefined) {
      expect(again).toEqual([{ ...first, logLevel: 'debug' }])
      break
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  stop.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})
