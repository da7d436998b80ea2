import { expect, it } from 'vitest'
import type { BgpRoute } from './control.ts'
import { type BgpTables, streamBgp } from './stream.ts'

const call = { signal: new AbortController().signal }
const route = (prefix: string): BgpRoute => ({ family: 4, prefix, status: 'best' }) as BgpRoute
const tables = (...batches: (readonly BgpRoute[])[]): BgpTables => ({
  walk: async function* () {
    yield* batches
  },
  dump: async function* () {
    yield Uint8Array.of(1, 2)
  },
})
async function textOf(batches: readonly (readonly BgpRoute[])[]): Promise<string> {
  let text = ''
  const stream = streamBgp(tables(...batches), 'GET', '/routes?family=4', call)
  for await (const chunk of stream?.chunks ?? []) text += chunk
  return text
}

it.each([
  [[]],
  [[[]]],
  [[[route('10.0.0.0/24')]]],
  [[[route('10.0.0.0/24'), route('10.0.1.0/24')], [], [route('10.0.2.0/24')], []]],
])('routes are one JSON array, however they come: %j', async (batches) => {
  expect(JSON.parse(await textOf(batches))).toEqual(batches.flat())
})

it('dumps octets', async () => {
  const stream = streamBgp(tables(), 'GET', '/dump', call)
  expect(stream?.contentType).toBe('application/octet-stream')
  for await (const chunk of stream?.chunks ?? []) expect(chunk).toEqual(Uint8Array.of(1, 2))
})

it.each([
  ['GET', '/status'],
  ['POST', '/dump'],
  ['GET', '/routes'],
  ['GET', '/routes?family=5'],
  ['GET', '/routes?family=4&prefix=10.0.0.0/24'],
  ['GET', '//'],
])('leaves %s %s to answerBgp', (method, url) => {
  expect(streamBgp(tables(), method, url, call)).toBeUndefined()
})
