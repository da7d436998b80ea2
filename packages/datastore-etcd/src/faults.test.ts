import { type Datastore, isDatastoreError, prefixRange, type WatchEvent } from '@tortie/datastore'
import { createReplay } from '@tortie/datastore/testing'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { seededRandom } from '@tortie/runtime/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EtcdStore, openEtcd, openEtcdStore } from './index.ts'
import { type EtcdServer, startCluster, startEtcd } from './testing/etcd-server.ts'
import { startProxy, type TcpProxy } from './testing/proxy.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const impatient = { ...ports, requestTimeoutMs: 400, dialTimeoutMs: 200, keepaliveMs: 100, keepaliveTimeoutMs: 200 }
const call = { signal: new AbortController().signal }

const tier = (name: string, order = 0) =>
  ({ apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name }, spec: { order } }) as const

/** Pulled one by one; `connection` has what the watch said of it. */
function begin(store: Datastore, selection: { namePrefix?: string } = {}) {
  const connection: boolean[] = []
  const events = store
    .watch({ kind: 'Tier', ...selection }, { onConnection: (up) => connection.push(up) }, call)
    [Symbol.asyncIterator]()
  const next = async (): Promise<WatchEvent<'Tier'>> => (await events.next()).value
  return { connection, next, end: () => events.return?.() }
}

const nameOf = (event: WatchEvent<'Tier'>): string =>
  event.type === 'snapshot'
    ? `all: ${event.items.map(({ metadata }) => metadata.name)}`
    : `${event.type} ${event.type === 'put' ? event.item.metadata.name : event.key.name}`

