import { containsPrefix, formatPrefix, parsePrefix, subnets } from '@tortie/ip'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { reserve } from './reservations.ts'
import { placeInWalk, walkBlocks } from './walk.ts'

const nowNs = 1_764_010_000_123_456_789n
const never = (): undefined => undefined

it.each([
  // 2^10 blocks: Go draws 271 for the empty name.
  { pool: '10.65.0.0/16', blockLength: 26, owner: '', first: '10.65.67.192/26' },
  { pool: 'fd80::/112', blockLength: 122, owner: '', first: 'fd80::43c0/122' },
])('begins where Calico begins: $owner in $pool', ({ pool, blockLength, owner, first }) => {
  const [block] = walkBlocks({ pool: parsePrefix(pool), blockLength, owner, nowNs }, never)
  expect(block && formatPrefix(block)).toBe(first)
})

it('meets every block once, wraps, and always in the same order', () => {
  const pools = fc.constantFrom(
    ['10.0.0.0/24', 26],
    ['10.0.0.0/26', 26],
    ['10.0.0.0/27', 32],
    ['fd00::/121', 125],
  ) as fc.Arbitrary<[string, number]>
  fc.assert(
    fc.property(pools, fc.string(), ([text, blockLength], owner) => {
      const pool = parsePrefix(text)
      const walk = { pool, blockLength, owner, nowNs }
      const blocks = [...walkBlocks(walk, never)]
      expect(new Set(blocks.map(formatPrefix))).toEqual(new Set([...subnets(pool, blockLength)].map(formatPrefix)))
      expect(blocks).toHaveLength(2 ** (blockLength - pool.length))
      expect(blocks.every((block) => containsPrefix(pool, block))).toBe(true)
      expect([...walkBlocks(walk, never)]).toEqual(blocks)
      expect(blocks.map(placeInWalk(walk))).toEqual(blocks.map((_, i) => BigInt(i)))
    }),
  )
})

it('passes over reserved stretches at once, however long', () => {
  const pool = parsePrefix('fd80::/32')
  const reservations = reserve([parsePrefix('fd80::/33'), parsePrefix('fd80:0:8000::/34')])
  const walk = { pool, blockLength: 122, owner: 'node-1', nowNs }
  const [block] = walkBlocks(walk, reservations.covering)
  expect(block && containsPrefix(parsePrefix('fd80:0:c000::/34'), block)).toBe(true)
  expect([...walkBlocks(walk, reserve([pool]).covering)]).toEqual([])
})

it('knows pools smaller than a block', () => {
  expect([...walkBlocks({ pool: parsePrefix('10.0.0.0/28'), blockLength: 26, owner: 'n', nowNs }, never)]).toEqual([])
})
