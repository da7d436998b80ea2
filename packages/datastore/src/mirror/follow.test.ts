import type { ResourceOf } from '@tortie/model'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { createMemoryState, followResources, type MirrorBatch } from '../index.ts'
import { memoryDatastore } from '../testing/index.ts'

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

  it('throws the reason of an abort', async () => {
    const controller = new AbortController()
    const batches = followResources(memoryDatastore(), ['Tier'], ports, controller)
    while (!(await batches.next()).value.inSync);
    const next = batches.next()
    controller.abort(new Error('shutdown'))
    await expect(next).rejects.toThrow('shutdown')
  })
})
