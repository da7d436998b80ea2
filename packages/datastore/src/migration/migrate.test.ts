import { apiVersion, formatJson, type JsonObject, type Kind } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import { silentLog } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ensureInitialized } from '../client/ensure-initialized.ts'
import type { OfKind } from '../contract.ts'
import { createDatastore } from '../datastore.ts'
import { createMemoryState, type MemoryState } from '../memory/memory-store.ts'
import type { RawStore } from '../raw-store.ts'
import { foreseeMigration, type MigrationOptions, migrate } from './migrate.ts'
import { migratedRange } from './plan.ts'

/** Killed here: nothing after it happens. */
class Kill extends Error {}

interface Outage {
  /** So many writes succeed, in both stores together. */
  writes: number
  /** Whether the last of them happens although its writer is gone. */
  readonly answerLost: boolean
}

/** The store for a process that dies by `outage`. */
function mortal(store: RawStore, outage: Outage): RawStore {
  const wrapped: RawStore = {
    ...store,
    name: store.name,
    async compareAndSwap(key, expected, value, call) {
      if (outage.writes-- > 0) return await store.compareAndSwap(key, expected, value, call)
      if (outage.answerLost && outage.writes === -1) await store.compareAndSwap(key, expected, value, call)
      throw new Kill()
    },
  }
  return wrapped
}

const call = { signal: new AbortController().signal }
const ports = { clock: virtualClock(), random: seededRandom(7), log: silentLog }
const options: MigrationOptions = { clock: { ...ports.clock, sleep: async () => undefined } }
const cluster = '/calico/resources/v3/projectcalico.org/clusterinformations/default'

async function contents(state: MemoryState): Promise<Record<string, string>> {
  const { entries } = await state.open().list(migratedRange, call)
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]))
}

async function put(state: MemoryState, key: string, value: string | undefined): Promise<void> {
  const store = state.open()
  const there = await store.get(key, call)
  await store.compareAndSwap(key, there ? 'present' : 'absent', value, call)
}

/** An initialised cluster with `resources`, and entries that no kind knows. */
async function clusterOf(resources: readonly { readonly kind: Kind }[] = []): Promise<MemoryState> {
  const state = createMemoryState()
  const datastore = createDatastore(state.open('old'), ports)
  await ensureInitialized(datastore, { version: 'v3.31.0' }, ports, call)
  for (const resource of resources)
    if (resource.kind !== 'ClusterInformation')
      await datastore.create(resource as OfKind<Kind>, call).catch(() => undefined)
  await put(state, '/calico/ipam/v2/handle/h', '{"block":{"10.0.0.0/26":1},"deleted":false,"x":18446744073709551615}')
  await put(state, '/calico/dhcp/v2/no-region/subnet/a', 'no JSON at all')
  return state
}

const stores = (old: MemoryState, made: MemoryState) => ({ source: old.open('old'), target: made.open('new') })

it('moves every byte, leaves both locked, and leaves out what running agents report', async () => {
  const [old, made] = [await clusterOf(), createMemoryState()]
  await put(old, '/calico/felix/v2/no-region/host/node-1/status', '{}')
  await put(old, '/elsewhere', 'not ours')
  const before = await contents(old)
  const progress: string[] = []
  const report = await migrate(
    stores(old, made),
    { ...options, parallel: 1, onProgress: ({ phase, done, total }) => progress.push(`${phase} ${done}/${total}`) },
    call,
  )
  const { '/calico/felix/v2/no-region/host/node-1/status': _status, ...after } = await contents(old)
  expect(await contents(made)).toEqual(after)
  expect(after).toEqual({
    ...Object.fromEntries(Object.entries(before).filter(([key]) => !key.includes('felix'))),
    [cluster]: before[cluster]?.replace('"datastoreReady":true', '"datastoreReady":false'),
  })
  expect(before[cluster]).not.toBe(after[cluster])
  expect(await made.open().get('/elsewhere', call)).toBeUndefined()
  expect(report).toEqual({
    entries: 6,
    written: 6,
    deleted: 0,
    leftOut: ['/calico/felix/v2/no-region/host/node-1/status'],
  })
  expect(progress).toEqual(['lock 1/1', 'claim 1/1', ...[1, 2, 3, 4, 5].map((n) => `copy ${n}/5`), 'finish 1/1'])
  expect(await migrate(stores(old, made), options, call)).toMatchObject({ entries: 6, written: 0 })
})

