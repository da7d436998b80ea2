import assert from 'node:assert/strict'
import { apiVersion, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { Datastore, OfKind } from '../../contract.ts'
import { affinityKey, blockKey, handleKey, ipamConfigKey } from '../../keys/ipam-names.ts'
import type { DatastoreLaw } from './law.ts'
import { hasCode, networkSet, setOrder, tier } from './objects.ts'

export const objectLaws: readonly DatastoreLaw[] = [
  {
    name: 'keeps what is created, updated and deleted, and returns it as it is stored',
    async check(subject, call) {
      await using store = await subject.open(call)
      const key = { kind: 'Tier', name: 'a' } as const
      const created = await store.create(tier('a', 1), call)
      assert.deepEqual(await store.get(key, call), created)
      const updated = await store.update({ ...created, spec: { ...created.spec, order: 2 } }, call)
      assert.equal(updated.spec.order, 2)
      assert.notEqual(updated.metadata.resourceVersion, created.metadata.resourceVersion)
      assert.deepEqual(await store.get(key, call), updated)
      assert.deepEqual(await store.delete(key, {}, call), updated)
      await assert.rejects(store.get(key, call), hasCode('DoesNotExist'))
    },
  },
  {
    name: 'says what exists and what does not',
    async check(subject, call) {
      await using store = await subject.open(call)
      const key = { kind: 'Tier', name: 'a' } as const
      await assert.rejects(store.get(key, call), hasCode('DoesNotExist'))
      await assert.rejects(store.delete(key, {}, call), hasCode('DoesNotExist'))
      const created = await store.create(tier('a'), call)
      await assert.rejects(store.create(tier('a'), call), hasCode('AlreadyExists'))
      const { resourceVersion } = created.metadata
      assert.ok(resourceVersion !== undefined)
      await store.delete(key, {}, call)
      await assert.rejects(store.update(created, call), hasCode('DoesNotExist'))
      await assert.rejects(store.delete(key, { revision: resourceVersion }, call), hasCode('DoesNotExist'))
    },
  },
  {
    name: 'an update or delete of an old revision changes nothing',
    async check(subject, call) {
      await using store = await subject.open(call)
      const old = await store.create(tier('a', 1), call)
      const current = await store.update({ ...old, spec: { order: 2 } }, call)
      await assert.rejects(store.update({ ...old, spec: { order: 3 } }, call), hasCode('Conflict'))
      const key = { kind: 'Tier', name: 'a' } as const
      const revision = old.metadata.resourceVersion ?? ''
      await assert.rejects(store.delete(key, { revision }, call), hasCode('Conflict'))
      assert.deepEqual(await store.get(key, call), current)
      await store.delete(key, { revision: current.metadata.resourceVersion ?? '' }, call)
    },
  },
  {
    name: 'an update without a revision, or with one that is none, is refused',
    async check(subject, call) {
      await using store = await subject.open(call)
      const created = await store.create(tier('a'), call)
      for (const resourceVersion of [undefined, '', 'x', '-1', '1.5', ' 1', '99999999999999999999'])
        await assert.rejects(store.update(withRevision(created, resourceVersion), call), hasCode('BadRevision'))
    },
  },
  {
    name: 'an object made again is not the one that was deleted',
    async check(subject, call) {
      await using store = await subject.open(call)
      const first = await store.create(tier('a'), call)
      await store.delete({ kind: 'Tier', name: 'a' }, {}, call)
      await store.create(tier('a'), call)
      await assert.rejects(store.update(first, call), hasCode('Conflict'))
    },
  },
  {
    name: 'of rivals with one revision exactly one wins, through any handle',
    async check(subject, call) {
      await using handles = await openHandles(subject.open, 3, call)
      const [first] = handles.stores
      assert.ok(first)
      const rivals = Array.from({ length: 12 }, (_, i) => handles.stores[i % 3] ?? first)
      const made = await Promise.allSettled(rivals.map((store, i) => store.create(tier('a', i), call)))
      assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
      const current = await first.get({ kind: 'Tier', name: 'a' }, call)
      const won = await Promise.allSettled(
        rivals.map((store, i) => store.update({ ...current, spec: { order: 100 + i } }, call)),
      )
      assert.equal(won.filter(({ status }) => status === 'fulfilled').length, 1)
      const after = await first.get({ kind: 'Tier', name: 'a' }, call)
      assert.equal(after.spec.order, 100 + won.findIndex(({ status }) => status === 'fulfilled'))
    },
  },
  {
    name: 'no read-modify-write is lost',
    async check(subject, call) {
      await using handles = await openHandles(subject.open, 4, call)
      const [first] = handles.stores
      assert.ok(first)
      await first.create(tier('count', 0), call)
      const increment = async (store: Datastore): Promise<void> => {
        for (let done = 0; done < 25; ) {
          const current = await store.get({ kind: 'Tier', name: 'count' }, call)
          const spec = { ...current.spec, order: (current.spec.order ?? 0) + 1 }
          const won = await store.update({ ...current, spec }, call).catch(() => undefined)
          if (won) done++
        }
      }
      await Promise.all(handles.stores.map(increment))
      assert.equal((await first.get({ kind: 'Tier', name: 'count' }, call)).spec.order, 100)
    },
  },
  {
    name: 'revisions grow with every write, of whatever kind and through whatever handle',
    async check(subject, call) {
      await using handles = await openHandles(subject.open, 2, call)
      const [one, other] = handles.stores
      assert.ok(one && other)
      const revisions: (string | undefined)[] = [(await one.list({ kind: 'Tier' }, call)).revision]
      revisions.push((await one.create(tier('a'), call)).metadata.resourceVersion)
      revisions.push((await other.create(networkSet('ns', 'a'), call)).metadata.resourceVersion)
      await setOrder(one, 'a', 5, call)
      revisions.push((await other.get({ kind: 'Tier', name: 'a' }, call)).metadata.resourceVersion)
      await one.delete({ kind: 'Tier', name: 'a' }, {}, call)
      revisions.push((await other.list({ kind: 'Tier' }, call)).revision)
      revisions.push((await one.create(tier('b'), call)).metadata.resourceVersion)
      const numbers = revisions.map((revision) => BigInt(revision ?? 'none'))
      for (const [i, number] of numbers.entries()) assert.ok(i === 0 || number > (numbers[i - 1] ?? 0n), `${numbers}`)
    },
  },
  {
    name: 'lists a kind, a namespace, the beginning of names, in the order of their keys, and nothing else',
    async check(subject, call) {
      await using store = await subject.open(call)
      for (const name of ['b', 'ab', 'a', 'abc', 'a.b']) await store.create(tier(name), call)
      for (const namespace of ['ns', 'ns-1', 'n']) await store.create(networkSet(namespace, `${namespace}-set`), call)
      await store.create(networkSet('ns', 'z'), call)
      const names = async (selection: Parameters<Datastore['list']>[0]): Promise<string[]> =>
        (await store.list(selection, call)).items.map(({ metadata }) => metadata.name)
      assert.deepEqual(await names({ kind: 'Tier' }), ['a', 'a.b', 'ab', 'abc', 'b'])
      assert.deepEqual(await names({ kind: 'Tier', namePrefix: 'ab' }), ['ab', 'abc'])
      assert.deepEqual(await names({ kind: 'NetworkSet' }), ['n-set', 'ns-1-set', 'ns-set', 'z'].sort(byKey))
      assert.deepEqual(await names({ kind: 'NetworkSet', namespace: 'ns' }), ['ns-set', 'z'])
      assert.deepEqual(await names({ kind: 'NetworkSet', namePrefix: 'ns-' }), ['ns-1-set', 'ns-set'].sort(byKey))
      assert.deepEqual(await names({ kind: 'NetworkSet', namespace: 'ns', namePrefix: 'z' }), ['z'])
      assert.deepEqual(await names({ kind: 'GlobalNetworkSet' }), [])
    },
  },
  {
    name: 'keeps namespaces apart',
    async check(subject, call) {
      await using store = await subject.open(call)
      const a = await store.create(networkSet('a', 'same', ['10.0.0.1']), call)
      const b = await store.create(networkSet('b', 'same', ['10.0.0.2']), call)
      await store.delete({ kind: 'NetworkSet', namespace: 'a', name: 'same' }, {}, call)
      assert.deepEqual((await store.list({ kind: 'NetworkSet' }, call)).items, [b])
      assert.equal(a.metadata.namespace, 'a')
    },
  },
  {
    name: 'refuses names that no key can hold',
    async check(subject, call) {
      await using store = await subject.open(call)
      for (const name of ['', 'a/b'])
        await assert.rejects(store.create(tier(name), call), hasCode('BadKey'), JSON.stringify(name))
      await assert.rejects(store.get({ kind: 'NetworkSet', name: 'a' }, call), hasCode('BadKey'))
      await assert.rejects(store.get({ kind: 'Tier', name: 'a', namespace: 'b' }, call), hasCode('BadKey'))
    },
  },
  {
    name: 'fields that are not known survive a read, a change and a write',
    async check(subject, call) {
      await using store = await subject.open(call)
      const strange = {
        ...tier('a'),
        spec: { order: 1, future: { list: [1, null, { deep: '✓' }], empty: '' } },
        status: { conditions: [] },
        later: true,
      } as unknown as OfKind<'Tier'>
      const created = await store.create(strange, call)
      await store.update({ ...created, metadata: { ...created.metadata, labels: { l: 'v' } } }, call)
      const read = await store.get({ kind: 'Tier', name: 'a' }, call)
      const { resourceVersion: _, ...metadata } = read.metadata
      assert.deepEqual({ ...read, metadata }, { ...strange, metadata: { name: 'a', labels: { l: 'v' } } })
    },
  },
  {
    name: 'numbers of 64 bits survive, and IPAM objects come back as they were',
    async check(subject, call) {
      await using store = await subject.open(call)
      for (const { key, resource } of ipamObjects) {
        const created = await store.create(resource as OfKind<'IPAMBlock'>, call)
        const { resourceVersion } = created.metadata
        const expected = withRevision(resource, resourceVersion)
        assert.deepEqual(await store.get(key, call), expected)
        assert.deepEqual((await store.list({ kind: key.kind }, call)).items, [expected])
        assert.deepEqual(await store.delete(key, { revision: resourceVersion ?? '' }, call), expected)
      }
    },
  },
  {
    name: 'has the profile that allows everything in every listing, and lets nobody touch it',
    async check(subject, call) {
      await using store = await subject.open(call)
      const key = { kind: 'Profile', name: 'projectcalico-default-allow' } as const
      const profile = await store.get(key, call)
      assert.deepEqual((await store.list({ kind: 'Profile' }, call)).items, [profile])
      assert.deepEqual((await store.list({ kind: 'Profile', namePrefix: 'kns.' }, call)).items, [])
      await assert.rejects(store.create(profile, call), hasCode('AlreadyExists'))
      await assert.rejects(store.update(profile, call), hasCode('Unsupported'))
      await assert.rejects(store.delete(key, {}, call), hasCode('Unsupported'))
    },
  },
]

const byKey = (a: string, b: string): number => keyOfSet(a).localeCompare(keyOfSet(b), 'en')

/** Keys sort by namespace first. */
function keyOfSet(name: string): string {
  return name === 'z' ? 'ns/z' : `${name.slice(0, -'-set'.length)}/${name}`
}

function withRevision<R extends { readonly metadata: object }>(resource: R, resourceVersion: string | undefined): R {
  return { ...resource, metadata: { ...resource.metadata, resourceVersion } }
}

const block: ResourceOf<'IPAMBlock'>['spec'] = {
  cidr: 'fd80:24e2:f998:72d6::/122',
  affinity: 'host:node-1',
  affinityClaimTime: '2026-08-10T12:00:00Z',
  allocations: [0, null],
  unallocated: [1],
  attributes: [{ handle_id: 'net.1', secondary: { node: 'node-1' } }],
  sequenceNumber: 18_446_744_073_709_551_615n,
  sequenceNumberForAllocation: { '0': 1_754_827_200_123_456_789n },
  deleted: false,
}
const affinity = { type: 'host', node: 'node-1', cidr: '10.65.0.0/26', state: 'confirmed', deleted: false } as const
const handle = { handleID: 'Net.ABC', block: { '10.65.0.0/26': 2 }, deleted: false }
const config = { strictAffinity: true, autoAllocateBlocks: true, maxBlocksPerHost: 20 }

const ipamObjects = [
  { key: blockKey(block.cidr), spec: block },
  { key: affinityKey(affinity), spec: affinity },
  { key: handleKey(handle.handleID), spec: handle },
  { key: ipamConfigKey, spec: config },
].map(({ key, spec }) => ({ key, resource: { apiVersion, kind: key.kind, metadata: { name: key.name }, spec } }))

interface Handles extends AsyncDisposable {
  readonly stores: readonly Datastore[]
}

async function openHandles(open: (call: Call) => Promise<Datastore>, count: number, call: Call): Promise<Handles> {
  const stack = new AsyncDisposableStack()
  const stores: Datastore[] = []
  for (let i = 0; i < count; i++) stores.push(stack.use(await open(call)))
  return { stores, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
