import { apiVersion, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { recordingLog, seededRandom, virtualClock } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { createDatastore, createMemoryState, type Datastore, type MemoryState, type RawStore } from './index.ts'
import { Crash, crashAfter, createFaults, type Faults, loseAnswers, memoryDatastore } from './testing/index.ts'

const tier = (name: string, order = 1): ResourceOf<'Tier'> => ({
  apiVersion,
  kind: 'Tier',
  metadata: { name },
  spec: { order },
})
const key = '/calico/resources/v3/projectcalico.org/tiers/a'

interface Setting {
  readonly state: MemoryState
  readonly raw: RawStore
  readonly store: Datastore
  readonly faults: Faults
  readonly clock: ReturnType<typeof virtualClock>
  readonly log: ReturnType<typeof recordingLog>
}

function setting(): Setting {
  const state = createMemoryState()
  const clock = virtualClock()
  const faults = createFaults(clock)
  const log = recordingLog()
  const store = createDatastore(faults.wrap(state.open()), { clock, random: seededRandom(1), log })
  return { state, raw: state.open(), store, faults, clock, log }
}

const put = (raw: RawStore, value: string, call: Call, at = key): Promise<unknown> =>
  raw.compareAndSwap(at, 'absent', value, call)

describe('values that cannot be read', () => {
  it('fail a get, are missing in a listing, and are logged', async ({ signal }) => {
    const { raw, store, log } = setting()
    await put(raw, '{"metadata":', { signal })
    await put(raw, '{"metadata":{"name":"b"}}', { signal }, '/calico/resources/v3/projectcalico.org/tiers/b')
    await expect(store.get({ kind: 'Tier', name: 'a' }, { signal })).rejects.toThrow(
      `the stored value at ${key} cannot be read: not JSON`,
    )
    const { items } = await store.list({ kind: 'Tier' }, { signal })
    expect(items).toMatchObject([{ metadata: { name: 'b' }, spec: {} }])
    expect(log.lines).toMatchObject([
      { level: 'warn', event: 'datastore.entry.unreadable', facts: { key, revision: '1' } },
    ])
  })

  it('look to a watcher as to one that lists: absent', async ({ signal }) => {
    const { raw, store } = setting()
    await store.create(tier('a'), { signal })
    const events = store.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]()
    await events.next()
    await raw.compareAndSwap(key, 'present', '[]', { signal })
    expect((await events.next()).value).toEqual({ type: 'delete', key: { kind: 'Tier', name: 'a' }, revision: '2' })
  })

  it('can be deleted', async ({ signal }) => {
    const { raw, store } = setting()
    await put(raw, 'rubbish', { signal })
    expect(await store.delete({ kind: 'Tier', name: 'a' }, {}, { signal })).toMatchObject({ metadata: { name: 'a' } })
    expect((await raw.list({ from: '/', to: '0' }, { signal })).entries).toEqual([])
  })

  it('are not what other components keep beside ours', async ({ signal }) => {
    const { raw, store, log } = setting()
    await put(raw, '{}', { signal }, '/calico/ipam/v2/host/node-1')
    await put(raw, '', { signal }, '/calico/ipam/v2/host/node-1/ipv4/block/10.0.0.0-26')
    expect((await store.list({ kind: 'BlockAffinity' }, { signal })).items).toHaveLength(1)
    expect(log.lines).toEqual([])
  })
})

describe('a watch', () => {
  it('says when the store is lost and found, and goes on where it was', async ({ signal }) => {
    const { store, faults, clock, state } = setting()
    const told: boolean[] = []
    const events = store.watch({ kind: 'Tier' }, { onConnection: (up) => told.push(up) }, { signal })
    const watching = events[Symbol.asyncIterator]()
    await watching.next()
    const waiting = watching.next()
    faults.down = true
    faults.cutWatches()
    await clock.advance(60_000)
    expect(told).toEqual([false])
    const other = memoryDatastore(state)
    const a = await other.create(tier('a'), { signal })
    faults.down = false
    expect(await clock.drive(waiting)).toEqual({ value: { type: 'put', item: a, revision: '1' }, done: false })
    expect(told).toEqual([false, true])
  })

  it('starts as soon as the store can be reached', async ({ signal }) => {
    const { store, faults, clock } = setting()
    faults.down = true
    const first = store.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]().next()
    await clock.advance(30_000)
    faults.down = false
    expect((await clock.drive(first)).value).toMatchObject({ type: 'snapshot', items: [] })
  })

  it('bears slow answers', async ({ signal }) => {
    const { store, faults, clock, state } = setting()
    faults.latencyMs = 2_000
    const events = store.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]()
    expect((await clock.drive(events.next())).value).toMatchObject({ type: 'snapshot' })
    const next = events.next()
    await memoryDatastore(state).create(tier('a'), { signal })
    expect((await clock.drive(next)).value).toMatchObject({ type: 'put' })
    expect(clock.monotonicMs()).toBe(6_000)
  })

  it('ends with what cannot be retried', async ({ signal }) => {
    const raw = createMemoryState().open()
    const broken: RawStore = { ...raw, list: () => Promise.reject(new TypeError('a bug')) }
    const store = createDatastore(broken, { clock: virtualClock(), random: seededRandom(1), log: recordingLog() })
    const first = store.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]().next()
    await expect(first).rejects.toThrow('a bug')
  })
})

