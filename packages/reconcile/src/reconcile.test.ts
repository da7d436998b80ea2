import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Change, diff } from './diff.ts'
import { reconcile } from './reconcile.ts'

const mapOf = (entries: Readonly<Record<string, number>>): Map<string, number> => new Map(Object.entries(entries))

function apply<K, V>(actual: ReadonlyMap<K, V>, changes: readonly Change<K, V>[]): Map<K, V> {
  const after = new Map(actual)
  for (const change of changes)
    if (change.op === 'remove') after.delete(change.key)
    else after.set(change.key, change.value)
  return after
}

describe('diff', () => {
  it.each([
    { given: 'nothing', desired: {}, actual: {}, expected: [] },
    { given: 'a new one', desired: { a: 1 }, actual: {}, expected: [{ op: 'add', key: 'a', value: 1 }] },
    {
      given: 'a changed one',
      desired: { a: 2 },
      actual: { a: 1 },
      expected: [{ op: 'replace', key: 'a', value: 2, was: 1 }],
    },
    { given: 'one too many', desired: {}, actual: { a: 1 }, expected: [{ op: 'remove', key: 'a', was: 1 }] },
    { given: 'the same', desired: { a: 1 }, actual: { a: 1 }, expected: [] },
  ])('$given', ({ desired, actual, expected }) => {
    expect(diff(mapOf(desired), mapOf(actual))).toEqual(expected)
  })

  it('leads from any state to any state, then has nothing left to say; removals come last', () => {
    const anyState = fc.dictionary(fc.constantFrom(...'abcdef'), fc.nat(3)).map(mapOf)
    fc.assert(
      fc.property(anyState, anyState, (desired, actual) => {
        const changes = diff(desired, actual)
        expect(apply(actual, changes)).toEqual(desired)
        expect(diff(desired, apply(actual, changes))).toEqual([])
        const ops = changes.map(({ op }) => op)
        expect(ops.lastIndexOf('add')).toBeLessThan(ops.includes('remove') ? ops.indexOf('remove') : 99)
        expect(ops.lastIndexOf('replace')).toBeLessThan(ops.includes('remove') ? ops.indexOf('remove') : 99)
        const differing = new Set([...desired.keys(), ...actual.keys()])
        for (const key of differing) if (desired.get(key) === actual.get(key)) differing.delete(key)
        expect(changes.length).toBe(differing.size)
      }),
    )
  })

  it('compares as told, and takes undefined as a value', () => {
    const equal = (a: { id: number }, b: { id: number }): boolean => a.id === b.id
    expect(diff(new Map([['a', { id: 1 }]]), new Map([['a', { id: 1 }]]), equal)).toEqual([])
    expect(diff(new Map([['a', undefined]]), new Map([['a', undefined]]))).toEqual([])
  })
})

describe('reconcile', () => {
  it('repairs what differs, reports it, and writes nothing the second time', async () => {
    let there = mapOf({ kept: 1, wrong: 1, extra: 1 })
    let writes = 0
    const target = {
      read: async () => there,
      write: async (changes: readonly Change<string, number>[]) => {
        writes++
        there = apply(there, changes)
      },
    }
    const desired = mapOf({ kept: 1, wrong: 2, missing: 1 })
    const { signal } = new AbortController()
    const repaired = await reconcile(desired, target, Object.is, { signal })
    expect(repaired.map(({ op, key }) => `${op} ${key}`)).toEqual(['replace wrong', 'add missing', 'remove extra'])
    expect(there).toEqual(desired)
    expect(await reconcile(desired, target, Object.is, { signal })).toEqual([])
    expect(writes).toBe(1)
  })

  it('lets the error of a write through, so that the caller decides', async () => {
    const target = {
      read: async () => new Map<string, number>(),
      write: async () => {
        throw new Error('busy')
      },
    }
    const { signal } = new AbortController()
    await expect(reconcile(mapOf({ a: 1 }), target, Object.is, { signal })).rejects.toThrow('busy')
  })
})
