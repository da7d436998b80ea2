import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDatastoreError, prefixRange, type RawBatch, type RawStore } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { recordingLog, seededRandom, virtualClock } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Database } from './database.ts'
import { EmbeddedStoreError, openEmbedded, openEmbeddedStore } from './index.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const everything = prefixRange('/')

let parent: string
let path: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tortie-embedded-'))
  path = join(parent, 'store')
})
afterEach(() => rmSync(parent, { recursive: true }))

const open = (signal: AbortSignal, at: string = path): Promise<RawStore> =>
  openEmbeddedStore({ path: at, ...ports }, { signal })
const database = (): DatabaseSync => new DatabaseSync(join(path, 'tortie.db'))

describe('a store', () => {
  it('keeps what was written, in a directory for its owner alone', async ({ signal }) => {
    const deep = join(parent, 'a', 'b')
    const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'a' }, spec: {} } as const
    {
      await using store = await openEmbedded({ path: deep, ...ports }, { signal })
      await store.create(tier, { signal })
    }
    await using store = await openEmbedded({ path: deep, ...ports }, { signal })
    expect((await store.list({ kind: 'Tier' }, { signal })).items).toMatchObject([{ metadata: { name: 'a' } }])
    expect(statSync(deep).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(deep)) expect([file, statSync(join(deep, file)).mode & 0o077]).toEqual([file, 0])
  })

  it('is not made when it only may be opened', async ({ signal }) => {
    const opening = { path, ...ports, create: false }
    const refused = openEmbeddedStore(opening, { signal })
    await expect(refused).rejects.toMatchObject({ code: 'embedded/absent', facts: { path } })
    expect(readdirSync(parent)).toEqual([])
    await (await open(signal))[Symbol.asyncDispose]()
    await using store = await openEmbeddedStore(opening, { signal })
    expect(await store.get('/a', { signal })).toBeUndefined()
  })

  it('can be opened by many at the same moment when there is nothing yet', async ({ signal }) => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(signal)))
    await Promise.all(stores.map((store, i) => store.compareAndSwap(`/${i}`, 'absent', '', { signal })))
    expect(await stores[0]!.list(everything, { signal })).toMatchObject({ entries: { length: 8 }, revision: '8' })
    for (const store of stores) await store[Symbol.asyncDispose]()
  })

  it('counts on after its history was forgotten and its last entry deleted', async ({ signal }) => {
    {
      await using store = await openEmbeddedStore({ path, ...ports, history: 10 }, { signal })
      for (let i = 0; i < 200; i++) await store.compareAndSwap('/a', i === 0 ? 'absent' : 'present', `${i}`, { signal })
      await store.compareAndSwap('/a', 'present', undefined, { signal })
    }
    const rows = database()
    expect(Number(Object.values(rows.prepare('SELECT count(*) FROM log').get() ?? {})[0])).toBeLessThan(100)
    rows.close()
    const forgetful = Database.open(path)
    forgetful.compact(Number.MAX_SAFE_INTEGER)
    forgetful.close()
    await using store = await open(signal)
    expect(await store.list(everything, { signal })).toEqual({ entries: [], revision: '201' })
    await expect(store.watch(everything, '199', { signal })[Symbol.asyncIterator]().next()).rejects.toSatisfy((error) =>
      isDatastoreError(error, 'Compacted'),
    )
    expect(await store.compareAndSwap('/b', 'absent', '', { signal })).toEqual({ done: true, revision: '202' })
  })

  it('hands many changes over in parts', async ({ signal }) => {
    await using store = await open(signal)
    const db = database()
    db.exec(`BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2500)
      INSERT INTO kv SELECT '/' || i, i, '' FROM n; INSERT INTO log SELECT rev, key, 0 FROM kv; COMMIT`)
    db.close()
    const batches: RawBatch[] = []
    for await (const batch of store.watch(everything, '0', { signal })) {
      batches.push(batch)
      if (batch.revision === '2500') break
    }
    expect(batches.map(({ events }) => events.length)).toEqual([1_000, 1_000, 500])
  })

  it('goes on hearing when its bell is taken away', async ({ signal }) => {
    await using reader = await open(signal)
    await using writer = await open(signal)
    const events = reader.watch(everything, '0', { signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toEqual({ events: [], revision: '0' })
    for (const key of ['/a', '/b']) {
      const next = events.next()
      rmSync(join(path, 'doorbell'), { force: true })
      await writer.compareAndSwap(key, 'absent', '', { signal })
      expect((await next).value).toMatchObject({ events: [{ key }] })
    }
    await events.return?.()
  })
})

