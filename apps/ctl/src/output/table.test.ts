import { describe, expect, it } from 'vitest'
import { formatF0, formatG5, formatGoFloat } from './go-number.ts'
import { formatBox, formatTable } from './table.ts'

describe('formatTable', () => {
  it('pads every cell, the last too, and ends with an empty line', () => {
    expect(formatTable(['NAME', 'CIDR'], [['pool-one', '10.0.0.0/8']])).toBe(
      'NAME       CIDR         \npool-one   10.0.0.0/8   \n\n',
    )
  })
  it('shows an empty list as its header', () => {
    expect(formatTable(['NAME'], [])).toBe('NAME   \n\n')
  })
  it('makes no column narrower than five, and counts characters', () => {
    expect(formatTable(['A', 'B'], [['1', 'é😀']])).toBe('A    B    \n1    é😀   \n\n')
  })
})

describe('formatBox', () => {
  it('puts headings to the left and numbers to the right', () => {
    expect(
      formatBox(
        ['GROUPING', 'IPS FREE'],
        [
          ['IP Pool', '65524 (100%)'],
          ['Block', '12 (0%)'],
        ],
        ['IPS FREE'],
      ),
    ).toBe(`\
+----------+--------------+
| GROUPING | IPS FREE     |
+----------+--------------+
| IP Pool  | 65524 (100%) |
| Block    |      12 (0%) |
+----------+--------------+
`)
  })
})

describe('numbers as Go prints them', () => {
  it.each([
    [100, '100'],
    [1e6, '1e+06'],
    [10_000_000, '1e+07'],
    [1234567, '1.234567e+06'],
    [0.5, '0.5'],
    [0, '0'],
    [-1, '-1'],
    [0.00001, '1e-05'],
  ])('%d with %%v is %s', (value, text) => expect(formatGoFloat(value)).toBe(text))
  it.each([
    [65_536, '65536'],
    [262_144, '2.6214e+05'],
    [1_048_576, '1.0486e+06'],
    [0, '0'],
    [100_000, '1e+05'],
  ])('%d with %%.5g is %s', (value, text) => expect(formatG5(value)).toBe(text))
  it.each([
    [0.5, '0'],
    [1.5, '2'],
    [2.5, '2'],
    [99.4, '99'],
  ])('%d with %%.f is %s', (value, text) => expect(formatF0(value)).toBe(text))
})
