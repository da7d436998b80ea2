import { AS_TRANS, SegmentType } from './iana.ts'
import { type ByteWriter, viewOf } from './writer.ts'

export type SegmentTypeCode = (typeof SegmentType)[keyof typeof SegmentType]

/** One AS_PATH segment; the first AS of a sequence is the nearest. */
export interface AsSegment {
  readonly type: SegmentTypeCode
  readonly asns: readonly number[]
}

/** The path from the nearest AS to the origin; empty for a route of our own AS. */
export type AsPath = readonly AsSegment[]

const isConfederation = ({ type }: AsSegment): boolean =>
  type === SegmentType.AS_CONFED_SEQUENCE || type === SegmentType.AS_CONFED_SET

export function hasConfederation(path: AsPath): boolean {
  return path.some(isConfederation)
}

/** Length for the decision process: a set counts 1 (RFC 4271 §9.1.2.2), confederation segments 0 (RFC 5065 §5.3). */
export function asPathLength(path: AsPath): number {
  let length = 0
  for (const segment of path)
    if (segment.type === SegmentType.AS_SEQUENCE) length += segment.asns.length
    else if (segment.type === SegmentType.AS_SET) length++
  return length
}

/** The neighbouring AS: first of the first sequence outside of a confederation; undefined for a local route. */
export function firstAs(path: AsPath): number | undefined {
  const first = path.find((segment) => !isConfederation(segment))
  return first?.type === SegmentType.AS_SEQUENCE ? first.asns[0] : undefined
}

/** The path with `as` put before it `times` times; a full first sequence (255) gets another before it. */
export function prependAs(path: AsPath, as: number, times = 1): AsPath {
  let result = path
  for (let i = 0; i < times; i++) {
    const [first] = result
    const joins = first?.type === SegmentType.AS_SEQUENCE && first.asns.length < 255
    const asns = joins ? [as].concat(first.asns) : [as]
    const segment: AsSegment = { type: SegmentType.AS_SEQUENCE, asns }
    // PERF: `concat` makes arrays of their exact size, a spread leaves room for 16 more, in each of 50,000 paths.
    result = [segment].concat(joins ? result.slice(1) : result)
  }
  return result
}

/** `64512 64513 {1 2} (65001)`: sets in braces, confederation sequences in parentheses, their sets in brackets. */
export function formatAsPath(path: AsPath): string {
  const around: Readonly<Record<SegmentTypeCode, readonly [string, string]>> = {
    1: ['{', '}'],
    2: ['', ''],
    3: ['(', ')'],
    4: ['[', ']'],
  }
  return path.map(({ type, asns }) => around[type][0] + asns.join(' ') + around[type][1]).join(' ')
}

/** Undefined for an unknown kind of segment, an empty one, or one that is cut: RFC 7606 §7.2. */
export function decodeAsPath(bytes: Uint8Array, as4: boolean): AsPath | undefined {
  const view = viewOf(bytes)
  const size = as4 ? 4 : 2
  let path: AsSegment[] = []
  for (let at = 0; at < bytes.length; ) {
    const [type = 0, count = 0] = [bytes[at], bytes[at + 1]]
    if (type < 1 || type > 4 || count === 0 || at + 2 + count * size > bytes.length) return undefined
    at += 2
    const asns = new Array<number>(count)
    for (let i = 0; i < count; i++, at += size) asns[i] = as4 ? view.getUint32(at) : view.getUint16(at)
    // PERF: a first `push` would leave room for 16 more segments, which hardly any path has.
    const segment = { type: type as SegmentTypeCode, asns }
    if (path.length === 0) path = [segment]
    else path.push(segment)
  }
  return path
}

/** Segments over 255 are split; towards 2-octet peers an AS over 65535 is AS_TRANS. */
export function encodeAsPath(writer: ByteWriter, path: AsPath, as4: boolean): void {
  for (const { type, asns } of path)
    for (let from = 0; from < asns.length; from += 255) {
      const part = asns.slice(from, from + 255)
      writer.u8(type).u8(part.length)
      for (const as of part)
        if (as4) writer.u32(as)
        else writer.u16(as > 0xffff ? AS_TRANS : as)
    }
}

/** AS4_PATH that goes with a path towards a 2-octet peer; undefined when no AS needs it (RFC 6793 §4.2.2). */
export function as4PathOf(path: AsPath): AsPath | undefined {
  const plain = path.filter((segment) => !isConfederation(segment))
  return plain.some(({ asns }) => asns.some((as) => as > 0xffff)) ? plain : undefined
}

/**
 * The real path from what a 2-octet peer sent: as many leading entries of AS_PATH as AS4_PATH lacks, then AS4_PATH.
 * An AS4_PATH longer than AS_PATH is ignored (RFC 6793 §4.2.3).
 */
export function mergeAs4Path(path: AsPath, as4Path: AsPath): AsPath {
  let missing = asPathLength(path) - asPathLength(as4Path)
  if (missing < 0) return path
  const merged: AsSegment[] = []
  for (const segment of path) {
    if (isConfederation(segment)) merged.push(segment)
    else if (missing <= 0) break
    else if (segment.type === SegmentType.AS_SET) {
      merged.push(segment)
      missing--
    } else {
      merged.push({ type: segment.type, asns: segment.asns.slice(0, missing) })
      missing -= Math.min(missing, segment.asns.length)
    }
  }
  return joinSequences(merged, as4Path)
}

/** One sequence where both sides of the seam are sequences and fit in one. */
function joinSequences(head: readonly AsSegment[], tail: AsPath): AsPath {
  const last = head.at(-1)
  const [first, ...rest] = tail
  const joins = last?.type === SegmentType.AS_SEQUENCE && first?.type === SegmentType.AS_SEQUENCE
  if (!last || !first || !joins || last.asns.length + first.asns.length > 255) return [...head, ...tail]
  return [...head.slice(0, -1), { type: first.type, asns: [...last.asns, ...first.asns] }, ...rest]
}
