import { createServer } from 'node:net'
import type { Health } from '@tortie/node'
import { recordingLog } from '@tortie/runtime/testing'
import { expect, it, vi } from 'vitest'
import { createMetrics } from './metrics.ts'
import { createServers, healthAnswer, metricsAnswer } from './servers.ts'

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const health = (ready: boolean): Health => ({
  report: () => undefined,
  summary: () => ({
    live: true,
    ready,
    parts: new Map([
      ['Dataplane', ready ? { live: true, ready } : { live: true, ready, why: 'no buffers', remedy: 'retrying' }],
    ]),
  }),
})

it('answers liveness and readiness with a line for each part, cause and remedy', async () => {
  await using servers = createServers(recordingLog())
  const port = await freePort()
  servers.put('health', true, '127.0.0.1', port, healthAnswer(health(false)))
  const ask = async (path: string) => {
    const response = await vi.waitFor(() => fetch(`http://127.0.0.1:${port}${path}`))
    return [response.status, await response.text()]
  }
  expect(await ask('/readiness')).toEqual([503, 'Dataplane  not ready  no buffers  retrying\n'])
  expect(await ask('/liveness')).toEqual([200, 'Dataplane  live  no buffers  retrying\n'])
  expect(await ask('/')).toEqual([404, 'ask /liveness or /readiness\n'])
})

it('serves metrics under their Prometheus names', async () => {
  await using servers = createServers(recordingLog())
  const metrics = createMetrics()
  metrics.meter.counter('tortie_things_total', 'Things', ['kind']).add(3, { kind: 'a' })
  metrics.meter.counter('tortie_things_total', 'Things', ['kind']).add(1, { kind: 'a' })
  metrics.meter.histogram('tortie_seconds', 'Time').record(0.02)
  const port = await freePort()
  servers.put('metrics', true, '127.0.0.1', port, metricsAnswer(metrics))
  const text = await vi.waitFor(async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
  expect(text).toContain('tortie_things_total{kind="a"} 4')
  expect(text).toContain('tortie_seconds_bucket{le="0.03"} 1')
})

it('logs a port that is taken and goes on', async () => {
  const log = recordingLog()
  await using servers = createServers(log)
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  servers.put('health', true, '127.0.0.1', port, healthAnswer(health(true)))
  await vi.waitFor(() =>
    expect(log.lines).toMatchObject([{ event: 'agent.server.failed', facts: { address: `127.0.0.1:${port}` } }]),
  )
  await new Promise((resolve) => other.close(resolve))
})
