import { as4PathOf, hasConfederation, mergeAs4Path } from './as-path.ts'
import { addFault, type Fault, type FaultAction } from './fault.ts'
import { AS_TRANS, AttributeFlag, ErrorCode, UpdateSubcode } from './iana.ts'
import type { WireOptions } from './options.ts'
import {
  type AttributeRow,
  type AttributeValues,
  attributeRowByType,
  attributeRows,
  type PathAttributes,
  type UnknownAttribute,
  type WireAttributes,
} from './path-attributes.ts'
import type { ByteWriter } from './writer.ts'

/** Decoded attributes with what was wrong in them. Frozen in spirit: an interner gives the same one to many. */
export interface AttributeSet {
  readonly attributes: PathAttributes
  readonly faults: readonly Fault[]
}

/** One attribute in place: `bytes[start..end)` is all of it, `bytes[value..end)` its value. */
export interface AttributeSpan {
  readonly flags: number
  readonly type: number
  readonly start: number
  readonly value: number
  readonly end: number
}

/** The attribute at `at`; undefined when it reaches beyond `end`. */
export function attributeAt(bytes: Uint8Array, at: number, end: number): AttributeSpan | undefined {
  const flags = bytes[at] ?? 0
  const wide = (flags & AttributeFlag.extendedLength) !== 0
  const value = at + (wide ? 4 : 3)
  if (value > end) return undefined
  const length = wide ? ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0) : (bytes[at + 2] ?? 0)
  if (value + length > end) return undefined
  return { flags, type: bytes[at + 1] ?? 0, start: at, value, end: value + length }
}

/**
 * Decodes a run of attributes that holds neither MP_REACH_NLRI nor MP_UNREACH_NLRI. Never throws: faults say what was
 * wrong and which action of RFC 7606 follows.
 */
export function decodeAttributes(bytes: Uint8Array, options: WireOptions): AttributeSet {
  const faults: Fault[] = []
  const into: AttributeValues = {}
  const unknown: UnknownAttribute[] = []
  // PERF: by type; a set and a view of each attribute cost more than what is in it.
  const seen = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (let at = 0; at < bytes.length; ) {
    const span = attributeAt(bytes, at, bytes.length)
    if (!span) {
      const reason = 'an attribute reaches beyond the attributes' // RFC 7606 §4
      addFault(faults, updateFault('treat-as-withdraw', 1, reason, bytes.subarray(at), bytes[at + 1]))
      break
    }
    at = span.end
    const [word, bit] = [span.type >> 4, 1 << (span.type & 15)]
    if (((seen[word] as number) & bit) !== 0) {
      const reason = `attribute ${span.type} is there twice` // RFC 7606 §3 g
      addFault(faults, updateFault('attribute-discard', 1, reason, bytes.subarray(span.start, span.end), span.type))
      continue
    }
    seen[word] = (seen[word] as number) | bit
    const row = attributeRowByType.get(span.type)
    const fault = row ? decodeKnown(row, into, bytes, span, options) : decodeUnknown(unknown, bytes, span)
    if (fault) addFault(faults, fault)
  }
  if (unknown.length > 0) into.unknown = unknown
  return { attributes: restoreAs4(into, options), faults }
}

export function updateFault(
  action: FaultAction,
  subcode: number,
  reason: string,
  data: Uint8Array,
  attribute?: number,
): Fault {
  const fault = { action, code: ErrorCode.update, subcode, reason, data }
  return attribute === undefined ? fault : { ...fault, attribute }
}

const kindBits = AttributeFlag.optional | AttributeFlag.transitive

