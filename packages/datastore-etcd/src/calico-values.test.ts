import { createDatastore, type Datastore, type OfKind, prefixRange } from '@tortie/datastore'
import type { Kind } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type EtcdStore, openEtcdStore } from './index.ts'
import { calicoValues as values } from './testing/calico-values.ts'
import { type EtcdServer, startEtcd } from './testing/etcd-server.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const call = { signal: new AbortController().signal }
describe('an etcd that Calico filled', () => {
  let server: EtcdServer
  let raw: EtcdStore
  let store: Datastore
  beforeAll(async () => {
    server = await startEtcd()
    raw = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    store = createDatastore(raw, ports)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    for (const { key, value } of values) await raw.put(key, value, {}, call)
  })
  const text = async (key: string): Promise<string | undefined> => (await raw.get(key, call))?.value

  it.each(values)('$key: comes back byte for byte, but for what was changed', async (row) => {
    const resource = await store.get(row.object, call)
    await store.update(resource as OfKind<Kind>, call)
    expect(await text(row.key)).toBe(row.value)
    const again = await store.get(row.object, call)
    await store.update({ ...again, ...row.change(again as never) } as OfKind<Kind>, call)
    expect(row.value.split(row.from)).toHaveLength(2)
    expect(await text(row.key)).toBe(row.value.replace(row.from, row.to))
    const others = (await raw.list(prefixRange('/calico/'), call)).entries.filter(({ key }) => key !== row.key)
    expect(new Map(others.map(({ key, value }) => [key, value]))).toEqual(
      new Map(values.filter(({ key }) => key !== row.key).map(({ key, value }) => [key, value])),
    )
  })

  it('is found by listings of each kind, deleted by key and revision, and made again the same', async () => {
    for (const { key, value, object } of values) {
      const { items } = await store.list({ kind: object.kind }, call)
      const found = items.filter(({ metadata }) => metadata.name === object.name)
      expect(found).toHaveLength(1)
      const { metadata } = await store.get(object, call)
      const was = await store.delete(object, { revision: metadata.resourceVersion ?? '' }, call)
      expect(await text(key)).toBeUndefined()
      await store.create(was as OfKind<Kind>, call)
      expect(await text(key)).toBe(value)
    }
  })

  it('does not lose digits of revisions, nor take key 0 for one that is not there', async () => {
    const [{ key } = { key: '' }] = values
    const expected = { revision: '9223372036854775807' }
    expect(await raw.compareAndSwap(key, expected, 'x', call)).toMatchObject({ done: false, current: { key } })
    expect(await raw.compareAndSwap('/none', { revision: '0' }, 'x', call)).toEqual({ done: false })
    expect(await raw.get('/none', call)).toBeUndefined()
  })

  it('a key with a time to live goes by itself, and watchers see it', async () => {
    const key = '/calico/felix/v2/no-region/host/node-1/status'
    const after = await raw.put(key, '{}', { ttlSeconds: 1 }, call)
    const watch = raw.watch(prefixRange(key), after, call)[Symbol.asyncIterator]()
    await watch.next() // at once, with nothing
    expect((await watch.next()).value).toMatchObject({ events: [{ type: 'delete', key }] })
    await watch.return?.()
    await expect(raw.put(key, '{}', { ttlSeconds: 0.5 }, call)).rejects.toThrow('whole seconds above 0')
  })

  it('a value that etcd does not take is refused for good, and says why', async () => {
    await expect(raw.put('/large', 'x'.repeat(3_000_000), {}, call)).rejects.toMatchObject({
      code: 'etcd/refused',
      retryable: false,
      message: expect.stringMatching(/request is too large|larger than max.*; make the object smaller/),
    })
  })
})
