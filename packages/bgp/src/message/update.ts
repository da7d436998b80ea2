import { type Family, readAddress } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import {
  type AttributeSpan,
  attributeAt,
  beginAttribute,
  decodeAttributes,
  encodeAttributes,
  endAttribute,
  updateFault,
} from './attributes.ts'
import { addFault, type Fault, type FaultAction, strongest } from './fault.ts'
import { Afi, AttributeFlag, AttributeType, Safi, UpdateSubcode } from './iana.ts'
import type { AttributeInterner } from './intern.ts'
import { decodeNlri, encodeNlri, type Nlri, noNlri } from './nlri.ts'
import type { WireOptions } from './options.ts'
import { attributeRowByType, type PathAttributes } from './path-attributes.ts'
import type { ByteWriter } from './writer.ts'

/** Prefixes of MP_REACH_NLRI and their next hop (RFC 4760 §3). */
export interface MpReach {
  /** Canonical text; IPv6, or IPv4 for IPv4 prefixes. */
  readonly nextHop: string
  /** The second address of a 32-octet next hop (RFC 2545 §3). */
  readonly linkLocal?: string
  readonly nlri: Nlri
}

/** UPDATE of unicast routes. All prefixes that it announces share `attributes`. */
export interface UpdateMessage {
  readonly kind: 'UPDATE'
  /** IPv4, in the field of RFC 4271. */
  readonly withdrawn: Nlri
  /** IPv4, in the field of RFC 4271; next hop is `attributes.nextHop`. */
  readonly nlri: Nlri
  readonly mpReach?: MpReach
  /** Withdrawn prefixes of MP_UNREACH_NLRI (RFC 4760 §4). */
  readonly mpUnreach?: Nlri
  readonly attributes: PathAttributes
}

/**
 * What to do with a received UPDATE. In `treat-as-withdraw` the announced prefixes lie among the withdrawn ones and the
 * attributes are gone, so that it is handled as any other UPDATE. `faults` may be there with any action.
 */
export type DecodedUpdate =
  | {
      readonly action: 'accept' | 'attribute-discard'
      readonly update: UpdateMessage
      readonly faults: readonly Fault[]
    }
  | {
      readonly action: 'treat-as-withdraw'
      /** Prefixes to withdraw, in all fields together. */
      readonly withdrawn: readonly Nlri[]
      readonly faults: readonly Fault[]
    }
  | { readonly action: 'afi-safi-disable'; readonly family: Family; readonly faults: readonly Fault[] }
  | { readonly action: 'session-reset'; readonly fault: Fault; readonly faults: readonly Fault[] }

interface Draft {
  withdrawn: Nlri
  nlri: Nlri
  mpReach?: MpReach
  mpUnreach?: Nlri
  /** Family of a malformed multiprotocol attribute. */
  broken?: Family
  readonly faults: Fault[]
}

/** The UPDATE for "no routes", to be filled by spreading. */
export const emptyUpdate: UpdateMessage = { kind: 'UPDATE', withdrawn: noNlri[4], nlri: noNlri[4], attributes: {} }

/**
 * Decodes a whole UPDATE, header included, whose length was checked. Never throws.
 * @param interner  when given, equal attribute bytes give the identical `attributes`
 */
