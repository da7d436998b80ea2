import assert from 'node:assert/strict'
import type { ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { seededRandom } from '@tortie/runtime/testing'
import type { Datastore } from '../../contract.ts'
import { isDatastoreError } from '../../errors.ts'
import type { Faults } from '../faults.ts'
import type { DatastoreLaw, DatastoreSubject } from './law.ts'
import { setOrder, tier } from './objects.ts'
import { createReplay, type Replay } from './replay.ts'

const enough = 1_000
const watchers = 4
const writers = 3
/** Longest that a watcher may take to learn of the last write, once there are no faults any more. */
const patienceMs = 10_000

export const faultLaws: readonly DatastoreLaw[] = [
  {
    name: 'in 1,000 faults no delete is lost, nothing old is told after anything new, and what is acknowledged stays',
    async check(subject, call) {
      const { faults } = subject
      if (faults !== undefined) await sufferFaults({ ...subject, faults }, call)
    },
  },
]

type Subject = DatastoreSubject & { readonly faults: Faults }

async function sufferFaults(subject: Subject, call: Call): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const open = async (): Promise<Datastore> => stack.use(await subject.open(call))
  const reading = new AbortController()
  stack.defer(() => reading.abort())
  const signal = AbortSignal.any([call.signal, reading.signal])
  const followers = await Promise.all(Array.from({ length: watchers }, async () => follow(await open(), { signal })))
  const possible = new Map<string, Set<number | undefined>>()
  let suffering = true
  const work = Array.from({ length: writers }, async (_, i) => {
    const store = await open()
    const random = seededRandom(i)
    for (let order = i; suffering; order += writers)
      await write(store, `${i}-${Math.floor(random.next() * 8)}`, order, random.next(), possible, call)
  })
  const writing = Promise.all(work)
  try {
    await Promise.race([inject(subject, call), writing, ...followers.map(({ ended }) => ended)])
  } finally {
    suffering = false
    await writing
  }
  const store = await open()
  while (!followers.every((follower) => follower.connected())) await pause(5)
  await store.create(tier('last'), call)
  await told(followers, call)
  const { items } = await store.list({ kind: 'Tier' }, call)
  for (const { replay } of followers) assert.deepEqual(byName(replay.items.values()), byName(items))
  const orders = new Map(items.map(({ metadata, spec }) => [metadata.name, spec.order]))
  for (const [name, states] of possible)
    assert.ok(
      states.has(orders.get(name)),
      `${name} is ${orders.get(name)}; acknowledged was ${[...states].join(' or ')}`,
    )
}

interface Follower {
  readonly replay: Replay<'Tier'>
  readonly connected: () => boolean
  /** Resolves when the last write was told, rejects with what the watch did wrong. */
  readonly ended: Promise<void>
}

function follow(store: Datastore, call: Call): Follower {
  const replay = createReplay<'Tier'>()
  let connected = true
  const onConnection = (now: boolean): void => {
    connected = now
  }
  const read = async (): Promise<void> => {
    for await (const event of store.watch({ kind: 'Tier' }, { onConnection }, call)) {
      replay.accept(event)
      if (replay.items.has('["","last"]')) return
    }
  }
  const ended = read()
  ended.catch(() => undefined) // It is waited for later.
  return { replay, ended, connected: () => connected }
}

async function told(followers: readonly Follower[], { signal }: Call): Promise<void> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  const never = new Promise<never>((_, reject) => {
    const because = (): void =>
      reject(new assert.AssertionError({ message: 'a watcher was never told of the last write' }))
    late.addEventListener('abort', because, { once: true })
  })
  await Promise.race([Promise.all(followers.map(({ ended }) => ended)), never])
}

/** A name is written by one writer alone, so that it knows what it has to find. */
async function write(
  store: Datastore,
  name: string,
  order: number,
  choice: number,
  possible: Map<string, Set<number | undefined>>,
  call: Call,
): Promise<void> {
  const remove = choice < 0.4
  let written = false
  try {
    const current = await readOrder(store, name, call)
    assertPossible(possible, name, current)
    possible.set(name, new Set([current]))
    written = true
    if (remove) await store.delete({ kind: 'Tier', name }, {}, call)
    else if (choice < 0.7) await store.create(tier(name, order), call)
    else await setOrder(store, name, order, call)
    possible.set(name, new Set([remove ? undefined : order]))
  } catch (error) {
    if (isDatastoreError(error, 'Unavailable')) {
      if (written) possible.get(name)?.add(remove ? undefined : order)
    } else if (!isExpected(error)) throw error
    await pause(1) // so that a store that is away does not keep a writer busy with nothing else
  }
}

async function readOrder(store: Datastore, name: string, call: Call): Promise<number | undefined> {
  try {
    return (await store.get({ kind: 'Tier', name }, call)).spec.order
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) return undefined
    throw error
  }
}

/** What was acknowledged; or, where the answer was lost, that or what was there before. */
function assertPossible(possible: Map<string, Set<number | undefined>>, name: string, order: number | undefined): void {
  const states = possible.get(name) ?? new Set([undefined])
  assert.ok(states.has(order), `${name} is ${order}; acknowledged was ${[...states].join(' or ')}`)
}

const isExpected = (error: unknown): boolean =>
  isDatastoreError(error, 'AlreadyExists') || isDatastoreError(error, 'DoesNotExist')

/** Until so many calls and watches have suffered. */
async function inject({ faults, compact }: Subject, call: Call): Promise<void> {
  const random = seededRandom(7)
  while (faults.suffered < enough) {
    const choice = random.next()
    if (choice < 0.5) faults.cutWatches()
    else if (choice < 0.8) faults.lostAnswers++
    else if (choice < 0.9) faults.down = true
    else await compact(call)
    await pause(random.next() * 10)
    faults.down = false
  }
  faults.lostAnswers = 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function byName(items: Iterable<ResourceOf<'Tier'>>): ResourceOf<'Tier'>[] {
  return [...items].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}
