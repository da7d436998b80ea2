import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comment, commentOf, decodeUserData, encodeUserData, setComment, setCommentType } from './index.ts'

const anyDatum = fc.record({ type: fc.integer({ min: 0, max: 255 }), value: fc.uint8Array({ maxLength: 255 }) })

describe('user data', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(fc.array(anyDatum), (data) => {
        expect(decodeUserData(encodeUserData(data))).toEqual(data)
      }),
    )
  })
  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const written = encodeUserData(decodeUserData(bytes))
        expect(written).toEqual(bytes.subarray(0, written.length))
      }),
    )
  })
  it('has a comment, in UTF-8', () => {
    expect(commentOf(comment('política 1'))).toBe('política 1')
    expect(commentOf(setComment('hosts'), setCommentType)).toBe('hosts')
    expect(commentOf(setComment('hosts'))).toBeUndefined()
    expect(commentOf(undefined)).toBeUndefined()
  })
  it('has values up to 255 bytes', () => {
    expect(() => encodeUserData([{ type: 0, value: new Uint8Array(256) }])).toThrow('over 255')
  })
})
