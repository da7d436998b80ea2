import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { prefixRange, type RawStore } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { seededRandom } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedStore } from './index.ts'
import { type Child, startChild } from './testing/processes.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tortie-processes-'))
})
afterEach(() => rmSync(path, { recursive: true }))

/** What a child was told: the key, the value that it wrote, the revision. */
function acknowledged(child: Child): { key: string; value: number; revision: number }[] {
  return child.lines.map((line) => {
    const [key = '', value, revision] = line.split(' ')
    return { key, value: Number(value), revision: Number(revision) }
  })
}

/** Every revision has one row, and every entry is of the last revision of its key: no write is half done. */
function checkFiles(): { readonly revisions: number } {
  const db = new DatabaseSync(join(path, 'tortie.db'))
  const one = (sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0]
  const revisions = Number(one('SELECT count(*) FROM log'))
  expect(one('PRAGMA integrity_check')).toBe('ok')
  expect(one('SELECT max(rev) FROM log') ?? 0).toBe(revisions)
  expect(one('SELECT count(*) FROM kv WHERE rev != (SELECT max(rev) FROM log WHERE log.key = kv.key)')).toBe(0)
  db.close()
  return { revisions }
}

describe('several processes', () => {
  it('lose no increment, and count every commit by one revision', async ({ signal }) => {
    const children = [1, 2, 3].map((i) => startChild('increment', path, '60', '/shared', `/own/${i}`))
    await Promise.all(children.map((child) => child.ended()))
    await using store = await openEmbeddedStore({ path, ...ports }, { signal })
    expect((await store.get('/shared', { signal }))?.value).toBe('180')
    const { entries, revision } = await store.list(prefixRange('/own/'), { signal })
    expect(entries.map(({ value }) => value)).toEqual(['60', '60', '60'])
    const told = children.flatMap(acknowledged)
    expect(revision).toBe('360')
    expect(told.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 360 }, (_, i) => i + 1),
    )
    expect(checkFiles()).toEqual({ revisions: 360 })
  })

  it('hear of what others commit, in order', async ({ signal }) => {
    using watcher = startChild('watch', path, '/watched/')
    expect(await watcher.next()).toBe('ready')
    await using store = await openEmbeddedStore({ path, ...ports }, { signal })
    for (let i = 0; i < 50; i++) {
      await store.compareAndSwap('/elsewhere', i === 0 ? 'absent' : 'present', String(i), { signal })
      await store.compareAndSwap(`/watched/${i}`, 'absent', String(i), { signal })
      expect((await watcher.next()).split(' ')[0]).toBe(String(i))
    }
    await store.compareAndSwap('/watched/7', 'present', undefined, { signal })
    expect((await watcher.next()).split(' ')[0]).toBe('deleted')
  })
})

/** Two kills each. More by hand: `TORTIE_KILL_ROUNDS=100 TORTIE_SEED=7 npx vitest run packages/datastore-embedded/`. */
const rounds = Number(process.env.TORTIE_KILL_ROUNDS ?? 16)

describe('kill -9', () => {
  it('of writers, many times, loses nothing that was acknowledged', { timeout: rounds * 5_000 }, async ({ signal }) => {
    const random = seededRandom(Number(process.env.TORTIE_SEED ?? 5))
    const best = new Map<string, number>()
    let commits = 0
    for (let round = 0; round < rounds; round++) {
      const writers = [0, 1].map((i) => startChild('increment', path, '1000000', '/shared', `/own/${i}`))
      await Promise.all(writers.map((writer) => writer.next()))
      for (const writer of writers) {
        await delay(random.next() * 40)
        await writer.kill()
      }
      for (const { key, value } of writers.flatMap(acknowledged)) best.set(key, Math.max(value, best.get(key) ?? 0))
      commits += writers.reduce((sum, { lines }) => sum + lines.length, 0)
      await using store = await openEmbeddedStore({ path, ...ports }, { signal })
      await checkNothingLost(store, best, signal)
    }
    const { revisions } = checkFiles()
    // A writer may die between a commit and saying so: at most one commit of each.
    expect(revisions).toBeGreaterThanOrEqual(commits)
    expect(revisions).toBeLessThanOrEqual(commits + 2 * rounds)
  })

  it('of the writer between its commit and the bell delays a watcher, and no more', async ({ signal }) => {
    await using store = await openEmbeddedStore({ path, ...ports }, { signal })
    const events = store.watch(prefixRange('/'), '0', { signal })[Symbol.asyncIterator]()
    await events.next() // at once, with nothing
    const next = events.next()
    await delay(20)
    // As another process would that never rings.
    const db = new DatabaseSync(join(path, 'tortie.db'))
    db.exec("INSERT INTO log (key, deleted) VALUES ('/a', 0); INSERT INTO kv VALUES ('/a', 1, 'v')")
    db.close()
    expect((await next).value).toEqual({
      events: [{ type: 'put', key: '/a', value: 'v', revision: '1' }],
      revision: '1',
    })
    await events.return?.()
  })
})

async function checkNothingLost(
  store: RawStore,
  best: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> {
  for (const [key, value] of best) {
    const stored = Number((await store.get(key, { signal }))?.value)
    expect(stored, `${key} after ${value} was acknowledged`).toBeGreaterThanOrEqual(value)
  }
}
