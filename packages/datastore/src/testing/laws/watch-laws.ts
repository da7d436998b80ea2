import assert from 'node:assert/strict'
import type { Kind, ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { seededRandom } from '@tortie/runtime/testing'
import type { Datastore, Selection, WatchEvent } from '../../contract.ts'
import { isDatastoreError } from '../../errors.ts'
import type { DatastoreLaw, DatastoreSubject } from './law.ts'
import { networkSet, setOrder, tier } from './objects.ts'
import { createReplay, type Replay } from './replay.ts'

type Events<K extends Kind> = AsyncIterator<WatchEvent<K>>

function begin<K extends Kind>(store: Datastore, selection: Selection<K>, call: Call, after?: string): Events<K> {
  return store.watch(selection, after === undefined ? {} : { after }, call)[Symbol.asyncIterator]()
}

async function next<K extends Kind>(events: Events<K>): Promise<WatchEvent<K>> {
  const result = await events.next()
  assert.ok(!result.done, 'a watch ended without throwing')
  return result.value
}

/** Reads until `enough`, and ends the watch. */
async function readUntil<K extends Kind>(
  events: Events<K>,
  replay: Replay<K>,
  enough: (event?: WatchEvent<K>) => boolean,
): Promise<void> {
  let event: WatchEvent<K> | undefined
  while (!enough(event)) {
    event = await next(events)
    replay.accept(event)
  }
}

export const watchLaws: readonly DatastoreLaw[] = [
  {
    name: 'a watch without a start tells first what is there',
    async check(subject, call) {
      await using store = await subject.open(call)
      const a = await store.create(tier('a'), call)
      const events = begin(store, { kind: 'Tier' }, call)
      const { revision } = await store.list({ kind: 'Tier' }, call)
      assert.deepEqual(await next(events), { type: 'snapshot', items: [a], revision })
      const b = await store.create(tier('b'), call)
      assert.deepEqual(await next(events), { type: 'put', item: b, revision: b.metadata.resourceVersion })
      await events.return?.()
    },
  },
  {
    name: 'a watch from a listing tells everything since, with no gap',
    async check(subject, call) {
      await using store = await subject.open(call)
      await using writer = await subject.open(call)
      await store.create(tier('a'), call)
      const { revision } = await store.list({ kind: 'Tier' }, call)
      const b = await writer.create(tier('b'), call)
      await writer.delete({ kind: 'Tier', name: 'a' }, {}, call)
      const events = begin(store, { kind: 'Tier' }, call, revision)
      assert.deepEqual(await next(events), { type: 'put', item: b, revision: b.metadata.resourceVersion })
      const deleted = await next(events)
      assert.equal(deleted.type, 'delete')
      assert.ok(deleted.type === 'delete')
      assert.deepEqual(deleted.key, { kind: 'Tier', name: 'a' })
      await events.return?.()
    },
  },
  {
    name: 'a watch tells nothing that was not selected',
    async check(subject, call) {
      await using store = await subject.open(call)
      const events = begin(store, { kind: 'NetworkSet', namespace: 'ns', namePrefix: 'a' }, call)
      assert.equal((await next(events)).type, 'snapshot')
      await store.create(tier('a'), call)
      await store.create(networkSet('ns-1', 'a'), call)
      await store.create(networkSet('ns', 'b'), call)
      await store.delete({ kind: 'NetworkSet', namespace: 'ns-1', name: 'a' }, {}, call)
      const wanted = await store.create(networkSet('ns', 'ab'), call)
      assert.deepEqual(await next(events), { type: 'put', item: wanted, revision: wanted.metadata.resourceVersion })
      await events.return?.()
    },
  },
  {
    name: 'a watch by the beginning of names alone covers all namespaces, and no other name',
    async check(subject, call) {
      await using store = await subject.open(call)
      const events = begin(store, { kind: 'NetworkSet', namePrefix: 'a' }, call)
      await next(events)
      await store.create(networkSet('ns', 'b'), call)
      await store.create(networkSet('a', 'b'), call)
      for (const namespace of ['b', 'a']) {
        const item = await store.create(networkSet(namespace, 'ab'), call)
        assert.deepEqual(await next(events), { type: 'put', item, revision: item.metadata.resourceVersion })
      }
      await events.return?.()
    },
  },
  {
    name: 'a watcher that waits learns of what another handle writes',
    async check(subject, call) {
      await using reader = await subject.open(call)
      await using writer = await subject.open(call)
      const events = begin(reader, { kind: 'Tier' }, call)
      await next(events)
      for (let i = 0; i < 5; i++) {
        const waiting = next(events)
        await writer.create(tier(`t${i}`), call)
        const event = await waiting
        assert.ok(event.type === 'put' && event.item.metadata.name === `t${i}`)
      }
      await events.return?.()
    },
  },
  {
    name: 'who fell behind a compaction is told a snapshot, in which deleted objects are missing',
    async check(subject, call) {
      await using store = await subject.open(call)
      await store.create(tier('gone'), call)
      const kept = await store.create(tier('kept'), call)
      const { revision } = await store.list({ kind: 'Tier' }, call)
      await store.delete({ kind: 'Tier', name: 'gone' }, {}, call)
      const made = await store.create(tier('made'), call)
      await subject.compact(call)
      const events = begin(store, { kind: 'Tier' }, call, revision)
      const event = await next(events)
      assert.ok(event.type === 'snapshot', `a ${event.type} came instead`)
      assert.deepEqual(event.items, [kept, made])
      await setOrder(store, 'kept', 7, call)
      assert.equal((await next(events)).type, 'put')
      await events.return?.()
    },
  },
  {
    name: 'a watcher of something quiet stays in step while others write and history is compacted',
    async check(subject, call) {
      await using store = await subject.open(call)
      const quiet = begin(store, { kind: 'NetworkSet' }, call)
      await next(quiet)
      const waiting = next(quiet)
      await store.create(tier('a'), call)
      for (let i = 0; i < 20; i++) await setOrder(store, 'a', i, call)
      await subject.compact(call)
      const wanted = await store.create(networkSet('ns', 'n'), call)
      const event = await waiting
      if (event.type === 'snapshot') assert.deepEqual(event.items, [wanted])
      else assert.deepEqual(event, { type: 'put', item: wanted, revision: wanted.metadata.resourceVersion })
      await quiet.return?.()
    },
  },
  {
    name: 'a watch that was cut goes on after what it told last',
    async check(subject, call) {
      await using store = await subject.open(call)
      const events = begin(store, { kind: 'Tier' }, call)
      const replay = createReplay<'Tier'>()
      replay.accept(await next(events))
      for (let i = 0; i < 5; i++) {
        await store.create(tier(`told-${i}`), call)
        replay.accept(await next(events))
        subject.disconnect?.()
        const { metadata } = await store.create(tier(`missed-${i}`), call)
        await readUntil(events, replay, () => replay.revision >= BigInt(metadata.resourceVersion ?? ''))
      }
      assert.equal(replay.items.size, 10)
      await events.return?.()
    },
  },
  {
    name: 'a watch that was cut says when it is there again, although nothing happens',
    async check(subject, call) {
      if (!subject.disconnect) return
      await using store = await subject.open(call)
      const told: boolean[] = []
      const back = Promise.withResolvers<void>()
      const onConnection = (connected: boolean): void => {
        told.push(connected)
        if (connected) back.resolve()
      }
      const events = store.watch({ kind: 'Tier' }, { onConnection }, call)[Symbol.asyncIterator]()
      await next(events)
      const waiting = next(events)
      waiting.catch(back.reject)
      subject.disconnect()
      await back.promise
      assert.deepEqual(told, [false, true])
      await store.create(tier('a'), call)
      assert.equal((await waiting).type, 'put')
      await events.return?.()
    },
  },
  {
    name: 'whoever reads to the end knows what is there, whatever was cut, compacted or slow on the way',
    async check(subject, call) {
      for (const seed of [1, 2, 3]) await churn(subject, seed, call)
    },
  },
  {
    name: 'a watcher that does not read costs no more the more is written',
    async check(subject, call) {
      await using store = await subject.open(call)
      const events = begin(store, { kind: 'Tier' }, call)
      const replay = createReplay<'Tier'>()
      replay.accept(await next(events))
      let current = await store.create(tier('a'), call)
      for (let order = 1; order <= 1_500; order++) current = await store.update({ ...current, spec: { order } }, call)
      await subject.compact(call)
      const last = BigInt(current.metadata.resourceVersion ?? '')
      let read = 0
      await readUntil(events, replay, () => {
        read++
        return replay.revision >= last
      })
      assert.ok(read < 1_100, `${read} events had been kept for it`)
      assert.deepEqual([...replay.items.values()], [current])
      await events.return?.()
    },
  },
]

const writers = 3
const steps = 60

async function churn(subject: DatastoreSubject, seed: number, call: Call): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const open = async (): Promise<Datastore> => stack.use(await subject.open(call))
  const name = (i: number): string => `seed${seed}-${i}`
  const selection = { kind: 'Tier', namePrefix: `seed${seed}-` } as const
  const replays = [createReplay<'Tier'>(), createReplay<'Tier'>(), createReplay<'Tier'>()]
  const random = seededRandom(seed)
  // Known beforehand: a watcher may be told of the last write before its writer is.
  const last = name(99)
  /** What was written, by its revision: what a watcher is told of a revision must be that. */
  const orders = new Map<string | undefined, number | undefined>()
  const readers = replays.map(async (replay, i) => {
    const events = begin(await open(), selection, call)
    const told: ResourceOf<'Tier'>[] = []
    await readUntil(events, replay, (event) => {
      if (event?.type === 'put') told.push(event.item)
      if (i === 1 && random.next() < 0.02) subject.disconnect?.()
      return [...replay.items.values()].some(({ metadata }) => metadata.name === last)
    })
    await events.return?.()
    return told
  })
  const reading = Promise.all(readers)
  reading.catch(() => undefined) // A writer that fails first is what there is to say.
  let writes = 0
  const remember = ({ metadata, spec }: ResourceOf<'Tier'>): void => {
    orders.set(metadata.resourceVersion, spec.order)
  }
  const write = async (): Promise<void> => {
    const store = await open()
    for (let step = 0; step < steps; step++) {
      const target = name(Math.floor(random.next() * 8))
      try {
        const order = ++writes
        if (random.next() < 0.4) remember(await store.create(tier(target, order), call))
        else if (random.next() < 0.5) remember(await setOrder(store, target, order, call))
        else await store.delete({ kind: 'Tier', name: target }, {}, call)
      } catch (error) {
        if (!isDatastoreError(error, 'AlreadyExists') && !isDatastoreError(error, 'DoesNotExist')) throw error
      }
      if (random.next() < 0.05) await subject.compact(call)
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  const store = await open()
  remember(await store.create(tier(last), call))
  for (const { metadata, spec } of (await reading).flat())
    assert.equal(spec.order, orders.get(metadata.resourceVersion))
  const { items } = await store.list(selection, call)
  const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }): number =>
    a.metadata.name < b.metadata.name ? -1 : 1
  for (const replay of replays) assert.deepEqual([...replay.items.values()].sort(byName), [...items].sort(byName))
}
