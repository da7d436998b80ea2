import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as etcd from './etcd.ts'
import { bool, bytes, field, int64, message, repeated, small, text } from './message.ts'

const inner = message({ id: field(1, int64), name: field(2, text) })
const outer = message({
  flag: field(1, bool),
  kind: field(2, small),
  revision: field(3, int64),
  key: field(4, bytes),
  one: field(15, inner),
  many: repeated(16, inner),
})

const anyInt64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
const anyInner = fc.record({ id: anyInt64, name: fc.string({ unit: 'binary' }).map((s) => s.toWellFormed()) })
const anyOuter = fc.record({
  flag: fc.boolean(),
  kind: fc.nat(),
  revision: anyInt64,
  key: fc.uint8Array().map((array) => Buffer.from(array)),
  one: fc.option(anyInner, { nil: undefined }),
  many: fc.array(anyInner),
})

describe('messages', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(anyOuter, (value) => {
        expect(outer.decode(outer.encode(value))).toEqual(value)
      }),
    )
  })

  it('of other versions: unknown fields are skipped, absent ones are zero', () => {
    const older = message({ revision: field(3, int64), absent: field(99, text), none: repeated(98, inner) })
    fc.assert(
      fc.property(anyOuter, (value) => {
        const { revision, ...rest } = older.decode(outer.encode(value))
        expect(revision).toBe(value.revision)
        expect(rest).toEqual({ absent: '', none: [] })
      }),
    )
  })

  it('that are cut short or garbage are RangeErrors or messages, never anything else', () => {
    const attempt = (bytes: Buffer): void => {
      try {
        etcd.watchResponse.decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => attempt(Buffer.from(garbage))))
    const whole = outer.encode({ revision: '9007199254740993', one: { id: '1', name: 'abc' }, many: [{ name: 'x' }] })
    for (let length = 1; length < whole.length; length++) attempt(whole.subarray(0, length))
    expect(() => inner.decode(Buffer.from([0x12, 5, 65]))).toThrow('the message ends too early')
  })

  it.each([
    ['0', [0x08, 0]],
    ['300', [0x08, 0xac, 0x02]],
    ['9007199254740993', [0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['9223372036854775807', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['-1', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('%s lies on the wire as protobuf has it', (id, wire) => {
    expect([...inner.encode({ id })]).toEqual(wire)
    expect(inner.decode(Buffer.from(wire)).id).toBe(id)
  })
})
