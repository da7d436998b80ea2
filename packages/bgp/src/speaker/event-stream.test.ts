import { expect, it } from 'vitest'
import type { BestRoute } from '../rib/contract.ts'
import { EventStream } from './event-stream.ts'
import type { SpeakerEvent } from './speaker.ts'

const best = (prefix: string, preference: number): BestRoute => ({
  family: 4,
  prefix,
  paths: [{ source: 'bgp', preference, localPref: 100, stale: false }],
})
const problem = (why: string): SpeakerEvent => ({ kind: 'problem', why })

it('gives every reader everything from its call on; best routes wait once, merged by prefix, where the first was', async () => {
  const stream = new EventStream()
  stream.emit(problem('before'))
  const stop = new AbortController()
  const slow = stream.read(stop)[Symbol.asyncIterator]()
  stream.emit(problem('one'))
  stream.emit({ kind: 'best', routes: [best('10.0.0.0/8', 1), best('11.0.0.0/8', 1)] })
  stream.emit({ kind: 'recovered' })
  for (let i = 2; i < 1000; i++) stream.emit({ kind: 'best', routes: [best('10.0.0.0/8', i)] })
  const read = [(await slow.next()).value, (await slow.next()).value, (await slow.next()).value]
  expect(read).toEqual([
    problem('one'),
    { kind: 'best', routes: [best('10.0.0.0/8', 999), best('11.0.0.0/8', 1)] },
    { kind: 'recovered' },
  ])
  const next = slow.next()
  stream.emit({ kind: 'best', routes: [best('12.0.0.0/8', 1)] })
  expect((await next).value).toEqual({ kind: 'best', routes: [best('12.0.0.0/8', 1)] })
  stop.abort(new Error('enough'))
  await expect(slow.next()).rejects.toThrow('enough')
  expect(stream.hasReaders).toBe(false)
})

it('holds so many events for a slow reader, and says how many it lost', async () => {
  const stream = new EventStream()
  const reader = stream.read({ signal: new AbortController().signal })[Symbol.asyncIterator]()
  for (let i = 0; i < 5000; i++) stream.emit(problem(`${i}`))
  const read: string[] = []
  for (let i = 0; i < 4097; i++) {
    const { value } = await reader.next()
    if (value.kind === 'problem') read.push(value.why)
  }
  expect(read.slice(0, 2)).toEqual(['0', '1'])
  expect(read.at(-1)).toBe('904 events are lost: this reader was too slow')
})

it('next hops are never lost: nobody would say them again', async () => {
  const stream = new EventStream()
  const reader = stream.read({ signal: new AbortController().signal })[Symbol.asyncIterator]()
  for (let i = 0; i < 4096; i++) stream.emit(problem(`${i}`))
  stream.emit({ kind: 'next-hops', added: ['10.0.0.9'], removed: [] })
  for (let i = 0; i < 4096; i++) await reader.next()
  expect((await reader.next()).value).toEqual({ kind: 'next-hops', added: ['10.0.0.9'], removed: [] })
})

it('a reader that stops reading is forgotten', async () => {
  const stream = new EventStream()
  stream.emit(problem('nobody'))
  const events = stream.read({ signal: new AbortController().signal })
  stream.emit(problem('one'))
  for await (const event of events) {
    expect(event).toEqual(problem('one'))
    break
  }
  expect(stream.hasReaders).toBe(false)
})
