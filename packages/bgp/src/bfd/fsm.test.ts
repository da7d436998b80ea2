import { describe, expect, it } from 'vitest'
import { type BfdEvent, bfdStep } from './fsm.ts'
import { type BfdState, bfdStates, Diagnostic } from './packet.ts'

describe('the state machine of RFC 5880 §6.8.6', () => {
  // Columns: what the packet says.          AdminDown  Down     Init     Up
  it.each<{ from: BfdState; to: BfdState[] }>([
    { from: 'AdminDown', to: ['AdminDown', 'AdminDown', 'AdminDown', 'AdminDown'] },
    { from: 'Down', to: ['Down', 'Init', 'Up', 'Down'] },
    { from: 'Init', to: ['Down', 'Init', 'Up', 'Up'] },
    { from: 'Up', to: ['Down', 'Down', 'Up', 'Up'] },
  ])('packets in $from', ({ from, to }) => {
    expect(bfdStates.map((state) => bfdStep(from, `receive ${state}`)?.state ?? from)).toEqual(to)
  })

  it.each<{ event: BfdEvent; to: BfdState[]; diag: number }>([
    {
      event: 'detection time expires',
      to: ['AdminDown', 'Down', 'Down', 'Down'],
      diag: Diagnostic.ControlDetectionTimeExpired,
    },
    { event: 'path down', to: ['AdminDown', 'Down', 'Down', 'Down'], diag: Diagnostic.PathDown },
    {
      event: 'disable',
      to: ['AdminDown', 'AdminDown', 'AdminDown', 'AdminDown'],
      diag: Diagnostic.AdministrativelyDown,
    },
    { event: 'enable', to: ['Down', 'Down', 'Init', 'Up'], diag: Diagnostic.None },
  ])('$event', ({ event, to, diag }) => {
    const steps = bfdStates.map((from) => bfdStep(from, event) ?? { state: from, diag })
    expect(steps).toEqual(to.map((state) => ({ state, diag })))
  })

  it('leaving Up says why, coming up says that all is well', () => {
    expect(bfdStep('Up', 'receive Down')?.diag).toBe(Diagnostic.NeighborSignaledSessionDown)
    expect(bfdStep('Up', 'receive AdminDown')?.diag).toBe(Diagnostic.NeighborSignaledSessionDown)
    expect(bfdStep('Init', 'receive Up')?.diag).toBe(Diagnostic.None)
    expect(bfdStep('Down', 'receive Down')?.diag).toBeUndefined()
  })

  it('two sides come up from any two states that packets can leave them in', () => {
    const live = bfdStates.filter((state) => state !== 'AdminDown')
    for (const a of live)
      for (const b of live) {
        let left: BfdState = a
        let right: BfdState = b
        for (let round = 0; round < 4; round++) {
          right = bfdStep(right, `receive ${left}`)?.state ?? right
          left = bfdStep(left, `receive ${right}`)?.state ?? left
        }
        expect([a, b, left, right]).toEqual([a, b, 'Up', 'Up'])
      }
  })
})
