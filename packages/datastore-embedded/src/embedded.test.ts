import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResourceOf } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEmbedded } from './index.ts'

const tier = (name: string, order = 1): ResourceOf<'Tier'> => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name },
  spec: { order },
})
const ports = { clock: systemClock, random: systemRandom, log: silentLog }

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tortie-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

it('keeps what was written, for its owner alone', async ({ signal }) => {
  const path = join(parent, 'a', 'b')
  {
    await using store = await openEmbedded({ path, ...ports }, { signal })
    await store.create(tier('a'), { signal })
  }
  await using store = await openEmbedded({ path, ...ports }, { signal })
  expect((await store.list({ kind: 'Tier' }, { signal })).items).toMatchObject([{ metadata: { name: 'a' } }])
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(statSync(join(path, 'tortie.db')).mode & 0o777).toBe(0o600)
})

it('tells one handle what another writes', async ({ signal }) => {
  const path = join(parent, 'store')
  await using reader = await openEmbedded({ path, ...ports }, { signal })
  await using writer = await openEmbedded({ path, ...ports }, { signal })
  const events = reader.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]()
  expect((await events.next()).value).toMatchObject({ type: 'snapshot', items: [] })
  const next = events.next()
  await writer.create(tier('a'), { signal })
  expect((await next).value).toMatchObject({ type: 'put', item: { metadata: { name: 'a' } }, revision: '1' })
  await writer.delete({ kind: 'Tier', name: 'a' }, {}, { signal })
  expect((await events.next()).value).toEqual({ type: 'delete', key: { kind: 'Tier', name: 'a' }, revision: '2' })
  await events.return?.()
})