describe('one server', () => {
  let server: EtcdServer
  let admin: EtcdStore
  let proxy: TcpProxy
  beforeAll(async () => {
    server = await startEtcd()
    admin = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    proxy = await startProxy(server.port)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await admin[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    for (const { key } of (await admin.list(prefixRange('/'), call)).entries)
      await admin.compareAndSwap(key, 'present', undefined, call)
  })
  const direct = (): Promise<Datastore> => openEtcd({ endpoints: [server.endpoint], ...ports }, call)
  const compact = async (): Promise<void> => admin.compact((await admin.list(prefixRange('/x'), call)).revision, call)

  it('a watch that was down goes on where it was, with no snapshot and nothing twice', async () => {
    await using reader = await openEtcd({ endpoints: [proxy.endpoint], ...ports }, call)
    await using writer = await direct()
    const { next, end, connection } = begin(reader)
    expect(nameOf(await next())).toBe('all: ')
    await writer.create(tier('a'), call)
    expect(nameOf(await next())).toBe('put a')
    proxy.accepting = false
    proxy.cut()
    const waiting = next()
    await writer.create(tier('b'), call)
    await writer.delete({ kind: 'Tier', name: 'a' }, {}, call)
    proxy.accepting = true
    expect(nameOf(await waiting)).toBe('put b')
    expect(nameOf(await next())).toBe('delete a')
    expect(connection).toEqual([false, true])
    await end()
  })

  it('a watch that was down while history was compacted tells a snapshot', async () => {
    await using reader = await openEtcd({ endpoints: [proxy.endpoint], ...ports }, call)
    await using writer = await direct()
    await writer.create(tier('gone'), call)
    const { next, end } = begin(reader)
    expect(nameOf(await next())).toBe('all: gone')
    proxy.accepting = false
    proxy.cut()
    const waiting = next()
    await writer.delete({ kind: 'Tier', name: 'gone' }, {}, call)
    await writer.create(tier('new'), call)
    await compact()
    proxy.accepting = true
    expect(nameOf(await waiting)).toBe('all: new')
    await end()
  })

  it('a write whose answer was lost says that it may have happened, and is not made twice', async () => {
    await using store = await openEtcdStore({ endpoints: [proxy.endpoint], ...ports }, call)
    const before = await admin.put('/x', '1', {}, call)
    proxy.losingAnswers = true
    const writing = store.compareAndSwap('/x', { revision: before }, '2', call).catch((error: unknown) => error)
    await vi.waitUntil(async () => (await admin.get('/x', call))?.value === '2', { timeout: 10_000 })
    proxy.cut()
    proxy.losingAnswers = false
    const error = await writing
    expect(isDatastoreError(error, 'Unavailable')).toBe(true)
    expect(String(error)).toContain('whether it was written is not known')
    expect(String(error)).toContain(proxy.endpoint)
    expect(await admin.get('/x', call)).toEqual({ key: '/x', value: '2', revision: String(BigInt(before) + 1n) })
    expect(await store.compareAndSwap('/x', 'present', '3', call)).toMatchObject({ done: true })
  })

  it('a write that never arrived changes nothing', async () => {
    await using store = await openEtcdStore({ endpoints: [proxy.endpoint], ...ports }, call)
    proxy.cutAtRequest()
    await expect(store.compareAndSwap('/x', 'absent', '1', call)).rejects.toSatisfy((error) =>
      isDatastoreError(error, 'Unavailable'),
    )
    expect(await admin.get('/x', call)).toBeUndefined()
  })

  it('a read whose answer was lost is made again', async () => {
    await using store = await openEtcdStore({ endpoints: [proxy.endpoint], ...ports }, call)
    await admin.put('/x', '1', {}, call)
    proxy.cutAtAnswer()
    expect(await store.get('/x', call)).toMatchObject({ value: '1' })
  })

  it('a network that swallows everything is noticed, and forgiven', async () => {
    await using reader = await openEtcd({ endpoints: [proxy.endpoint], ...impatient }, call)
    await using writer = await direct()
    const { next, end, connection } = begin(reader)
    await next()
    await using store = await openEtcdStore({ endpoints: [proxy.endpoint], ...impatient }, call)
    proxy.silent = true
    const waiting = next()
    await expect(store.get('/x', call)).rejects.toSatisfy((error) => isDatastoreError(error, 'Unavailable'))
    await writer.create(tier('a'), call)
    await expect.poll(() => connection).toContain(false)
    proxy.silent = false
    proxy.cut()
    expect(nameOf(await waiting)).toBe('put a')
    expect(await store.get('/x', call)).toBeUndefined()
    await end()
  })

  it('a server that is stopped makes calls end in time, and watches wait for it', async () => {
    await using store = await openEtcd({ endpoints: [server.endpoint], ...impatient }, call)
    const { next, end, connection } = begin(store)
    await next()
    const waiting = next()
    server.pause()
    try {
      const since = performance.now()
      const outcomes = await Promise.allSettled([
        store.create(tier('a'), call),
        store.list({ kind: 'Tier' }, call),
        openEtcd({ endpoints: [server.endpoint], ...impatient }, call),
      ])
      expect(performance.now() - since).toBeLessThan(3_000)
      for (const outcome of outcomes)
        expect(outcome.status === 'rejected' && isDatastoreError(outcome.reason, 'Unavailable')).toBe(true)
      await expect.poll(() => connection).toEqual([false])
    } finally {
      server.resume()
    }
    await using writer = await direct()
    await writer.create(tier('b'), call)
    const event = await waiting
    // What was sent while it was stopped may have happened.
    expect(['put a', 'put b']).toContain(nameOf(event))
    if (nameOf(event) === 'put a') expect(nameOf(await next())).toBe('put b')
    expect(connection).toEqual([false, true])
    await end()
  })

  it('kill -9 and a new start lose nothing that was acknowledged, to no watcher', async () => {
    await using store = await openEtcd({ endpoints: [server.endpoint], ...ports }, call)
    const { next, end } = begin(store)
    expect(nameOf(await next())).toBe('all: ')
    for (const round of [1, 2, 3]) {
      await store.create(tier(`before-${round}`), call)
      await server.kill()
      await expect(store.get({ kind: 'Tier', name: 'x' }, call)).rejects.toThrow(/check that etcd runs there/)
      await server.start()
      await store.create(tier(`after-${round}`), call)
      expect(nameOf(await next())).toBe(`put before-${round}`)
      expect(nameOf(await next())).toBe(`put after-${round}`)
    }
    await end()
  })

  it('watchers that nobody reads hold up nobody', async () => {
    await using store = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    const { revision } = await store.list(prefixRange('/'), call)
    const watches = Array.from({ length: 40 }, () =>
      store.watch(prefixRange('/'), revision, call)[Symbol.asyncIterator](),
    )
    await store.compareAndSwap('/first', 'absent', '', call)
    await Promise.all(watches.map((watch) => watch.next()))
    for (let i = 0; i < 30; i++) await store.compareAndSwap(`/${i}`, 'absent', 'x'.repeat(100_000), call)
    expect((await store.list(prefixRange('/'), call)).entries).toHaveLength(31)
    for (const watch of watches) {
      const seen = new Set<string>()
      while (seen.size < 30) for (const { key } of (await watch.next()).value.events) seen.add(key)
      await watch.return?.()
    }
  })

  it('1,000 cuts: no delete is lost, nothing older follows anything newer', { timeout: 120_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const writer = stack.use(await direct())
    const cutsEach = 100
    let reading = 10
    const readers = Array.from({ length: reading }, async (_, i) => {
      const own = stack.use(await startProxy(server.port))
      const store = stack.use(await openEtcd({ endpoints: [own.endpoint], ...ports }, call))
      const random = seededRandom(i)
      const replay = createReplay<'Tier'>()
      const { next, end } = begin(store)
      let satisfied = false
      while (!replay.items.has('["","end"]')) {
        replay.accept(await next())
        if (!satisfied && own.cuts >= cutsEach) {
          satisfied = true
          reading--
        }
        if (satisfied || random.next() < 0.5) continue
        const how = random.next()
        if (how < 0.4) own.cut()
        else if (how < 0.8) own.cutAtAnswer()
        else own.cutAtRequest()
      }
      await end()
      return replay
    })
    const random = seededRandom(99)
    for (let step = 0; reading > 0; step++) {
      const name = `t${Math.floor(random.next() * 20)}`
      const remove = random.next() < 0.4
      await (remove ? writer.delete({ kind: 'Tier', name }, {}, call) : writer.create(tier(name, step), call)).catch(
        (error: unknown) => {
          if (!isDatastoreError(error, 'AlreadyExists') && !isDatastoreError(error, 'DoesNotExist')) throw error
        },
      )
      if (random.next() < 0.01) await compact()
    }
    await writer.create(tier('end'), call)
    const { items } = await writer.list({ kind: 'Tier' }, call)
    const sorted = (all: Iterable<(typeof items)[number]>) =>
      [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    for (const replay of await Promise.all(readers)) expect(sorted(replay.items.values())).toEqual(sorted(items))
  })
})

describe('a cluster of three', () => {
  let servers: readonly EtcdServer[]
  beforeAll(async () => {
    servers = await startCluster()
  })
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
  })

  it('any member may die, the leader too: calls and watches go on', { timeout: 90_000 }, async () => {
    const endpoints = servers.map(({ endpoint }) => endpoint)
    // A write that goes to a leader as it dies is answered by nobody for 7 s.
    await using store = await openEtcd({ endpoints, ...ports, requestTimeoutMs: 1_000 }, call)
    const { next, end } = begin(store)
    expect(nameOf(await next())).toBe('all: ')
    for (const [i, server] of servers.entries()) {
      await server.kill()
      await expect.poll(() => created(store, `without-${i}`), { timeout: 20_000 }).toBe(true)
      expect(nameOf(await next())).toBe(`put without-${i}`)
      await server.start()
    }
    await end()
  })

  it('a member that lost the others is left for those that did not', { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack()
    const [lonely, ...others] = servers as [EtcdServer, EtcdServer, EtcdServer]
    const store = stack.use(await openEtcd({ endpoints: [lonely.endpoint], ...impatient }, call))
    const { next, end, connection } = begin(store)
    await next()
    const waiting = next()
    for (const other of others) other.pause()
    try {
      await expect.poll(() => connection, { timeout: 20_000 }).toEqual([false])
      await expect(store.list({ kind: 'Tier' }, call)).rejects.toSatisfy((error) =>
        isDatastoreError(error, 'Unavailable'),
      )
    } finally {
      for (const other of others) other.resume()
    }
    await expect.poll(() => created(store, 'together'), { timeout: 20_000 }).toBe(true)
    expect(nameOf(await waiting)).toBe('put together')
    await end()
  })
})

/** Whether it is there: made now, or by an attempt before whose answer was lost. */
async function created(store: Datastore, name: string): Promise<boolean> {
  try {
    await store.create(tier(name), call)
    return true
  } catch (error) {
    if (isDatastoreError(error, 'AlreadyExists')) return true
    if (isDatastoreError(error, 'Unavailable')) return false
    throw error
  }
}
