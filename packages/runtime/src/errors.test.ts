import { expect, it } from 'vitest'
import { type ErrorKind, errorKind, isRetryable, TortieError } from './errors.ts'

const kinds = {
  'door/shut': errorKind(true, (f: { readonly door: string }) => `door ${f.door} is shut; knock`),
  'door/none': errorKind(false, (f: { readonly wall: string }) => `wall ${f.wall} has no door`),
}
type Kinds = typeof kinds
type FactsOf<C extends keyof Kinds> = Kinds[C] extends ErrorKind<infer F> ? F : never

class DoorError<C extends keyof Kinds> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts, options)
  }
}

it('an error has a name, a code, facts, a cause and a text made of them', () => {
  const cause = new Error('wind')
  const error = new DoorError('door/shut', { door: 'front' }, { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({
    name: 'DoorError',
    code: 'door/shut',
    facts: { door: 'front' },
    cause,
    retryable: true,
  })
  expect(String(error)).toBe('DoorError: door front is shut; knock')
})

it('only what says so is retryable', () => {
  expect(isRetryable(new DoorError('door/shut', { door: 'front' }))).toBe(true)
  expect(isRetryable(new DoorError('door/none', { wall: 'north' }))).toBe(false)
  expect(isRetryable(new TypeError('bug'))).toBe(false)
  expect(isRetryable(undefined)).toBe(false)
})
