import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyDelta, deltaBetween, emptyDelta, isEmptyDelta } from './delta.ts'
import { emptyProgram } from './policy-program.ts'
import { danglingReferences } from './references.ts'
import { arbitraryProgram } from './testing/arbitraries/index.ts'

describe('deltas', () => {
  it('lead from any program to any other, and then have nothing left to say', () => {
    fc.assert(
      fc.property(arbitraryProgram(), arbitraryProgram(), (before, after) => {
        const reached = applyDelta(before, deltaBetween(before, after))
        expect(reached).toEqual(after)
        expect(isEmptyDelta(deltaBetween(reached, after))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
  it('build a program from nothing and take it away', () => {
    fc.assert(
      fc.property(arbitraryProgram(), (program) => {
        expect(applyDelta(emptyProgram, deltaBetween(emptyProgram, program))).toEqual(program)
        expect(applyDelta(program, deltaBetween(program, emptyProgram))).toEqual(emptyProgram)
      }),
      { numRuns: 20 },
    )
  })
  it('leave what they are applied to as it was', () => {
    const program = applyDelta(emptyProgram, {
      ...emptyDelta,
      ipSets: new Map([['s:a', { op: 'create', type: 'net', members: new Set(['10.0.0.1/32']) }]]),
    })
    applyDelta(program, {
      ...emptyDelta,
      ipSets: new Map([['s:a', { op: 'change', added: ['10.0.0.2/32'], removed: ['10.0.0.1/32'] }]]),
    })
    expect([...(program.ipSets.get('s:a')?.members ?? [])]).toEqual(['10.0.0.1/32'])
  })
  it('refuse to change a set that is not there', () => {
    const ipSets = new Map([['s:a', { op: 'change', added: [], removed: [] }]] as const)
    expect(() => applyDelta(emptyProgram, { ...emptyDelta, ipSets })).toThrow('never created')
  })
})

it('arbitrary programs are complete', () => {
  fc.assert(fc.property(arbitraryProgram(), (program) => danglingReferences(program).length === 0))
})
