import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errnoName, errnoOf, NetlinkError, refusalError, throwRefusal } from '../index.ts'
import { readAnswers } from './answers.ts'
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './header.ts'
import { attributeType, forEachAttribute, forEachMessage, nextAttribute, readBytes, readString } from './reader.ts'
import { createMessageWriter, type MessageWriter } from './writer.ts'

type Tree = { readonly type: number; readonly value: Uint8Array | readonly Tree[] }

const { tree: anyTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    type: fc.integer({ min: 1, max: 0x3fff }),
    value: fc.oneof(
      { maxDepth: 3 },
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    ),
  }),
}))
const anyMessage = fc.record({
  type: fc.integer({ min: 4, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  seq: fc.integer({ min: 0, max: 0xffffffff }),
  attributes: fc.array(anyTree, { maxLength: 5 }),
})

function writeTree(writer: MessageWriter, { type, value }: Tree): void {
  if (value instanceof Uint8Array) writer.attrBytes(type, value)
  else {
    writer.beginNested(type)
    for (const inner of value) writeTree(writer, inner)
    writer.endNested()
  }
}

/** Reads with the shape that was written, as every protocol does. */
function readTrees(view: DataView, start: number, end: number, shape: readonly Tree[]): Tree[] {
  const found: Tree[] = []
  forEachAttribute(view, start, end, (type, from, to) => {
    const { value } = shape[found.length] as Tree
    const nested = !(value instanceof Uint8Array)
    found.push({ type, value: nested ? readTrees(view, from, to, value) : readBytes(view, from, to).slice() })
  })
  return found
}

describe('messages', () => {
  it('are read as they were written, many in one datagram, from any first size of the buffer', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (messages, size) => {
        const writer = createMessageWriter(size)
        for (const { type, flags, seq, attributes } of messages) {
          writer.begin(type, flags, seq)
          for (const tree of attributes) writeTree(writer, tree)
          writer.end()
        }
        const read: unknown[] = []
        forEachMessage(writer.bytes, ({ view, type, flags, seq, start, end }) => {
          const shape = messages[read.length]?.attributes ?? []
          read.push({ type, flags, seq, attributes: readTrees(view, start, end, shape) })
        })
        expect(read).toEqual(messages)
      }),
    )
  })

  it('hold numbers and text as they were given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !text.includes('\0')),
        (text) => {
          const writer = createMessageWriter().begin(20, 0, 1).attrString(3, text).end()
          forEachMessage(writer.bytes, ({ view, start, end }) => {
            expect(attributeType(view, start)).toBe(3)
            expect(readString(view, start + 4, end)).toBe(text)
            expect(nextAttribute(view, start, end)).toBe(end)
          })
        },
      ),
    )
    const { bytes } = createMessageWriter()
      .begin(20, 0, 1)
      .attrU16Be(1, 0x1234)
      .attrU64Be(2, 5n)
      .u8(1)
      .u16(2)
      .u32(3)
      .end()
    expect([...bytes.subarray(16)]).toEqual([
      6, 0, 1, 0, 0x12, 0x34, 0, 0, 12, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 0, 3, 0, 0, 0, 0,
    ])
  })

  it('refuse what does not fit or is not closed', () => {
    expect(() => createMessageWriter().begin(20, 0, 1).begin(20, 0, 2)).toThrow(/not ended/)
    expect(() => createMessageWriter().end()).toThrow(/no message/)
    expect(() => createMessageWriter().endNested()).toThrow(/no nested/)
    expect(() => createMessageWriter().begin(20, 0, 1).beginNested(1).end()).toThrow(/1 nested/)
    expect(() => createMessageWriter().attrBytes(1, new Uint8Array(65_532))).toThrow(/over 65535/)
    expect(() => createMessageWriter().beginNested(1).zeros(65_532).endNested()).toThrow(/over 65535/)
  })

  it('of random bytes never read beyond the datagram', () => {
    const readable = (bytes: Uint8Array): void => {
      try {
        readAnswers([bytes], ({ view, start, end }) => forEachAttribute(view, start, end, () => undefined))
      } catch (error) {
        expect(error).toBeInstanceOf(NetlinkError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readable), { numRuns: 2000 })
    // With believable headers the attributes are reached, too.
    const header = (payload: Uint8Array): Uint8Array => createMessageWriter().begin(30, 0, 1).raw(payload).end().bytes
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (payload) => readable(header(payload))),
      { numRuns: 2000 },
    )
  })
})

