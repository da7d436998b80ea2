import { describe, expect, it } from 'vitest'
import { newBlock } from '../block/block.ts'
import { type AffinityState, claimStep, disown, formatOwner, isOwnedBy, ownerOf, stateOf } from './affinity.ts'

const owner = { type: 'host', name: 'node-1' } as const
const ours = { ...newBlock('10.0.0.0/30', 1n), affinity: 'host:node-1', affinityClaimTime: '2026-08-10T12:00:00Z' }
const others = { ...ours, affinity: 'host:node-2' }
const nobodys = disown(ours)

it('owners are written with their type', () => {
  expect(formatOwner({ type: 'virtual', name: 'load-balancer' })).toBe('virtual:load-balancer')
  expect(ownerOf(ours)).toEqual(owner)
  expect(ownerOf({ ...ours, affinity: 'virtual:node-1' })).toEqual({ type: 'virtual', name: 'node-1' })
  expect(ownerOf(nobodys)).toBeUndefined()
  expect(ownerOf({ ...ours, affinity: 'other:x' })).toBeUndefined()
  expect([isOwnedBy(ours, owner), isOwnedBy(others, owner)]).toEqual([true, false])
  expect(nobodys).not.toHaveProperty('affinityClaimTime')
})

it('an empty state is old data and means confirmed', () => {
  expect(stateOf({ state: '' })).toBe('confirmed')
  expect(stateOf({ state: 'pending' })).toBe('pending')
  expect(stateOf(undefined)).toBeUndefined()
})

describe('the steps of a claim', () => {
  const rows: readonly (readonly [AffinityState | undefined, typeof ours | undefined, boolean, string])[] = [
    [undefined, undefined, false, 'announce'],
    ['pending', undefined, false, 'create'],
    ['pending', ours, true, 'confirm'],
    ['confirmed', ours, true, 'use'],
    ['confirmed', ours, false, 'use'],
    // What a crash, or a release that stopped half-way, left.
    ['confirmed', undefined, false, 'announce'],
    ['pendingDeletion', undefined, false, 'announce'],
    ['pendingDeletion', ours, false, 'announce'],
    ['pending', ours, false, 'touch'],
    [undefined, ours, false, 'announce'],
    // Another was quicker.
    ['pending', others, false, 'withdraw'],
    ['confirmed', others, false, 'withdraw'],
    [undefined, others, false, 'withdraw'],
    ['pending', nobodys as typeof ours, false, 'withdraw'],
  ]
  it.each(rows)('%s, block %o, touched %s: %s', (state, block, touched, step) => {
    expect(claimStep(state, owner, block, touched)).toBe(step)
  })
})
