import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createUnframer, frame } from './frames.ts'

it('messages come out as they went in, however the bytes are cut', () => {
  const anyMessages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 })
  fc.assert(
    fc.property(anyMessages, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (messages, cuts) => {
      const all = Buffer.concat(messages.map(frame))
      const unframer = createUnframer()
      const out: Buffer[] = []
      for (let at = 0, i = 0; at < all.length; i++) {
        const length = cuts[i % cuts.length] ?? 1
        out.push(...unframer.push(all.subarray(at, at + length)))
        at += length
      }
      expect(out.map((message) => [...message])).toEqual(messages.map((message) => [...message]))
      expect(unframer.pending).toBe(0)
    }),
  )
})

it('what is no such stream is refused', () => {
  expect(() => createUnframer().push(Buffer.from('HTTP/1.1 400'))).toThrow('not uncompressed gRPC')
  expect(() => createUnframer(100).push(frame(Buffer.alloc(101)))).toThrow('too long')
})
