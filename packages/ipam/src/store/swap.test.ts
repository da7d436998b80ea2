import { DatastoreError } from '@tortie/datastore'
import { memoryDatastore } from '@tortie/datastore/testing'
import { silentLog } from '@tortie/runtime'
import { seededRandom } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { call, hastyClock } from '../testing/cluster.ts'
import type { Context } from './context.ts'
import { again, lostRace, swap } from './swap.ts'

function contextWith(conflicts: string[] = []): Context {
  const ports = { datastore: memoryDatastore(), clock: hastyClock(), random: seededRandom(1), log: silentLog }
  const nothing = (): void => undefined
  const count = {
    conflicts: (what: string) => conflicts.push(what),
    assigned: nothing,
    released: nothing,
    claimed: nothing,
  }
  return { ...ports, count }
}

const about = { kind: 'IPAMBlock', name: '10-0-0-0-26' }
const races = [
  new DatastoreError('Conflict', { ...about, revision: '1' }),
  new DatastoreError('AlreadyExists', about),
  new DatastoreError('DoesNotExist', about),
]

describe('the compare-and-swap loop', () => {
  it('begins anew after a lost race, and counts it', async () => {
    const conflicts: string[] = []
    const outcomes = [...races, again, 'done' as const]
    const attempt = async () => {
      const next = outcomes.shift()
      if (next instanceof Error) throw next
      return next ?? again
    }
    expect(await swap(contextWith(conflicts), 'block 10.0.0.0/26', attempt, call)).toBe('done')
    expect(conflicts).toEqual(['block', 'block', 'block', 'block'])
  })

  it('gives up after a hundred', async () => {
    let tries = 0
    const attempt = async () => {
      tries++
      return again
    }
    await expect(swap(contextWith(), 'handle h', attempt, call)).rejects.toThrow('handle h changed under us 100 times')
    expect(tries).toBe(100)
  })

  it('lets other errors through, and ends with the reason of an abort', async () => {
    const away = new DatastoreError('Unavailable', { store: 's', why: 'w' })
    expect([...races.map(lostRace), lostRace(away), lostRace(new Error('x'))]).toEqual([true, true, true, false, false])
    await expect(swap(contextWith(), 'x', () => Promise.reject(away), call)).rejects.toBe(away)
    const controller = new AbortController()
    const attempt = async () => {
      controller.abort(new Error('deadline'))
      return again
    }
    await expect(swap(contextWith(), 'x', attempt, controller)).rejects.toThrow('deadline')
  })
})
