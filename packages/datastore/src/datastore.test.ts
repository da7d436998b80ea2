import type { ResourceOf } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { affinityKey, createMemoryState, isDatastoreError } from './index.ts'
import { Crash, crashAfter, loseAnswers, memoryDatastore } from './testing/index.ts'

const tier = (name: string, order = 1): ResourceOf<'Tier'> => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name },
  spec: { order },
})

describe('a datastore in memory', () => {
  it('creates, reads, updates by revision and deletes', async ({ signal }) => {
    const store = memoryDatastore()
    const created = await store.create(tier('a'), { signal })
    expect(created.metadata.resourceVersion).toBe('1')
    expect(await store.get({ kind: 'Tier', name: 'a' }, { signal })).toEqual(created)
    const updated = await store.update({ ...created, spec: { order: 2 } }, { signal })
    expect(updated.metadata.resourceVersion).toBe('2')
    await expect(store.update(created, { signal })).rejects.toSatisfy((error) => isDatastoreError(error, 'Conflict'))
    expect(await store.delete({ kind: 'Tier', name: 'a' }, {}, { signal })).toEqual(updated)
    await expect(store.get({ kind: 'Tier', name: 'a' }, { signal })).rejects.toThrow('resource does not exist: Tier(a)')
  })

  it('watches from a snapshot on', async ({ signal }) => {
    const state = createMemoryState()
    const store = memoryDatastore(state)
    await store.create(tier('a'), { signal })
    const events = store.watch({ kind: 'Tier' }, {}, { signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ type: 'snapshot', items: [{ metadata: { name: 'a' } }] })
    const next = events.next()
    await memoryDatastore(state).create(tier('b'), { signal })
    expect((await next).value).toMatchObject({ type: 'put', item: { metadata: { name: 'b' } }, revision: '2' })
    await store.delete({ kind: 'Tier', name: 'a' }, {}, { signal })
    expect((await events.next()).value).toEqual({ type: 'delete', key: { kind: 'Tier', name: 'a' }, revision: '3' })
  })

  it('keeps affinities under the names of their keys', async ({ signal }) => {
    const store = memoryDatastore()
    const spec = { type: 'host', node: 'n1', cidr: '10.0.0.0/26', state: 'pending', deleted: false } as const
    const key = affinityKey(spec)
    expect(key.name).toBe('host:n1:10-0-0-0-26')
    await store.create(
      { apiVersion: 'projectcalico.org/v3', kind: 'BlockAffinity', metadata: { name: key.name }, spec },
      { signal },
    )
    expect((await store.get(key, { signal })).spec).toEqual(spec)
  })
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

it('an answer can be lost although the write happened', async ({ signal }) => {
  const store = loseAnswers((write) => write === 0, memoryDatastore())
  await expect(store.create(tier('a'), { signal })).rejects.toThrow('the answer was lost')
  await expect(store.create(tier('a'), { signal })).rejects.toThrow('resource already exists: Tier(a)')
})
