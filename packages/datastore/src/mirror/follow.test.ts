import type { ResourceOf } from '@tortie/model'
import { recordingLog, seededRandom, virtualClock } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import {
  createDatastore,
  createMemoryState,
  type Datastore,
  DatastoreError,
  followResources,
  type MirrorBatch,
} from '../index.ts'
import { createFaults, memoryDatastore } from '../testing/index.ts'

const tier = (name: string, order = 1): ResourceOf<'Tier'> => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name },
  spec: { order },
})
const ports = { clock: virtualClock(), random: seededRandom(1) }
const brief = ({ changes, inSync, connected }: MirrorBatch): unknown => ({
  changes: changes.map((change) => (change.type === 'put' ? `+${change.item.metadata.name}` : `-${change.key.name}`)),
  inSync,
  connected,
})

describe('following', () => {
  it('tells what is there, when it is complete, and what changes', async ({ signal }) => {
    const store = memoryDatastore()
    const a = await store.create(tier('a'), { signal })
    const batches = followResources(store, ['Tier', 'IPPool'], ports, { signal })
    const seen: string[] = []
    let batch: MirrorBatch
    do {
      batch = (await batches.next()).value
      seen.push(...(brief(batch) as { changes: string[] }).changes)
    } while (!batch.inSync)
    expect(seen).toEqual(['+a'])
    await store.create(tier('b'), { signal })
    await store.update({ ...a, spec: { order: 5 } }, { signal })
    await store.create(tier('c'), { signal })
    await store.delete({ kind: 'Tier', name: 'c' }, {}, { signal })
    await store.delete({ kind: 'Tier', name: 'b' }, {}, { signal })
    const names = new Map<string, string>()
    while (names.get('a') !== '5') {
      for (const change of (await batches.next()).value.changes)
        if (change.type === 'put')
          names.set(change.item.metadata.name, String((change.item.spec as { order?: number }).order))
        else names.delete(change.key.name)
    }
    await store.create(tier('z'), { signal })
    while (!names.has('z'))
      for (const change of (await batches.next()).value.changes)
        if (change.type === 'put') names.set(change.item.metadata.name, '')
        else names.delete(change.key.name)
    expect([...names.keys()]).toEqual(['a', 'z'])
    await batches.return(undefined as never)
  })

  it('says at once that an empty store is in sync', async ({ signal }) => {
    const batches = followResources(memoryDatastore(), ['Tier'], ports, { signal })
    let batch = (await batches.next()).value
    if (!batch.inSync) batch = (await batches.next()).value
    expect(brief(batch)).toEqual({ changes: [], inSync: true, connected: true })
    await batches.return(undefined as never)
  })

  it('tells a snapshot after compaction as the difference', async ({ signal }) => {
    const state = createMemoryState()
    const store = memoryDatastore(state)
    await store.create(tier('a'), { signal })
    await store.create(tier('b'), { signal })
    const batches = followResources(store, ['Tier'], ports, { signal })
    while (!(await batches.next()).value.inSync);
    await store.delete({ kind: 'Tier', name: 'a' }, {}, { signal })
    await store.create(tier('c'), { signal })
    state.compact()
    const names = new Set(['a', 'b'])
    while (names.has('a') || !names.has('c'))
      for (const change of (await batches.next()).value.changes) {
        if (change.type === 'put') names.add(change.item.metadata.name)
        else names.delete(change.key.name)
        expect(change.type === 'put' && change.item.metadata.name).not.toBe('b')
      }
    await batches.return(undefined as never)
  })

  it('says nothing of what came and went between two batches', async ({ signal }) => {
    const store = memoryDatastore()
    const batches = followResources(store, ['Tier'], ports, { signal })
    while (!(await batches.next()).value.inSync);
    await store.create(tier('a'), { signal })
    await store.delete({ kind: 'Tier', name: 'a' }, {}, { signal })
    await new Promise((resolve) => setImmediate(resolve))
    await store.create(tier('b'), { signal })
    expect(brief((await batches.next()).value)).toEqual({ changes: ['+b'], inSync: true, connected: true })
    await batches.return(undefined as never)
  })

  it('keeps what it told while the store is away, and says so', async ({ signal }) => {
    const clock = virtualClock()
    const state = createMemoryState()
    const faults = createFaults()
    const log = recordingLog()
    const store = createDatastore(faults.wrap(state.open()), { ...ports, clock, log })
    await store.create(tier('a'), { signal })
    const batches = followResources(store, ['Tier', 'IPPool'], { ...ports, clock }, { signal })
    while (!(await batches.next()).value.inSync);
    faults.down = true
    faults.cutWatches()
    const away = await batches.next()
    expect(brief(away.value)).toEqual({ changes: [], inSync: true, connected: false })
    await memoryDatastore(state).delete({ kind: 'Tier', name: 'a' }, {}, { signal })
    await memoryDatastore(state).create({ ...tier('b') }, { signal })
    state.compact()
    faults.down = false
    const changes: unknown[] = []
    let batch: MirrorBatch
    do {
      batch = (await clock.drive(batches.next())).value
      changes.push(...(brief(batch) as { changes: unknown[] }).changes)
    } while (!batch.connected || changes.length < 2)
    expect(changes.sort()).toEqual(['+b', '-a'])
    await batches.return(undefined as never)
  })

  it('begins again when a datastore ends a watch with what can be retried', async ({ signal }) => {
    const clock = virtualClock()
    const store = memoryDatastore()
    let failures = 2
    const unsteady: Datastore = {
      ...store,
      get: store.get.bind(store),
      async *watch(selection, options, call) {
        if (failures-- > 0) throw new DatastoreError('Unavailable', { store: 'x', why: 'y' })
        yield* store.watch(selection, options, call)
      },
    } as Datastore
    const batches = followResources(unsteady, ['Tier'], { ...ports, clock }, { signal })
    expect(brief((await clock.drive(batches.next())).value)).toMatchObject({ inSync: false })
    const states: unknown[] = []
    let batch: MirrorBatch
    do {
      batch = (await clock.drive(batches.next())).value
      states.push([batch.inSync, batch.connected])
    } while (!batch.inSync)
    expect(states).toEqual([
      [false, false],
      [true, true],
    ])
    await batches.return(undefined as never)
  })

  it('ends with what cannot be retried', async ({ signal }) => {
    const store = memoryDatastore()
    const broken = {
      watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new TypeError('a bug')) }) }),
    }
    const batches = followResources({ ...store, ...broken } as unknown as Datastore, ['Tier'], ports, { signal })
    const read = async (): Promise<never> => {
      for (;;) await batches.next()
    }
    await expect(read()).rejects.toThrow('a bug')
  })

  it('throws the reason of an abort', async () => {
    const controller = new AbortController()
    const batches = followResources(memoryDatastore(), ['Tier'], ports, controller)
    while (!(await batches.next()).value.inSync);
    const next = batches.next()
    controller.abort(new Error('shutdown'))
    await expect(next).rejects.toThrow('shutdown')
  })
})
