import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { silentLog } from '../log.ts'
import { silentMeter } from '../meter.ts'
import { systemClock, systemRandom } from '../system/index.ts'
import { recordingLog, seededRandom, virtualClock } from './index.ts'

const call = () => ({ signal: new AbortController().signal })

describe('the virtual clock', () => {
  it('wakes sleepers in the order of their time, at their time', async () => {
    const clock = virtualClock(1_000)
    const woken: string[] = []
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms, call())
      woken.push(`${name}@${clock.monotonicMs()}`)
    }
    const all = [sleeper('c', 30), sleeper('a', 10), sleeper('b', 20), sleeper('d', 31)]
    await clock.advance(30)
    expect(woken).toEqual(['a@10', 'b@20', 'c@30'])
    expect([clock.wallMs(), clock.wallNs()]).toEqual([1_030, 1_030_000_000n])
    await clock.advance(1)
    await Promise.all(all)
  })

  it('wakes what is put to sleep on the way', async () => {
    const clock = virtualClock()
    let rounds = 0
    const loop = async (): Promise<void> => {
      for (; rounds < 5; rounds++) await clock.sleep(10, call())
    }
    const looping = loop()
    await clock.advance(50)
    await looping
    expect(rounds).toBe(5)
  })

  it('drives work to its end, or says that it waits for something else', async () => {
    const clock = virtualClock()
    const work = (async () => {
      await clock.sleep(60_000, call())
      return 'done'
    })()
    expect(await clock.drive(work)).toBe('done')
    expect(clock.monotonicMs()).toBe(60_000)
    await expect(clock.drive(Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    await expect(clock.drive(new Promise(() => undefined))).rejects.toThrow('something else than the virtual clock')
  })

  it('throws the reason of an abort and leaves no listener', async () => {
    const clock = virtualClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(10, controller)
    controller.abort(new Error('shutdown'))
    await expect(sleeping).rejects.toThrow('shutdown')
    await expect(clock.sleep(10, controller)).rejects.toThrow('shutdown')
    const live = new AbortController()
    await clock.drive(clock.sleep(10, live))
    expect(getEventListeners(live.signal, 'abort')).toEqual([])
  })
})

it('seeded random repeats, stays in range and makes version 4 UUIDs', () => {
  const [a, b, other] = [seededRandom(7), seededRandom(7), seededRandom(8)]
  const numbers = Array.from({ length: 1_000 }, () => a.next())
  expect(numbers).toEqual(Array.from({ length: 1_000 }, () => b.next()))
  expect(numbers).not.toEqual(Array.from({ length: 1_000 }, () => other.next()))
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  expect(Math.abs(numbers.reduce((sum, number) => sum + number, 0) / 1_000 - 0.5)).toBeLessThan(0.05)
  for (const random of [a, systemRandom])
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('the recording log keeps level, event and every fact', () => {
  const log = recordingLog()
  log.info('pod.added', { pod: 'a' })
  log.with({ node: 'n1' }).with({ pod: 'b' }).warn('pod.slow', { ms: 5 })
  expect(log.lines).toEqual([
    { level: 'info', event: 'pod.added', facts: { pod: 'a' } },
    { level: 'warn', event: 'pod.slow', facts: { node: 'n1', pod: 'b', ms: 5 } },
  ])
})

it('the silent log and meter take everything', () => {
  silentLog.with({ a: 1 }).error('x')
  silentMeter.counter('c', 'help').add(1)
  silentMeter.gauge('g', 'help', ['l']).set(1, { l: 'v' })
  silentMeter.histogram('h', 'help').record(1)
})

describe('the system clock', () => {
  it('tells the time in all its forms', () => {
    const before = Date.now()
    const wallMs = systemClock.wallMs()
    const wallNs = systemClock.wallNs()
    expect(wallMs).toBeGreaterThanOrEqual(before)
    expect(Math.abs(Number(wallNs / 1_000_000n) - wallMs)).toBeLessThan(1_000)
    expect(systemClock.monotonicMs()).toBeLessThanOrEqual(systemClock.monotonicMs())
  })

  it('sleeps, and ends early with the reason of an abort', async () => {
    await systemClock.sleep(1, call())
    const controller = new AbortController()
    const sleeping = systemClock.sleep(60_000, controller)
    controller.abort(new Error('shutdown'))
    await expect(sleeping).rejects.toThrow('shutdown')
    await expect(systemClock.sleep(0, controller)).rejects.toThrow('shutdown')
  })
})
