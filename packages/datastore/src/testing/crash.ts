import type { Kind, ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Datastore, Listing, OfKind, ResourceKey, Selection } from '../contract.ts'
import { DatastoreError } from '../errors.ts'

/** The process died here: nothing after it happens, and nothing retries it. */
export class Crash extends Error {
  override readonly name = 'Crash'
}

export interface Countdown extends Datastore {
  /** Calls that reached the store so far: get, list, create, update and delete. Watches are not counted. */
  readonly operations: number
  readonly crashed: boolean
}

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete'

/**
 * The same store, for a process that dies between two of its calls: `operations` of them succeed, the next one and all
 * after it throw Crash without reaching the store. To step through every crash point of some work, run it with 0, 1, 2…
 * until it no longer crashes.
 */
export function crashAfter(operations: number, datastore: Datastore): Countdown {
  let done = 0
  let crashed = false
  return intercept(datastore, {
    before() {
      crashed ||= done >= operations
      if (crashed) throw new Crash(`crashed after ${operations} operations`)
      done++
    },
    state: {
      get operations() {
        return done
      },
      get crashed() {
        return crashed
      },
    },
  })
}

/**
 * The same store, where the answers of the writes that `loses` names (counted from 0) get lost: the write happens, the
 * caller is told Unavailable.
 */
export function loseAnswers(loses: (write: number) => boolean, datastore: Datastore): Datastore {
  let writes = 0
  return intercept(datastore, {
    after(operation) {
      if (operation === 'get' || operation === 'list' || !loses(writes++)) return
      throw new DatastoreError('Unavailable', { store: 'in memory', why: 'the answer was lost' })
    },
    state: {},
  })
}

/** The same store; `before` is awaited before each call, so that a test decides in which order rivals go on. */
export function pauseBefore(before: (operation: string) => Promise<void>, datastore: Datastore): Datastore {
  return intercept(datastore, { before, state: {} })
}

interface Hooks<S extends object> {
  readonly before?: (operation: Operation) => void | Promise<void>
  readonly after?: (operation: Operation) => void
  readonly state: S
}

function intercept<S extends object>(datastore: Datastore, { before, after, state }: Hooks<S>): Datastore & S {
  const run = async <T>(operation: Operation, work: () => Promise<T>): Promise<T> => {
    await before?.(operation)
    const result = await work()
    after?.(operation)
    return result
  }
  const wrapped: Datastore = {
    get: <K extends Kind>(key: ResourceKey<K>, call: Call): Promise<ResourceOf<K>> =>
      run('get', () => datastore.get(key, call)),
    list: <K extends Kind>(selection: Selection<K>, call: Call): Promise<Listing<K>> =>
      run('list', () => datastore.list(selection, call)),
    create: <K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>> =>
      run('create', () => datastore.create(resource, call)),
    update: <K extends Kind>(resource: OfKind<K>, call: Call): Promise<ResourceOf<K>> =>
      run('update', () => datastore.update(resource, call)),
    delete: <K extends Kind>(
      key: ResourceKey<K>,
      options: { readonly revision?: string },
      call: Call,
    ): Promise<ResourceOf<K>> => run('delete', () => datastore.delete(key, options, call)),
    watch: (selection, options, call) => datastore.watch(selection, options, call),
    [Symbol.asyncDispose]: () => datastore[Symbol.asyncDispose](),
  }
  return Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(state)) as Datastore & S
}
