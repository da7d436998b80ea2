import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Inbox } from './inbox.ts'

it('gives the octets back in order, however they come and go', () => {
  const pushes = fc.record({ push: fc.uint8Array({ maxLength: 5000 }) })
  const reads = fc.record({ read: fc.nat(8000) })
  fc.assert(
    fc.property(fc.array(fc.oneof(pushes, reads), { maxLength: 40 }), (steps) => {
      const inbox = new Inbox()
      const [pushed, read]: [number[], number[]] = [[], []]
      for (const step of steps) {
        if ('push' in step) {
          inbox.push(step.push)
          for (const octet of step.push) pushed.push(octet)
        } else {
          const part = inbox.peek(step.read)
          for (const octet of part) read.push(octet)
          inbox.drop(part.length)
        }
        if (inbox.size !== pushed.length - read.length) return false
      }
      for (const octet of inbox.peek(inbox.size)) read.push(octet)
      return read.every((octet, i) => octet === pushed[i]) && read.length === pushed.length
    }),
  )
})

it('copies what is pushed: the segment may be used again', () => {
  const inbox = new Inbox()
  const segment = Uint8Array.of(1, 2)
  inbox.push(segment)
  segment.fill(9)
  expect([...inbox.peek(2)]).toEqual([1, 2])
  inbox.clear()
  expect(inbox.size).toBe(0)
})
