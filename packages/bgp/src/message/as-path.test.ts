import { describe, expect, it } from 'vitest'
import { type AsPath, asPathLength, encodeAsPath, firstAs, formatAsPath, mergeAs4Path, prependAs } from './as-path.ts'
import { ByteWriter } from './writer.ts'

const sequence = (...asns: number[]): AsPath => [{ type: 2, asns }]
const mixed: AsPath = [
  { type: 3, asns: [65001, 65002] },
  { type: 2, asns: [1, 2] },
  { type: 1, asns: [3, 4, 5] },
]

describe('an AS path', () => {
  it('counts a set as one and a confederation as none', () => {
    expect(asPathLength(mixed)).toBe(3)
    expect(firstAs(mixed)).toBe(1)
    expect(firstAs([])).toBeUndefined()
    expect(formatAsPath(mixed)).toBe('(65001 65002) 1 2 {3 4 5}')
  })

  it('takes another AS in front; a full sequence gets a new one', () => {
    expect(prependAs([], 7, 2)).toEqual(sequence(7, 7))
    const full = Array.from({ length: 255 }, () => 1)
    expect(prependAs(sequence(...full), 7)).toEqual([...sequence(7), ...sequence(...full)])
    expect(prependAs(mixed, 7)[0]).toEqual({ type: 2, asns: [7] })
  })

  it('is sent in segments of at most 255', () => {
    const writer = new ByteWriter()
    encodeAsPath(writer, sequence(...Array.from({ length: 300 }, (_, i) => i)), true)
    expect([writer.bytes[1], writer.bytes[2 + 255 * 4 + 1]]).toEqual([255, 45])
  })

  it.each([
    { what: 'of the same length', path: sequence(23456, 1), as4: sequence(100_000, 1), merged: sequence(100_000, 1) },
    { what: 'that is shorter', path: sequence(9, 23456), as4: sequence(100_000), merged: sequence(9, 100_000) },
    { what: 'that is longer', path: sequence(9), as4: sequence(1, 2), merged: sequence(9) },
  ])('is mended by an AS4_PATH $what', ({ path, as4, merged }) => {
    expect(mergeAs4Path(path, as4)).toEqual(merged)
  })
})