export function decodeUpdate(message: Uint8Array, options: WireOptions, interner?: AttributeInterner): DecodedUpdate {
  const draft: Draft = { withdrawn: noNlri[4], nlri: noNlri[4], faults: [] }
  const body = 19
  const attributesAt = body + 2 + u16(message, body)
  if (attributesAt + 2 > message.length) return reset(draft, 1, 'the withdrawn routes reach beyond the message')
  const nlriAt = attributesAt + 2 + u16(message, attributesAt)
  if (nlriAt > message.length) return reset(draft, 1, 'the attributes reach beyond the message')

  const withdrawn = decodeNlri(message, body + 2, attributesAt, 4, options.addPath[4])
  const nlri = decodeNlri(message, nlriAt, message.length, 4, options.addPath[4])
  if (!withdrawn || !nlri) return reset(draft, UpdateSubcode.invalidNetworkField, 'a prefix is malformed')
  draft.withdrawn = withdrawn
  draft.nlri = nlri

  const rest = takeMultiprotocol(draft, message.subarray(attributesAt + 2, nlriAt), options)
  const set = interner ? interner.decode(rest, options) : decodeAttributes(rest, options)
  for (const fault of set.faults) addFault(draft.faults, fault)
  checkMandatory(draft, set.attributes)
  return conclude(draft, set.attributes)
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

function reset(draft: Draft, subcode: number, reason: string): DecodedUpdate {
  const fault = updateFault('session-reset', subcode, reason, new Uint8Array(0))
  return { action: 'session-reset', fault, faults: [...draft.faults, fault] }
}

/** PERF: an UPDATE of IPv4 mostly has neither, and is walked through without an object for each attribute. */
function hasMultiprotocol(bytes: Uint8Array): boolean {
  for (let at = 0; at + 2 < bytes.length; ) {
    const type = bytes[at + 1]
    if (type === AttributeType.MP_REACH_NLRI || type === AttributeType.MP_UNREACH_NLRI) return true
    const wide = ((bytes[at] as number) & AttributeFlag.extendedLength) !== 0
    at += wide ? 4 + u16(bytes, at + 2) : 3 + (bytes[at + 2] as number)
  }
  return false
}

/** Decodes the two multiprotocol attributes; returns the others, in place when they are contiguous. */
function takeMultiprotocol(draft: Draft, bytes: Uint8Array, options: WireOptions): Uint8Array {
  if (!hasMultiprotocol(bytes)) return bytes
  const kept: Uint8Array[] = []
  const seen = { [AttributeType.MP_REACH_NLRI]: false, [AttributeType.MP_UNREACH_NLRI]: false }
  let from = 0
  for (let at = 0; at < bytes.length; ) {
    const span = attributeAt(bytes, at, bytes.length)
    if (!span) break
    at = span.end
    const { type } = span
    if (type !== AttributeType.MP_REACH_NLRI && type !== AttributeType.MP_UNREACH_NLRI) continue
    if (span.start > from) kept.push(bytes.subarray(from, span.start))
    from = span.end
    if (seen[type])
      fault(draft, bytes, span, 'session-reset', 1, 'is there twice') // RFC 7606 §3 g
    else if (type === AttributeType.MP_REACH_NLRI) takeReach(draft, bytes, span, options)
    else takeUnreach(draft, bytes, span, options)
    seen[type] = true
  }
  if (from < bytes.length) kept.push(bytes.subarray(from))
  return kept.length === 1 ? (kept[0] ?? bytes) : concat(kept)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function fault(
  draft: Draft,
  bytes: Uint8Array,
  { type, start, end }: AttributeSpan,
  action: FaultAction,
  subcode: number,
  what: string,
): void {
  const name = type === AttributeType.MP_REACH_NLRI ? 'MP_REACH_NLRI' : 'MP_UNREACH_NLRI'
  addFault(draft.faults, updateFault(action, subcode, `${name} ${what}`, bytes.subarray(start, end), type))
}

/** The family of a multiprotocol attribute whose first three octets are there; a fault and undefined otherwise. */
function familyOf(draft: Draft, bytes: Uint8Array, span: AttributeSpan): Family | undefined {
  if (((span.flags ^ AttributeFlag.optional) & 0xc0) !== 0)
    fault(draft, bytes, span, 'treat-as-withdraw', UpdateSubcode.attributeFlags, 'has wrong flags')
  const least = span.type === AttributeType.MP_REACH_NLRI ? 5 : 3
  if (span.end - span.value < least) {
    fault(draft, bytes, span, 'session-reset', UpdateSubcode.optionalAttribute, 'is cut')
    return undefined
  }
  const afi = u16(bytes, span.value)
  const family =
    bytes[span.value + 2] !== Safi.unicast ? undefined : afi === Afi.IPv4 ? 4 : afi === Afi.IPv6 ? 6 : undefined
  if (family === undefined) fault(draft, bytes, span, 'attribute-discard', 9, 'is of a family that is not in use')
  return family
}

function breakFamily(
  draft: Draft,
  bytes: Uint8Array,
  span: AttributeSpan,
  family: Family,
  what: string,
  options: WireOptions,
): void {
  draft.broken ??= family
  fault(draft, bytes, span, options.onMalformedMultiprotocol, UpdateSubcode.optionalAttribute, what)
}

function takeReach(draft: Draft, bytes: Uint8Array, span: AttributeSpan, options: WireOptions): void {
  const family = familyOf(draft, bytes, span)
  if (family === undefined) return
  const size = bytes[span.value + 3] ?? 0
  const hopAt = span.value + 4
  const nlriAt = hopAt + size + 1
  const wide = family === 6 || options.extendedNextHop
  const fits = (size === 4 && family === 4) || ((size === 16 || size === 32) && wide)
  if (!fits || nlriAt > span.end) {
    breakFamily(draft, bytes, span, family, `has a next hop of ${size} octets`, options)
    return
  }
  const nlri = decodeNlri(bytes, nlriAt, span.end, family, options.addPath[family])
  if (!nlri) {
    breakFamily(draft, bytes, span, family, 'has a malformed prefix', options)
    return
  }
  const nextHop = readAddress(bytes, hopAt, size === 4 ? 4 : 6)
  draft.mpReach = size === 32 ? { nextHop, linkLocal: readAddress(bytes, hopAt + 16, 6), nlri } : { nextHop, nlri }
}

function takeUnreach(draft: Draft, bytes: Uint8Array, span: AttributeSpan, options: WireOptions): void {
  const family = familyOf(draft, bytes, span)
  if (family === undefined) return
  const nlri = decodeNlri(bytes, span.value + 3, span.end, family, options.addPath[family])
  if (nlri) draft.mpUnreach = nlri
  else breakFamily(draft, bytes, span, family, 'has a malformed prefix', options)
}

/** Announced prefixes need ORIGIN and AS_PATH, and those of the classic field NEXT_HOP: RFC 7606 §3 d. */
function checkMandatory(draft: Draft, attributes: PathAttributes): void {
  const classic = draft.nlri.count > 0
  if (!classic && (draft.mpReach?.nlri.count ?? 0) === 0) return
  const faulty = new Set(draft.faults.map((f) => f.attribute))
  const missing = (type: number): void => {
    if (faulty.has(type)) return
    const reason = `${attributeRowByType.get(type)?.name} is missing`
    addFault(draft.faults, updateFault('treat-as-withdraw', 3, reason, Uint8Array.of(type), type))
  }
  if (attributes.origin === undefined) missing(AttributeType.ORIGIN)
  if (attributes.asPath === undefined) missing(AttributeType.AS_PATH)
  if (classic && attributes.nextHop === undefined) missing(AttributeType.NEXT_HOP)
}

function conclude(draft: Draft, attributes: PathAttributes): DecodedUpdate {
  const { faults, withdrawn, nlri, mpReach, mpUnreach } = draft
  const worst = strongest(faults)
  if (worst?.action === 'session-reset') return { action: 'session-reset', fault: worst, faults }
  if (worst?.action === 'afi-safi-disable' && draft.broken !== undefined)
    return { action: 'afi-safi-disable', family: draft.broken, faults }
  if (worst?.action === 'treat-as-withdraw') {
    // RFC 7606 §5.2: without announced prefixes nothing says that the right ones would be withdrawn.
    if (nlri.count === 0 && !mpReach?.nlri.count) {
      const fault: Fault = { ...worst, action: 'session-reset' }
      return { action: 'session-reset', fault, faults }
    }
    const all = [withdrawn, nlri, mpReach?.nlri, mpUnreach]
    return {
      action: 'treat-as-withdraw',
      withdrawn: all.filter((some): some is Nlri => some !== undefined && some.count > 0),
      faults,
    }
  }
  const update: UpdateMessage = {
    kind: 'UPDATE',
    withdrawn,
    nlri,
    attributes,
    ...(mpReach && { mpReach }),
    ...(mpUnreach && { mpUnreach }),
  }
  return { action: worst ? 'attribute-discard' : 'accept', update, faults }
}

/** Writes what follows the header. @throws BgpError, IpError for values that do not fit */
export function encodeUpdate(writer: ByteWriter, update: UpdateMessage, options: WireOptions): void {
  const withdrawnAt = writer.length
  encodeNlri(writer.u16(0), update.withdrawn, options.addPath[4])
  writer.patchU16(withdrawnAt, writer.length - withdrawnAt - 2)
  const attributesAt = writer.length
  writer.u16(0)
  // First, so that they are found although another is malformed: RFC 7606 §5.1.
  if (update.mpReach) encodeReach(writer, update.mpReach, options)
  if (update.mpUnreach) encodeUnreach(writer, update.mpUnreach, options)
  encodeAttributes(writer, update.attributes, options)
  writer.patchU16(attributesAt, writer.length - attributesAt - 2)
  encodeNlri(writer, update.nlri, options.addPath[4])
}

const afiOf = (family: Family): number => (family === 4 ? Afi.IPv4 : Afi.IPv6)

function encodeReach(writer: ByteWriter, { nextHop, linkLocal, nlri }: MpReach, options: WireOptions): void {
  const start = writer.length
  const v6 = nextHop.includes(':')
  if (!v6 && nlri.family === 6) throw new BgpError('bgp/bad-value', { field: nextHop, why: 'IPv6 routes need IPv6' })
  beginAttribute(writer, AttributeFlag.optional, AttributeType.MP_REACH_NLRI)
  writer.u16(afiOf(nlri.family)).u8(Safi.unicast)
  writer.u8(v6 ? (linkLocal === undefined ? 16 : 32) : 4).address(nextHop)
  if (v6 && linkLocal !== undefined) writer.address(linkLocal)
  encodeNlri(writer.u8(0), nlri, options.addPath[nlri.family])
  endAttribute(writer, start)
}

function encodeUnreach(writer: ByteWriter, nlri: Nlri, options: WireOptions): void {
  const start = writer.length
  beginAttribute(writer, AttributeFlag.optional, AttributeType.MP_UNREACH_NLRI)
  encodeNlri(writer.u16(afiOf(nlri.family)).u8(Safi.unicast), nlri, options.addPath[nlri.family])
  endAttribute(writer, start)
}

/** The End-of-RIB marker of a family: RFC 4724 §2. */
export function endOfRib(family: Family): UpdateMessage {
  return family === 4 ? emptyUpdate : { ...emptyUpdate, mpUnreach: noNlri[6] }
}

/** The family whose End-of-RIB marker this is; undefined for any other UPDATE. */
export function endOfRibFamily({ withdrawn, nlri, mpReach, mpUnreach, attributes }: UpdateMessage): Family | undefined {
  if (withdrawn.count > 0 || nlri.count > 0 || mpReach || Object.keys(attributes).length > 0) return undefined
  if (!mpUnreach) return 4
  return mpUnreach.count === 0 ? mpUnreach.family : undefined
}