it('foresees what it would do, and writes nothing', async () => {
  const [old, made] = [await clusterOf(), createMemoryState()]
  const before = await contents(old)
  const { steps, entries, same } = await foreseeMigration(stores(old, made), call)
  expect([entries, same]).toEqual([6, 0])
  expect(steps.map(({ phase, store }) => `${phase} ${store}`)).toEqual([
    'lock source',
    'claim target',
    ...Array(5).fill('copy target'),
    'finish target',
  ])
  expect([await contents(old), await contents(made)]).toEqual([before, {}])
})

it('may begin in a datastore that was initialised, and replaces what that made', async () => {
  const [old, made] = [await clusterOf(), createMemoryState()]
  await ensureInitialized(createDatastore(made.open(), ports), {}, ports, call)
  await migrate(stores(old, made), options, call)
  expect(await contents(made)).toEqual(await contents(old))
})

describe('is refused, and nothing written,', () => {
  const refused = async (old: MemoryState, made: MemoryState, code: string, text: string): Promise<void> => {
    const before = [await contents(old), await contents(made)]
    await expect(migrate(stores(old, made), options, call)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    })
    expect([await contents(old), await contents(made)]).toEqual(before)
  }

  it('when the target holds something else', async () => {
    const [old, made] = [await clusterOf(), createMemoryState()]
    for (let i = 0; i < 7; i++) await put(made, `/calico/ipam/v2/handle/other-${i}`, '{}')
    await refused(old, made, 'migration/foreign', 'has 7 entries that are not as in the source (/calico/ipam')
  })

  it('when the source is no cluster', async () => {
    await refused(createMemoryState(), createMemoryState(), 'migration/no-cluster', 'no ClusterInformation')
    const old = createMemoryState()
    await put(old, cluster, '{"metadata":{"name":"default"},"spec":{}}')
    await refused(old, createMemoryState(), 'migration/no-cluster', 'no clusterGUID')
  })

  it('when the migration of another cluster into it has begun', async () => {
    const [old, made] = [await clusterOf(), createMemoryState()]
    await expect(migrate(stores(old, made), killed(3), call)).rejects.toThrow(Kill)
    await refused(await clusterOf(), made, 'migration/other-source', 'has begun, not one of')
  })

  it('when the target was unlocked half-way, or used after the end', async () => {
    const [old, made] = [await clusterOf(), createMemoryState()]
    await expect(migrate(stores(old, made), killed(3), call)).rejects.toThrow(Kill)
    const claimed = (await contents(made))[cluster] ?? ''
    await put(made, cluster, claimed.replace('"datastoreReady":false', '"datastoreReady":true'))
    await refused(old, made, 'migration/unlocked', 'new was unlocked')
    await put(made, cluster, claimed)
    await migrate(stores(old, made), options, call)
    await put(made, '/calico/ipam/v2/handle/h', undefined)
    await refused(old, made, 'migration/foreign', '(/calico/ipam/v2/handle/h)')
  })

  /** Dies in the progress of the write of this number. */
  function killed(writes: number): MigrationOptions {
    let done = 0
    const onProgress = (): void => {
      if (++done === writes) throw new Kill()
    }
    return { ...options, parallel: 1, onProgress }
  }
})