describe('a directory that cannot be used is named, and left as it is', () => {
  const refusal = async (signal: AbortSignal, at: string = path): Promise<EmbeddedStoreError> => {
    const error: unknown = await open(signal, at).catch((cause: unknown) => cause)
    if (!(error instanceof EmbeddedStoreError)) throw error
    expect(error.retryable).toBe(false)
    return error
  }

  it('a file, or something below a file', async ({ signal }) => {
    writeFileSync(path, 'mine')
    for (const at of [path, join(path, 'below')]) {
      const { code, message } = await refusal(signal, at)
      expect([code, message]).toEqual([
        'embedded/not-a-directory',
        `the store ${at} is not a directory; give the path of a directory, which is made if it is absent`,
      ])
    }
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  it.each(['/sys/tortie-store', '/proc/tortie-store'])('a place where nothing can be written: %s', async (at) => {
    const { code, message } = await refusal(new AbortController().signal, at)
    expect(code).toBe('embedded/not-writable')
    expect(message).toMatch(/^the store \/\w+\/tortie-store cannot be written: .*; run as the user that owns it/)
  })

  it('a file of that name that is no database', async ({ signal }) => {
    mkdirSync(path)
    writeFileSync(join(path, 'tortie.db'), 'a letter to my aunt. '.repeat(500))
    expect((await refusal(signal)).code).toBe('embedded/foreign')
    expect(readFileSync(join(path, 'tortie.db'), 'utf8')).toContain('aunt')
  })

  it('a database of something else', async ({ signal }) => {
    mkdirSync(path)
    const db = database()
    db.exec('CREATE TABLE aunts (name TEXT)')
    db.close()
    const { code, message } = await refusal(signal)
    expect(code).toBe('embedded/foreign')
    expect(message).toBe(`${path}/tortie.db is not a Tortie datastore; it was left untouched: give another path`)
  })

  it('a database of another format', async ({ signal }) => {
    await (await open(signal))[Symbol.asyncDispose]()
    const db = database()
    db.exec('PRAGMA user_version = 7')
    db.close()
    const { code, message } = await refusal(signal)
    expect(code).toBe('embedded/version')
    expect(message).toContain('has the format 7, this release knows 1')
  })

  it('a database that is damaged', async ({ signal }) => {
    {
      await using store = await open(signal)
      for (let i = 0; i < 50; i++) await store.compareAndSwap(`/${i}`, 'absent', 'x'.repeat(5_000), { signal })
    }
    const file = join(path, 'tortie.db')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, 4096, 100_000))
    await using store = await open(signal)
    await expect(store.list(everything, { signal })).rejects.toMatchObject({ code: 'embedded/corrupt' })
  })
})

describe('a lock that is held', () => {
  it('is waited for', async ({ signal }) => {
    await using store = await open(signal)
    const other = database()
    other.exec('BEGIN IMMEDIATE')
    const write = store.compareAndSwap('/a', 'absent', '', { signal })
    expect(await store.get('/a', { signal })).toBeUndefined()
    other.exec('COMMIT')
    expect(await write).toMatchObject({ done: true })
    other.close()
  })

  it('too long makes the store unavailable, for this time', async ({ signal }) => {
    const clock = virtualClock()
    await using store = await openEmbeddedStore({ path, clock, random: seededRandom(1), log: silentLog }, { signal })
    const other = database()
    other.exec('BEGIN IMMEDIATE')
    await expect(clock.drive(store.compareAndSwap('/a', 'absent', '', { signal }))).rejects.toThrow(
      `the datastore ${path} cannot be reached: another process has kept it locked; look for one that is stopped`,
    )
    expect(clock.monotonicMs()).toBeGreaterThan(10_000)
    other.exec('COMMIT')
    other.close()
    expect(await store.compareAndSwap('/a', 'absent', '', { signal })).toMatchObject({ done: true })
  })

  it('is not waited for after an abort', async ({ signal }) => {
    await using store = await open(signal)
    const other = database()
    other.exec('BEGIN IMMEDIATE')
    const controller = new AbortController()
    const write = store.compareAndSwap('/a', 'absent', '', controller)
    controller.abort(new Error('shutdown'))
    await expect(write).rejects.toThrow('shutdown')
    other.close()
  })
})

describe('files that are taken away', () => {
  it('make the store unavailable, never empty', async ({ signal }) => {
    await using store = await open(signal)
    await store.compareAndSwap('/a', 'absent', '1', { signal })
    rmSync(path, { recursive: true })
    await expect(store.get('/a', { signal })).rejects.toSatisfy((error) => isDatastoreError(error, 'Unavailable'))
    expect(readdirSync(parent)).toEqual([])
  })

  it('and put back from a copy make watchers list again', async ({ signal }) => {
    const log = recordingLog()
    await using store = await openEmbeddedStore({ path, ...ports, log }, { signal })
    await store.compareAndSwap('/a', 'absent', '1', { signal })
    const copy = join(parent, 'copy')
    cpSync(path, copy, { recursive: true })
    // Even if the copy looks as far on as the watcher is.
    for (const [after, value] of [
      ['1', '1'],
      ['2', '1'],
    ] as const) {
      const events = store.watch(everything, after, { signal })[Symbol.asyncIterator]()
      expect((await events.next()).value).toEqual({ events: [], revision: after })
      const next = events.next()
      rmSync(path, { recursive: true })
      cpSync(copy, path, { recursive: true })
      await expect(next).rejects.toSatisfy((error) => isDatastoreError(error, 'Compacted'))
      expect(await store.get('/a', { signal })).toMatchObject({ value })
      await store.compareAndSwap('/a', 'present', '2', { signal })
    }
    expect(log.lines.map(({ event }) => event)).toEqual(['datastore.embedded.replaced', 'datastore.embedded.replaced'])
  })
})
