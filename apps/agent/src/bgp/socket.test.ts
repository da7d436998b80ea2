import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BgpControl, BgpRoute, BgpTables } from '@tortie/node'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { serveBgpSocket } from './socket.ts'

const route = { family: 4, prefix: '10.65.0.0/26', status: 'best' } as BgpRoute

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-bgp-socket-'))
  path = join(dir, 'calico', 'bgp.sock')
})
afterEach(() => rmSync(dir, { recursive: true }))

const bgp = (more: Partial<BgpTables> = {}): BgpControl & BgpTables =>
  ({
    status: async () => ({ families: [], loopLagMs: 0 }),
    async *walk() {
      yield [route]
    },
    async *dump() {
      yield Uint8Array.of(0, 255)
    },
    ...more,
  }) as unknown as BgpControl & BgpTables

/** Status and octets of an answer; rejects when it is cut. */
function ask(url: string): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: path, path: url, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}

it('answers in JSON, long tables piece by piece, and a dump in octets; root alone may ask', async () => {
  await using _socket = await serveBgpSocket(path, bgp())
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(JSON.parse(String((await ask('/status')).body))).toEqual({ families: [], loopLagMs: 0 })
  expect(JSON.parse(String((await ask('/routes?family=4')).body))).toEqual([route])
  expect((await ask('/dump')).body).toEqual(Buffer.of(0, 255))
})

it('what makes no sense is refused, and the next question is answered', async () => {
  await using _socket = await serveBgpSocket(path, bgp())
  expect((await ask('//')).status).toBe(400)
  expect((await ask('/nothing')).status).toBe(404)
  expect((await ask('/status')).status).toBe(200)
})

it('what fails is told where it can be, and cut where it has begun', async () => {
  const dump = () => {
    throw new Error('BGP is starting')
  }
  async function* walk(): AsyncGenerator<readonly BgpRoute[]> {
    yield Array.from({ length: 500 }, () => route)
    throw new Error('the table is broken')
  }
  await using _socket = await serveBgpSocket(path, bgp({ dump, walk }))
  const { status, body } = await ask('/dump')
  expect([status, JSON.parse(String(body))]).toEqual([500, { error: 'BGP is starting' }])
  await expect(ask('/routes?family=4')).rejects.toThrow('aborted')
  expect((await ask('/status')).status).toBe(200)
})

it('takes the place of what an agent that was killed has left', async () => {
  mkdirSync(join(dir, 'calico'))
  writeFileSync(path, '')
  await using _socket = await serveBgpSocket(path, bgp())
  expect((await ask('/status')).status).toBe(200)
})