function decodeKnown(
  row: AttributeRow,
  into: AttributeValues,
  bytes: Uint8Array,
  span: AttributeSpan,
  options: WireOptions,
): Fault | undefined {
  const fault = (action: FaultAction, subcode: number, what: string): Fault =>
    updateFault(action, subcode, `${row.name} ${what}`, bytes.subarray(span.start, span.end), row.type)
  if (row.internalOnly && options.peer === 'external') return fault('attribute-discard', 1, 'from an external peer')
  if (((span.flags ^ row.flags) & kindBits) !== 0)
    return fault('treat-as-withdraw', 4, `has flags ${span.flags.toString(16)}`)
  const subcode = row.decode(into, bytes.subarray(span.value, span.end), options)
  if (subcode !== undefined) return fault(row.onError, subcode, 'is malformed')
  const confederate = row.name === 'AS_PATH' && options.peer === 'external' && hasConfederation(into.asPath ?? [])
  if (!confederate) return undefined
  return fault('treat-as-withdraw', UpdateSubcode.malformedAsPath, 'has confederation segments') // RFC 5065 §5
}

function decodeUnknown(unknown: UnknownAttribute[], bytes: Uint8Array, span: AttributeSpan): Fault | undefined {
  const { flags, type } = span
  if ((flags & AttributeFlag.optional) === 0) {
    const whole = bytes.subarray(span.start, span.end)
    return updateFault('session-reset', UpdateSubcode.unrecognizedWellKnown, `unknown attribute ${type}`, whole, type)
  }
  if ((flags & AttributeFlag.transitive) === 0) return undefined
  unknown.push({ flags: kindBits | AttributeFlag.partial, type, value: bytes.slice(span.value, span.end) })
  return undefined
}

/** AS4_PATH and AS4_AGGREGATOR folded into what they stand for: RFC 6793 §4.2.3. */
function restoreAs4(decoded: AttributeValues, { as4 }: WireOptions): PathAttributes {
  if (decoded.as4Path === undefined && decoded.as4Aggregator === undefined) return decoded
  const { as4Path, as4Aggregator, ...attributes } = decoded
  if (as4) return attributes
  const { aggregator, asPath } = attributes
  // Someone who knows no 4-octet AS aggregated later: what the older attributes say is no longer true.
  if (as4Aggregator && aggregator && aggregator.as !== AS_TRANS) return attributes
  if (as4Aggregator && aggregator) attributes.aggregator = as4Aggregator
  if (as4Path && asPath) attributes.asPath = mergeAs4Path(asPath, as4Path)
  return attributes
}

/** What goes on the wire for `attributes`: with AS4_PATH and AS4_AGGREGATOR where a 2-octet peer loses numbers. */
function wireAttributes(attributes: PathAttributes, { as4 }: WireOptions): WireAttributes {
  if (as4) return attributes
  const as4Path = attributes.asPath && as4PathOf(attributes.asPath)
  const { aggregator } = attributes
  return {
    ...attributes,
    ...(as4Path && { as4Path }),
    ...(aggregator && aggregator.as > 0xffff && { as4Aggregator: aggregator }),
  }
}

/**
 * Writes all attributes, ascending by type, unknown ones last. Those that only internal peers may see are left out
 * towards external ones. @throws IpError, BgpError for values that do not fit their field
 */
export function encodeAttributes(writer: ByteWriter, attributes: PathAttributes, options: WireOptions): void {
  const onWire = wireAttributes(attributes, options)
  for (const row of attributeRows) {
    if (row.internalOnly && options.peer === 'external') continue
    const start = writer.length
    beginAttribute(writer, row.flags, row.type)
    if (row.encode(writer, onWire, options)) endAttribute(writer, start)
    else writer.reset(start)
  }
  for (const { flags, type, value } of attributes.unknown ?? []) {
    const start = writer.length
    beginAttribute(writer, flags & ~AttributeFlag.extendedLength, type).raw(value)
    endAttribute(writer, start)
  }
}

/** Header of an attribute with its length open until `endAttribute`. */
export function beginAttribute(writer: ByteWriter, flags: number, type: number): ByteWriter {
  return writer.u8(flags).u8(type).u8(0)
}

/** Fills in the length of the attribute that begins at `start`; two octets when one is too few. */
export function endAttribute(writer: ByteWriter, start: number): void {
  const length = writer.length - start - 3
  if (length <= 255) {
    writer.patchU8(start + 2, length)
    return
  }
  const flags = writer.bytes[start] ?? 0
  writer
    .insert(start + 2, 1)
    .patchU8(start, flags | AttributeFlag.extendedLength)
    .patchU16(start + 2, length)
}
