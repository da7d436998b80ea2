import { isDatastoreError, prefixRange, type RawStore } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EtcdClient, methods } from './client.ts'
import { type EtcdStore, openEtcdStore } from './index.ts'
import { type EtcdServer, startEtcd } from './testing/etcd-server.ts'
import { startProxy } from './testing/proxy.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const call = { signal: new AbortController().signal }
const count = 20_000
const everything = prefixRange('/calico/')
const keyOf = (i: number): string => `/calico/n${String(i % count).padStart(6, '0')}`

/** Writes `from` ≤ i < `to`, in order of i, many at once. */
async function fill(store: EtcdStore, from: number, to: number): Promise<void> {
  let next = from
  const write = async (): Promise<void> => {
    while (next < to) {
      const i = next++
      await store.put(keyOf(i), `{"i":${i}}`, {}, call)
    }
  }
  await Promise.all(Array.from({ length: 200 }, write))
}

describe('20,000 keys', () => {
  let server: EtcdServer
  let store: EtcdStore
  beforeAll(async () => {
    server = await startEtcd()
    store = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    await fill(store, 0, count)
  }, 120_000)
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('are listed in order, in several pages, all of them once', async () => {
    const { entries } = await store.list(everything, call)
    expect(entries.map(({ key }) => key)).toEqual(Array.from({ length: count }, (_, i) => keyOf(i)))
    expect(entries[12_345]?.value).toBe('{"i":12345}')
  })

  it('are listed as they were at one revision, while others write and forget history', async () => {
    let writing = true
    const rewriting = (async () => {
      for (let i = 0; writing; i++) {
        const revision = await store.put(keyOf(i * 7), '{}', {}, call)
        if (i % 100 === 99) await store.compact(revision, call)
      }
    })()
    let highest = 0n
    for (let i = 0; i < 5; i++) {
      const { entries, revision } = await store.list(everything, call).catch((error: unknown) => {
        if (!isDatastoreError(error, 'Unavailable')) throw error
        return { entries: [], revision: String(highest) }
      })
      // Nothing but these keys is written, so the newest of them is the store's revision.
      const newest = entries.reduce(
        (most, entry) => (BigInt(entry.revision) > most ? BigInt(entry.revision) : most),
        0n,
      )
      if (entries.length === 0) continue
      expect([entries.length, String(newest)]).toEqual([count, revision])
      highest = newest
    }
    writing = false
    await rewriting
    expect(highest).toBeGreaterThan(0n)
  })

  it('are listed although the connection is cut on the way', async () => {
    await using proxy = await startProxy(server.port)
    await using cut: RawStore = await openEtcdStore({ endpoints: [proxy.endpoint], ...ports }, call)
    for (let i = 0; i < 3; i++) {
      proxy.cutAtAnswer()
      expect((await cut.list(everything, call)).entries).toHaveLength(count)
    }
    expect(proxy.cuts).toBe(3)
  })

  it('written anew reach a watcher that begins far behind, each once and in order', async () => {
    const { revision } = await store.list(everything, call)
    await fill(store, 0, count)
    const seen: string[] = []
    let last = BigInt(revision)
    for await (const batch of store.watch(everything, revision, call)) {
      for (const event of batch.events) {
        expect(BigInt(event.revision)).toBe(++last)
        seen.push(event.key)
      }
      expect(batch.revision).toBe(String(last))
      if (seen.length === count) break
    }
    expect(new Set(seen).size).toBe(count)
  })
})

describe('100,000 keys', () => {
  const many = 100_000
  const eachTime = 100
  // Of short values, so many in one revision cost etcd 3.4 ten times the time to cut its answers into fragments.
  const padding = 'x'.repeat(400)
  const textOf = (i: number): string => `${i} ${padding}`
  const nameOf = (i: number): string => `/calico/k${String(i).padStart(6, '0')}`

  it('are listed in order, and told to a watcher that knew of none, each once', { timeout: 120_000 }, async () => {
    await using server = await startEtcd()
    await using store = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    const before = await store.list(everything, call)
    const client = new EtcdClient({ endpoints: [server.endpoint], ...ports })
    for (let from = 0; from < many; from += eachTime) {
      const success = Array.from({ length: eachTime }, (_, i) => ({
        put: { key: nameOf(from + i), value: textOf(from + i) },
      }))
      await client.invoke(methods.txn, { success }, call)
    }
    client.close()
    const { entries, revision } = await store.list(everything, call)
    expect(entries).toHaveLength(many)
    expect(entries.every(({ key, value }, i) => key === nameOf(i) && value === textOf(i))).toBe(true)
    let told = 0
    let last = BigInt(before.revision)
    for await (const batch of store.watch(everything, before.revision, call)) {
      // A transaction is one revision, and is never told in part.
      expect(batch.events.length % eachTime).toBe(0)
      // One by one `expect` would take half a minute.
      const wrong = batch.events.find((event) => {
        const i = told++
        return event.type !== 'put' || event.key !== nameOf(i) || event.value !== textOf(i)
      })
      expect(wrong).toBeUndefined()
      expect(BigInt(batch.revision)).toBeGreaterThanOrEqual(last)
      last = BigInt(batch.revision)
      if (told >= many) break
    }
    expect([told, String(last)]).toEqual([many, revision])
  })
})
