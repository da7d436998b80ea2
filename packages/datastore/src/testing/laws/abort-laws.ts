import assert from 'node:assert/strict'
import type { Datastore } from '../../contract.ts'
import type { DatastoreLaw } from './law.ts'
import { hasCode, tier } from './objects.ts'

const reason = new Error('shutdown')
const isReason = (error: unknown): boolean => error === reason

export const abortLaws: readonly DatastoreLaw[] = [
  {
    name: 'an aborted call throws the reason and does nothing',
    async check(subject, call) {
      await using store = await subject.open(call)
      const created = await store.create(tier('a', 1), call)
      const aborted = { signal: AbortSignal.abort(reason) }
      const key = { kind: 'Tier', name: 'a' } as const
      const calls: readonly ((store: Datastore) => Promise<unknown>)[] = [
        (s) => s.get(key, aborted),
        (s) => s.list({ kind: 'Tier' }, aborted),
        (s) => s.create(tier('b'), aborted),
        (s) => s.update({ ...created, spec: { order: 2 } }, aborted),
        (s) => s.delete(key, {}, aborted),
        (s) => s.watch({ kind: 'Tier' }, {}, aborted)[Symbol.asyncIterator]().next(),
        (s) => s.watch({ kind: 'Tier' }, { after: '0' }, aborted)[Symbol.asyncIterator]().next(),
      ]
      for (const attempt of calls) await assert.rejects(attempt(store), isReason)
      assert.deepEqual((await store.list({ kind: 'Tier' }, call)).items, [created])
    },
  },
  {
    name: 'a watch that waits ends at once with the reason of the abort',
    async check(subject, call) {
      await using store = await subject.open(call)
      const controller = new AbortController()
      const events = store.watch({ kind: 'Tier' }, {}, controller)[Symbol.asyncIterator]()
      assert.equal((await events.next()).value?.type, 'snapshot')
      const waiting = events.next()
      controller.abort(reason)
      await assert.rejects(waiting, isReason)
    },
  },
  {
    name: 'a closed handle ends its watches, and the others go on',
    async check(subject, call) {
      await using other = await subject.open(call)
      const store = await subject.open(call)
      const events = store.watch({ kind: 'Tier' }, {}, call)[Symbol.asyncIterator]()
      await events.next()
      const waiting = events.next()
      const ended = assert.rejects(waiting, hasCode('Closed'))
      await store[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await ended
      await assert.rejects(store.get({ kind: 'Tier', name: 'a' }, call), hasCode('Closed'))
      await other.create(tier('a'), call)
    },
  },
]
