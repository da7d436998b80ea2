import { expect, it } from 'vitest'
import { addToHandle, countOf, newHandle, withCount } from './handle.ts'

it('a handle counts addresses by block and family', () => {
  const one = addToHandle(newHandle('net.c1'), '10.0.0.0/26', 1)
  const two = addToHandle(addToHandle(one, 'fd00::/122', 2), '10.0.0.0/26', 3)
  expect(two).toEqual({ handleID: 'net.c1', block: { '10.0.0.0/26': 4, 'fd00::/122': 2 }, deleted: false })
  expect([countOf(two, 4), countOf(two, 6), countOf(newHandle('x'), 4)]).toEqual([4, 2, 0])
})

it('is gone with its last count', () => {
  const both = addToHandle(addToHandle(newHandle('net.c1'), '10.0.0.0/26', 4), 'fd00::/122', 2)
  expect(withCount(both, '10.0.0.0/26', 1)?.block).toEqual({ '10.0.0.0/26': 1, 'fd00::/122': 2 })
  const v6 = withCount(both, '10.0.0.0/26', 0)
  expect(v6?.block).toEqual({ 'fd00::/122': 2 })
  expect(v6 && withCount(v6, 'fd00::/122', 0)).toBeUndefined()
  expect(withCount(newHandle('x'), '10.0.0.0/26', -1)).toBeUndefined()
})

it('reads handles without counts', () => {
  const bare = { handleID: 'x', deleted: false } as unknown as ReturnType<typeof newHandle>
  expect(countOf(bare, 4)).toBe(0)
  expect(addToHandle(bare, '10.0.0.0/26', 1).block).toEqual({ '10.0.0.0/26': 1 })
})