describe('answers', () => {
  const error = (seq: number, errno: number, flags = 0): MessageWriter =>
    createMessageWriter().begin(NLMSG_ERROR, flags, seq).u32(-errno).zeros(16)

  it('are acknowledgements, refusals with the words of the kernel, and the rest', () => {
    const text = error(2, 17, NLM_F_ACK_TLVS | NLM_F_CAPPED)
      .attrString(1, 'no room')
      .attrU32(2, 36)
      .end()
    const other = createMessageWriter().begin(24, 0, 3).end()
    const seen: number[] = []
    const answers = readAnswers([error(1, 0).end().bytes, text.bytes, other.bytes], ({ type }) => seen.push(type))
    expect(answers).toEqual({
      refusals: [{ seq: 2, errno: 17, text: 'no room', offset: 36 }],
      acknowledged: new Set([1]),
      interrupted: false,
    })
    expect(seen).toEqual([24])
  })

  it('find the text behind a request that was echoed whole', () => {
    const echoed = createMessageWriter().begin(NLMSG_ERROR, NLM_F_ACK_TLVS, 9).u32(-22)
    echoed.u32(22).zeros(12).zeros(6).zeros(2).attrString(1, 'why').end()
    expect(readAnswers([echoed.bytes]).refusals).toEqual([{ seq: 9, errno: 22, text: 'why' }])
  })

  it('tell a dump that was interrupted or failed', () => {
    const part = createMessageWriter().begin(24, NLM_F_DUMP_INTR, 1).end()
    const done = createMessageWriter().begin(NLMSG_DONE, 0, 1).u32(0).end()
    expect(readAnswers([part.bytes, done.bytes]).interrupted).toBe(true)
    const failed = createMessageWriter().begin(NLMSG_DONE, 0, 1).u32(-95).end()
    expect(readAnswers([failed.bytes]).refusals).toEqual([{ seq: 1, errno: 95 }])
  })

  it('become errors that name the operation, the errno, the words of the kernel and the cure', () => {
    const refusal = refusalError({ seq: 1, errno: 1, text: 'no' }, 'add route 10.0.0.0/8', 4)
    expect(refusal.message).toBe('add route 10.0.0.0/8: EPERM (kernel: no); run as root or with CAP_NET_ADMIN')
    expect(refusal).toMatchObject({ code: 'netlink/not-permitted', facts: { index: 4, errnoName: 'EPERM' } })
    expect(refusalError({ seq: 1, errno: 85 }, 'batch', -1)).toMatchObject({ code: 'netlink/busy', retryable: true })
    const answers = readAnswers([error(5, 2).end().bytes])
    expect(() => throwRefusal(answers, (seq) => ({ index: seq, label: `op ${seq}` }))).toThrow('op 5: ENOENT')
    expect(throwRefusal(readAnswers([]), () => ({ index: 0, label: '' }))).toBeUndefined()
  })

  it('know errno by number and name', () => {
    for (const [errno, name] of [
      [1, 'EPERM'],
      [11, 'EAGAIN'],
      [75, 'EOVERFLOW'],
      [85, 'ERESTART'],
      [105, 'ENOBUFS'],
      [111, 'ECONNREFUSED'],
      [132, 'ERFKILL'],
    ] as const) {
      expect(errnoName(errno)).toBe(name)
      expect(errnoOf(name)).toBe(errno)
    }
    expect(errnoName(41)).toBe('errno 41')
    expect(errnoName(4000)).toBe('errno 4000')
    expect(() => errnoOf('ENONE')).toThrow(RangeError)
  })
})