it('an answer that is lost leaves the write done', async ({ signal }) => {
  const { store, faults } = setting()
  faults.lostAnswers = 1
  await expect(store.create(tier('a'), { signal })).rejects.toThrow('the answer was lost')
  await expect(store.create(tier('a'), { signal })).rejects.toThrow('resource already exists: Tier(a)')
  const losing = loseAnswers((write) => write === 1, memoryDatastore())
  await losing.create(tier('a'), { signal })
  await expect(losing.create(tier('b'), { signal })).rejects.toThrow('the answer was lost')
  expect((await losing.list({ kind: 'Tier' }, { signal })).items).toHaveLength(2)
})

it('a process can crash between any two calls', async ({ signal }) => {
  const state = createMemoryState()
  const dying = crashAfter(1, memoryDatastore(state))
  await dying.create(tier('a'), { signal })
  await expect(dying.create(tier('b'), { signal })).rejects.toThrow(Crash)
  await expect(dying.get({ kind: 'Tier', name: 'a' }, { signal })).rejects.toThrow(Crash)
  expect([dying.operations, dying.crashed]).toEqual([1, true])
  expect((await memoryDatastore(state).list({ kind: 'Tier' }, { signal })).items).toHaveLength(1)
})

it('the state in memory keeps a bounded history', async ({ signal }) => {
  const state = createMemoryState({ history: 10 })
  const store = memoryDatastore(state)
  let current = await store.create(tier('a'), { signal })
  for (let order = 0; order < 100; order++) current = await store.update({ ...current, spec: { order } }, { signal })
  const raw = state.open()
  await expect(raw.watch({ from: '/', to: '0' }, '50', { signal })[Symbol.asyncIterator]().next()).rejects.toThrow(
    'no longer knows what changed since revision 50; list again',
  )
  const { value } = await raw.watch({ from: '/', to: '0' }, '95', { signal })[Symbol.asyncIterator]().next()
  expect(value).toMatchObject({ revision: '101' })
})

// Calico's name of such a policy is what it finds there: an update that added its key's name would give it another one.
it.each([
  ['no name beside it', { name: 'default.web', uid: 'u', creationTimestamp: null }],
  ['a value of another name', { name: 'web', uid: 'u', creationTimestamp: null }],
  [
    'a name beside it',
    {
      name: 'default.web',
      uid: 'u',
      creationTimestamp: null,
      annotations: { 'projectcalico.org/metadata': '{"name":"web"}' },
    },
  ],
])('a policy of an old release keeps %s when it is updated', async (_, metadata) => {
  const { raw, store } = setting()
  const signal = AbortSignal.timeout(10_000)
  const at = '/calico/resources/v3/projectcalico.org/globalnetworkpolicies/default.web'
  const value = { kind: 'GlobalNetworkPolicy', apiVersion: 'projectcalico.org/v3', metadata, spec: { order: 1 } }
  await put(raw, JSON.stringify(value), { signal }, at)
  const policy = await store.get({ kind: 'GlobalNetworkPolicy', name: 'default.web' }, { signal })
  expect(policy.metadata.name).toBe('default.web')
  expect(policy.metadata).not.toHaveProperty('annotations')
  await store.update({ ...policy, spec: { ...policy.spec, order: 2 } }, { signal })
  const entry = await raw.get(at, { signal })
  expect(entry?.value).toBe(JSON.stringify({ ...value, spec: { order: 2 } }))
})

it('a policy that is named so today keeps that name beside it', async ({ signal }) => {
  const { raw, store } = setting()
  const created = await store.create(
    { apiVersion, kind: 'GlobalNetworkPolicy', metadata: { name: 'default.web' }, spec: { order: 1 } },
    { signal },
  )
  await store.update({ ...created, spec: { order: 2 } }, { signal })
  const entry = await raw.get('/calico/resources/v3/projectcalico.org/globalnetworkpolicies/default.web', { signal })
  expect(JSON.parse(entry?.value ?? '').metadata.annotations).toEqual({
    'projectcalico.org/metadata': '{"name":"default.web"}',
  })
})