it('writes again what changed meanwhile, and gives up when it never ends', async () => {
  const [old, made] = [await clusterOf(), createMemoryState()]
  let writes = 0
  const onProgress = ({ phase }: { readonly phase: string }): void => {
    if (phase === 'copy' && writes++ < 3) void put(old, '/calico/ipam/v2/handle/late', `{"block":{},"n":${writes}}`)
  }
  await migrate(stores(old, made), { ...options, onProgress }, call)
  expect(await contents(made)).toEqual(await contents(old))

  const restless = await clusterOf()
  const always = () => void put(restless, '/calico/ipam/v2/handle/late', `{"n":${writes++}}`)
  await expect(
    migrate(stores(restless, createMemoryState()), { ...options, onProgress: always }, call),
  ).rejects.toMatchObject({
    code: 'migration/unsettled',
    retryable: true,
    message: expect.stringContaining('/handle/late'),
  })
})

it('ends when the source is unlocked meanwhile', async () => {
  const old = await clusterOf()
  const onProgress = ({ phase }: { readonly phase: string }): void => {
    if (phase === 'claim') void unlock()
  }
  const unlock = async () =>
    put(old, cluster, (await contents(old))[cluster]?.replace('"datastoreReady":false', '"datastoreReady":true'))
  await expect(migrate(stores(old, createMemoryState()), { ...options, onProgress }, call)).rejects.toMatchObject({
    code: 'migration/unlocked',
    message: expect.stringContaining('old was unlocked'),
  })
})

it('ends when it is told to, with what is written whole', async () => {
  const [old, made] = [await clusterOf(), createMemoryState()]
  const abort = new AbortController()
  const onProgress = ({ phase }: { readonly phase: string }): void => {
    if (phase === 'copy') abort.abort(new Kill())
  }
  await expect(migrate(stores(old, made), { ...options, onProgress, parallel: 1 }, abort)).rejects.toThrow(Kill)
  await migrate(stores(old, made), options, call)
  expect(await contents(made)).toEqual(await contents(old))
})

const anyCluster = fc.array(anyResource, { maxLength: 12 })

describe('killed anywhere', () => {
  it('goes on until both are equal, whatever the cluster, the place and the number of deaths', async () => {
    const anyDeath = fc.record({ writes: fc.nat(8), answerLost: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        anyCluster,
        fc.array(anyDeath, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(1, 4),
        async (resources, deaths, parallel) => {
          const [old, made] = [await clusterOf(resources), createMemoryState()]
          for (const death of deaths) {
            const outage = { ...death }
            const { source, target } = stores(old, made)
            const dying = { source: mortal(source, outage), target: mortal(target, outage) }
            await migrate(dying, { ...options, parallel }, call).catch((error: unknown) => {
              if (!(error instanceof Kill)) throw error
            })
          }
          await migrate(stores(old, made), options, call)
          expect(await contents(made)).toEqual(await contents(old))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('at every single write in turn', async () => {
    let deaths = 0
    for (const answerLost of [false, true])
      for (let writes = 0; ; writes++) {
        const [old, made] = [await clusterOf(), createMemoryState()]
        const outage = { writes, answerLost }
        const { source, target } = stores(old, made)
        const dying = { source: mortal(source, outage), target: mortal(target, outage) }
        const died = await migrate(dying, options, call).then(
          () => false,
          (error: unknown) => error instanceof Kill,
        )
        if (died) deaths++
        await migrate(stores(old, made), options, call)
        expect(await contents(made)).toEqual(await contents(old))
        if (!died) break
      }
    expect(deaths).toBe(2 * 8)
  })
})

it('changes no byte of ClusterInformation but the lock', async () => {
  const old = await clusterOf()
  const spec = { clusterGUID: 'ab', clusterType: 'a,<b>', datastoreReady: true, later: 18446744073709551615n }
  const value = formatJson({
    kind: 'ClusterInformation',
    apiVersion,
    metadata: { name: 'default', uid: 'u', creationTimestamp: null, annotations: { 'a/b': 'c' } },
    spec,
  } satisfies JsonObject).replace('<b>', '\\u003cb\\u003e')
  await put(old, cluster, value)
  const made = createMemoryState()
  await migrate(stores(old, made), options, call)
  const locked = value.replace('"datastoreReady":true', '"datastoreReady":false')
  expect([(await contents(old))[cluster], (await contents(made))[cluster]]).toEqual([locked, locked])
})
